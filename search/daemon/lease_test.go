package daemon

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"automl/schedulers"
	"automl/trial"
)

// office is a core with a clock of its own, a record, and a program that asks and tells.
type office struct {
	t      *testing.T
	c      *core
	record []trial.Event
}

// fewSpec is a study of one trial of four epochs, which an external program trains.
func fewSpec() Spec {
	spec := testSpec()
	spec.External, spec.Refit = true, false
	spec.Study.Shape = trial.Shape{Folds: 1, Epochs: 4}
	spec.Folds = trial.FoldPlan{K: 1, Split: trial.Plain}
	spec.Scheduler = schedulers.Config{Type: "fifo", Grace: 1, Trials: 1}
	return spec
}

func newOffice(t *testing.T, spec Spec) *office {
	t.Helper()
	return newOfficeOf(t, spec, nil, time.Unix(1e9, 0).UTC())
}

func newOfficeOf(t *testing.T, spec Spec, record []trial.Event, now time.Time) *office {
	t.Helper()
	o := &office{t: t, record: record}
	o.open(spec, now)
	return o
}

// open makes a core of the record, as a daemon does that starts now.
func (o *office) open(spec Spec, now time.Time) {
	o.t.Helper()
	c, err := newCore(spec, o.record)
	if err != nil {
		o.t.Fatal(err)
	}
	c.now = now
	c.arrive(now)
	o.c = c
}

// later moves the clock and ends the leases that have to end.
func (o *office) later(d time.Duration) {
	o.t.Helper()
	o.c.now = o.c.now.Add(d)
	o.c.lapse()
	o.take()
}

func (o *office) take() {
	o.t.Helper()
	if o.c.err != nil {
		o.t.Fatal(o.c.err)
	}
	o.record = append(o.record, o.c.take().events...)
}

// ask asks until there is work, past every pause before another attempt.
func (o *office) ask(l trial.Lease) trial.Assignment {
	o.t.Helper()
	for range 2 {
		a, reply, err := o.c.ask(l)
		o.take()
		if err != nil {
			o.t.Fatal(err)
		}
		if reply == trial.ReplyWork {
			return a
		}
		o.later(longest)
	}
	o.t.Fatal("there is no work")
	return trial.Assignment{}
}

func (o *office) tell(key trial.Key, epoch int) (trial.Verb, string) {
	o.t.Helper()
	defer o.take()
	return o.c.tell(key, []trial.Report{{Epoch: epoch, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}}, nil)
}

// A lease is renewed by each tell and each renew. When it ends, the rest of the trial is handed out again after a pause, and who had it is
// told so.
func TestLeaseEndsAndTheRestIsHandedOutAgain(t *testing.T) {
	o := newOffice(t, fewSpec())
	first := o.ask(trial.Lease{Length: time.Minute})
	if first.Trainer.Lease != 60 {
		t.Errorf("it is told of a lease of %v seconds", first.Trainer.Lease)
	}
	o.later(time.Minute)
	o.tell(first.Key(), 1)
	o.later(time.Minute)
	o.tell(first.Key(), 1) // the same again is a sign of life too
	o.later(time.Minute)
	if verb, _ := o.c.renew(first.Key()); verb != trial.Continue {
		t.Errorf("renewed: %s", verb)
	}
	o.later(time.Minute)
	if err := o.c.fenced(first.Key()); err != nil || o.c.out() != 1 {
		t.Fatalf("after exactly its length: %v, %d jobs are out", err, o.c.out())
	}
	o.later(1)
	if _, reply, _ := o.c.ask(trial.Lease{}); reply != trial.ReplyWait || o.c.out() != 0 {
		t.Errorf("at once: %v, %d jobs are out", reply, o.c.out())
	}
	o.later(time.Second)
	rest := o.ask(trial.Lease{})
	if rest.Trial != 0 || rest.Attempt != 2 || rest.From != (trial.Resource{Epoch: 1}) || rest.Trainer.Lease != trial.DefaultLease.Seconds() {
		t.Errorf("the rest is %+v", rest)
	}
	err := o.c.fenced(first.Key())
	if trial.CodeOf(err) != trial.Conflict || !strings.Contains(err.Error(), "1m0s") || o.c.fenced(rest.Key()) != nil {
		t.Errorf("the first: %v; the second: %v", err, o.c.fenced(rest.Key()))
	}
	if tr := o.c.state.Trial(0); tr.Failures != 1 {
		t.Errorf("%d failures", tr.Failures)
	}
	for epoch := 2; epoch <= 4; epoch++ {
		o.later(23 * time.Hour) // a day is the default
		o.tell(rest.Key(), epoch)
	}
	if tr := o.c.state.Trial(0); tr.Status != trial.Complete || len(o.c.leases) != 0 {
		t.Errorf("%s: %s; %d leases", tr.Status, tr.Reason, len(o.c.leases))
	}
}

// A trial whose programs die each time is given up like any other, and the study ends.
func TestLeaseOfAPoisonousTrial(t *testing.T) {
	o := newOffice(t, fewSpec())
	for range trial.MaxFailures {
		o.ask(trial.Lease{Length: time.Minute})
		o.later(time.Minute + 1)
	}
	if _, reply, _ := o.c.ask(trial.Lease{}); reply != trial.ReplyOver {
		t.Errorf("the study goes on: %v", reply)
	}
	if tr := o.c.state.Trial(0); tr.Status != trial.Fail || tr.Failure != trial.Lost || !strings.Contains(tr.Reason, "failed 3 times") {
		t.Errorf("%s: %s", tr.Status, tr.Reason)
	}
}

// One request is one job, however often it is asked, and whether or not the daemon was started again in between.
func TestRequestIsOneJob(t *testing.T) {
	spec := fewSpec()
	spec.Scheduler.Trials = 3
	o := newOffice(t, spec)
	first := o.ask(trial.Lease{Request: "a", Length: time.Minute})
	o.later(time.Minute)
	if again := o.ask(trial.Lease{Request: "a"}); again.Key() != first.Key() || again.Trainer.Lease != 60 || !again.Params.Equal(first.Params) {
		t.Errorf("asked twice: %+v, then %+v", first, again)
	}
	o.later(time.Minute) // asking was a sign of life
	if other := o.ask(trial.Lease{Request: "b"}); other.Trial != 1 {
		t.Errorf("another request: %+v", other)
	}
	o.open(spec, o.c.now)
	if again := o.ask(trial.Lease{Request: "a"}); again.Key() != first.Key() || again.To != first.To || o.c.state.Trial(0).Attempts != 1 {
		t.Errorf("after a restart: %+v", again)
	}
	o.later(time.Minute + 1)
	for _, restarted := range []bool{false, true} {
		if _, _, err := o.c.ask(trial.Lease{Request: "a"}); trial.CodeOf(err) != trial.Conflict || !strings.Contains(err.Error(), "attempt 1 of trial 0") {
			t.Errorf("restarted %v, asked for a job that is over: %v", restarted, err)
		}
		if trial.CodeOf(o.c.fenced(first.Key())) != trial.Conflict {
			t.Errorf("restarted %v: whoever had it is not refused", restarted)
		}
		o.open(spec, o.c.now)
	}
	o.later(longest)
	if next := o.ask(trial.Lease{Request: "c"}); next.Trial != 0 || next.Attempt != 2 {
		t.Errorf("the next request: %+v", next)
	}
}

// After a restart a lease goes on from what is on record, but nobody loses one to the time in which there was no daemon.
func TestLeaseAfterARestart(t *testing.T) {
	const hour = time.Hour
	for what, q := range map[string]struct {
		length      time.Duration // 0: as the study has it
		away, after time.Duration // how long there was no daemon, and how long there is one since
		lost        bool
	}{
		"short, just back":      {2 * time.Minute, 5 * hour, 2 * time.Minute, false},
		"short, and still away": {2 * time.Minute, 5 * hour, 2*time.Minute + 1, true},
		"long, just back":       {0, 30 * hour, hour, false},
		"long, and still away":  {0, 30 * hour, hour + 1, true},
		"an epoch of 20 hours":  {0, 15 * hour, 5 * hour, false},
		"a daily restart":       {0, 23 * hour, hour + 1, true},
		"the clock set back":    {0, -10 * hour, 24 * hour, false},
		"set back, and a day":   {0, -10 * hour, 24*hour + 1, true},
		"as the study has it":   {-1, 0, 3*hour + 1, true},
		"not yet":               {-1, 0, 3 * hour, false},
	} {
		spec := fewSpec()
		if q.length < 0 {
			q.length, spec.Trainer.Lease = 0, 3*3600
		}
		o := newOffice(t, spec)
		o.ask(trial.Lease{Length: q.length})
		o.open(spec, o.c.now.Add(q.away))
		o.later(q.after)
		if lost := o.c.state.Trial(0).Failures == 1; lost != q.lost {
			t.Errorf("%s: lost %v", what, lost)
		}
	}
}

// The slot of a trial that was ended from outside is free again too when its program is not heard of any more.
func TestLeaseOfATrialThatIsOver(t *testing.T) {
	spec := fewSpec()
	one := 1
	spec.Scheduler.Trials, spec.Claim.Workers, spec.End = 2, &one, time.Unix(1e9, 0).UTC().Add(time.Hour)
	o := newOffice(t, spec)
	silent := o.ask(trial.Lease{Length: time.Minute})
	o.c.end(o.c.state.Trial(0), "ended by hand")
	if _, reply, _ := o.c.ask(trial.Lease{}); reply != trial.ReplyWait {
		t.Errorf("there is one slot, and its program was not told yet: %v", reply)
	}
	o.later(time.Minute + 1)
	next := o.ask(trial.Lease{})
	if next.Trial != 1 || o.c.fenced(silent.Key()) != nil {
		t.Errorf("the next is %+v", next)
	}
	o.c.end(o.c.state.Trial(1), "ended by hand")
	if verb, reason := o.c.renew(next.Key()); verb != trial.Stop || reason != "ended by hand" || o.c.out() != 0 {
		t.Errorf("a program that renews: %s, %q, %d slots are held", verb, reason, o.c.out())
	}
}

// The daemon ends leases by its clock, and refuses who had them, before and after a restart.
func TestLeaseThroughTheDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h := newHouseWith(t, store, fewSpec())
		h.submit()
		a, reply, err := h.d.Ask(t.Context(), "study", trial.Lease{Request: "r", Length: time.Minute})
		if err != nil || reply != trial.ReplyWork {
			t.Fatal(reply, err)
		}
		for range 3 {
			time.Sleep(50 * time.Second)
			if verb, _, err := h.d.Renew(t.Context(), "study", a.Key()); err != nil || verb != trial.Continue {
				t.Fatal(verb, err)
			}
		}
		h.stop()
		h = newHouseWith(t, store, fewSpec())
		time.Sleep(50 * time.Second)
		if again, _, err := h.d.Ask(t.Context(), "study", trial.Lease{Request: "r"}); err != nil || again.Key() != a.Key() {
			t.Errorf("after the restart: %+v, %v", again, err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		refused := func() {
			t.Helper()
			_, _, err := h.d.Tell(t.Context(), "study", a.Key(), []trial.Report{{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}}, nil)
			_, _, other := h.d.Renew(t.Context(), "study", a.Key())
			if trial.CodeOf(err) != trial.Conflict || trial.CodeOf(other) != trial.Conflict || h.trial(0).Epochs != 0 {
				t.Errorf("told: %v; renewed: %v; %d epochs are on record", err, other, h.trial(0).Epochs)
			}
		}
		refused()
		h.stop()
		h = newHouseWith(t, store, fewSpec())
		defer h.stop()
		refused()
		b, reply, err := h.d.Ask(t.Context(), "study", trial.Lease{})
		if err != nil || reply != trial.ReplyWork || b.Attempt != 2 {
			t.Errorf("the next program gets %+v, %v, %v", b, reply, err)
		}
	})
}

// A program that hangs up before it is answered finds its job again by the name of its request.
func TestHangUpWithARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouseWith(t, newMemory(), fewSpec())
		defer h.stop()
		h.submit()
		ctx, hangUp := context.WithCancel(t.Context())
		h.store.during = hangUp
		if _, _, err := h.d.Ask(ctx, "study", trial.Lease{Request: "r"}); err != nil || ctx.Err() == nil {
			t.Fatal(err)
		}
		a, reply, err := h.d.Ask(t.Context(), "study", trial.Lease{Request: "r"})
		if err != nil || reply != trial.ReplyWork || a.Attempt != 1 {
			t.Errorf("asked again: %+v, %v, %v", a, reply, err)
		}
	})
}

// Whatever programs ask, tell and fail to tell: after each step, a daemon that starts knows the same requests, the same jobs that are out
// and the same lost ones from the record, and no lease is older there than it is.
func TestLeasesFollowFromTheRecord(t *testing.T) {
	spec := testSpec()
	spec.External, spec.Refit = true, false
	spec.Scheduler = schedulers.Config{Type: "fifo", Trials: 12, Race: schedulers.Race{On: true, Audit: .5}}
	audited, lost := 0, 0
	for seed := range uint64(3) {
		o, rng := newOffice(t, spec), rand.New(rand.NewPCG(seed, 0))
		var jobs []*simTrainer
		for step := 0; step < 600; step++ {
			o.c.now = o.c.now.Add(time.Duration(rng.IntN(20)) * time.Second)
			o.c.lapse()
			switch i := rng.IntN(4); {
			case i < len(jobs) && rng.IntN(10) > 0:
				if !o.work(jobs[i]) {
					jobs = slices.Delete(jobs, i, i+1)
				}
			case i < len(jobs):
				jobs = slices.Delete(jobs, i, i+1) // its program dies
			default:
				if a, reply, err := o.c.ask(trial.Lease{Request: fmt.Sprint(step), Length: time.Minute}); err != nil {
					t.Fatal(err)
				} else if reply == trial.ReplyWork {
					jobs = append(jobs, newSimTrainer(a))
				}
			}
			o.take()
			again := newOfficeOf(t, spec, o.record, o.c.now).c
			for key := range o.c.leases {
				if !o.c.state.Trial(key.Trial).Has(key.Attempt) {
					continue // it was ended from outside, and its program has not been told: only this daemon knows it
				}
				l, there := again.leases[key]
				if !there || l.length != o.c.leases[key].length || l.heard.After(o.c.leases[key].heard) {
					t.Fatalf("seed %d step %d: the lease of %+v is %+v, in the record %+v", seed, step, key, o.c.leases[key], l)
				}
			}
			if len(again.leases) > len(o.c.leases) || !maps.Equal(again.named, o.c.named) || !maps.Equal(again.lapsed, o.c.lapsed) {
				t.Fatalf("seed %d step %d: %d leases, %d requests, %d lost; in the record %d, %d and %d", seed, step,
					len(o.c.leases), len(o.c.named), len(o.c.lapsed), len(again.leases), len(again.named), len(again.lapsed))
			}
		}
		lost += len(o.c.lapsed)
		for _, tr := range o.c.state.Trials {
			if tr.Audit != nil {
				audited++
			}
		}
	}
	if audited == 0 || lost == 0 {
		t.Errorf("%d trials were audited, %d leases ended: it shows too little", audited, lost)
	}
}

// work tells the next epoch of a job, and reports whether there is more to do of it.
func (o *office) work(w *simTrainer) bool {
	at := w.steps[0]
	w.steps = w.steps[1:]
	if o.c.fenced(w.a.Key()) != nil {
		return false
	}
	r := trial.Report{Fold: at.Fold, Epoch: at.Epoch, Metrics: trial.Metrics{{Name: "acc", Value: curve(w.a, at.Fold, at.Epoch)}}}
	verb, _ := o.c.tell(w.a.Key(), []trial.Report{r}, nil)
	return verb == trial.Continue && len(w.steps) > 0
}
