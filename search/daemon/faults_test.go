package daemon

import (
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

// A daemon whose record was taken over ends, also when it has nothing to write.
func TestTakenOverDaemonEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h := newHouse(t, store)
		defer h.stop()
		h.submit()
		store.mu.Lock()
		store.lost = trial.Wrap(trial.Conflict, trial.ErrTakenOver, "write the record")
		store.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		select {
		case err := <-h.ended:
			if !errors.Is(err, trial.ErrTakenOver) {
				t.Error(err)
			}
		default:
			t.Error("the daemon goes on")
		}
	})
}

// After the clock was set back by a day, a trial that failed just before does not wait for that day to come again.
func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h, key := newTraining(t, store)
		h.exit(key, "run1", 1, trial.Crash)
		h.stop()
		for i, e := range store.events["s1"] {
			store.events["s1"][i].Time = e.Time.Add(24 * time.Hour)
		}
		h = newHouse(t, store)
		defer h.stop()
		h.heartbeat("run2", time.Now(), 2)
		if again := firstTrial(h.bus.take()); again.Attempt != 2 {
			t.Errorf("handed out: %+v", again)
		}
	})
}

// firstTrial is the work of trial 0.
func firstTrial(work []trial.Assignment) trial.Assignment {
	for _, a := range work {
		if a.Trial == 0 {
			return a
		}
	}
	return trial.Assignment{}
}

// A trial that has only failed on one runner gets its last try on another, if there is one.
func TestLastTryIsElsewhere(t *testing.T) {
	for _, others := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t, newMemory())
			defer h.stop()
			h.submit()
			start := time.Now()
			h.beat("box", "run1", start, 1)
			for attempt := 1; attempt <= 2; attempt++ {
				w := firstTrial(h.bus.take())
				if w.Attempt != attempt || !h.ask(w.Key(), "box", "run1").Granted {
					t.Fatalf("attempt %d: %+v", attempt, w)
				}
				h.exit(w.Key(), "run1", 1, trial.Crash)
				time.Sleep(time.Duration(2*attempt) * time.Second)
				h.beat("box", "run1", start, attempt+1) // the free slot went to another trial
			}
			if others > 0 {
				h.beat("tower", "run2", start, others)
			}
			w := firstTrial(h.bus.take())
			g := h.ask(w.Key(), "box", "run1")
			if g.Granted != (others == 0) || g.Elsewhere != (others > 0) {
				t.Errorf("%d other runners: %+v", others, g)
			}
			if others > 0 && !h.ask(w.Key(), "tower", "run2").Granted {
				t.Error("the other runner was refused")
			}
		})
	}
}

// A report that could not be committed is not overtaken by the exit behind it, whatever numbers somebody else's messages of the attempt
// have.
func TestNoGapAfterAFailedCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h, key := newTraining(t, store)
		defer h.stop()
		h.report(key, "run1", 1, 1, .5)
		h.exit(key, "evil", 1<<40, "")
		store.mu.Lock()
		store.broken = 1
		store.mu.Unlock()
		h.report(key, "run1", 2, 2, .6)
		time.Sleep(2 * time.Second) // the study is read again
		h.exit(key, "run1", 3, "")
		if tr := h.trial(0); h.acks != 2 || h.bus.last().N != 1<<40 || tr.Status != trial.Running {
			t.Errorf("%s; %d messages are acknowledged, the last answer is %+v", tr.Status, h.acks, h.bus.last())
		}
		h.report(key, "run1", 2, 2, .6)
		h.exit(key, "run1", 3, "")
		if tr := h.trial(0); h.acks != 4 || h.bus.last().N != 3 || !tr.Reported("acc", 0, 2) || tr.Status != trial.PausedState {
			t.Errorf("%s; %d messages are acknowledged, the last answer is %+v", tr.Status, h.acks, h.bus.last())
		}
	})
}

// A daemon that has just started takes no report before the one that a damaged bus has lost; where the runner has receipts of all before, or
// an old message came again, nothing is missing.
func TestNoGapAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h, key := newTraining(t, store)
		h.report(key, "run1", 1, 1, .5)
		for range 2 {
			h.stop()
			h = newHouse(t, store)
		}
		defer h.stop()
		say := func(n, since int64, epoch int) {
			h.bus.inbox <- trial.Mail{Ack: func() { h.acks++ }, Inbound: &trial.Inbound{Key: key, Run: "run1", N: n, Since: since,
				Report: &trial.Report{Epoch: epoch, Metrics: trial.Metrics{{Name: "acc", Value: .6}}}}}
			synctest.Wait()
		}
		if say(3, 2, 2); h.trial(0).Reported("acc", 0, 2) || h.acks != 1 || len(h.bus.sent) != 0 {
			t.Errorf("message 3 was taken before message 2; %d messages are acknowledged to the bus, the answers are %v", h.acks, h.bus.sent)
		}
		say(1, 1, 1)
		say(3, 3, 2)
		if !h.trial(0).Reported("acc", 0, 2) || h.acks != 3 || h.bus.last().N != 3 {
			t.Errorf("message 3 was not taken after 2 was receipted; %d messages are acknowledged, the last answer is %+v", h.acks, h.bus.last())
		}
	})
}

// A runner that dies between its first announcement to a daemon and its next heartbeat loses its lease like any other.
func TestLeaseWithoutHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		h.heartbeat("run1", time.Now(), 1)
		key := h.bus.take()[0].Key()
		if !h.ask(key, "tower", "run2").Granted {
			t.Fatal("the lease is not granted")
		}
		for range 10 {
			time.Sleep(10 * time.Second)
			h.heartbeat("run1", time.Now(), 1)
		}
		if tr := h.trial(key.Trial); tr.Failures != 1 {
			t.Errorf("after 100 s %d attempts have failed", tr.Failures)
		}
	})
}

// A runner that names checkpoints is told of those of trials that are over, and of no others: it was away when they ended, or another
// runner had ended them.
func TestNeedlessCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h := newHouse(t, store)
		defer func() { h.stop() }()
		h.submit()
		h.heartbeat("run1", time.Now(), 2)
		work := h.bus.take()
		over, open := work[0].Key(), work[1].Key()
		h.announce(over, "run1")
		h.announce(open, "run1")
		h.report(over, "run1", 1, 1, math.NaN())
		told := func(run string, kept ...trial.Key) []trial.Key {
			h.bus.mu.Lock()
			h.bus.sent = nil
			h.bus.mu.Unlock()
			h.bus.inbox <- trial.Mail{Heartbeat: &trial.RunnerInfo{Name: run, Run: run, Started: time.Now(), Kept: kept}}
			synctest.Wait()
			var out []trial.Key
			for _, o := range h.bus.sent {
				if o.Verb == trial.Stop && o.N == 0 {
					out = append(out, o.Key)
				}
			}
			return out
		}
		over.Attempt, open.Attempt = 0, 0
		elsewhere := trial.Key{Study: "another", Trial: over.Trial}
		if got := told("run2", over, open, elsewhere); !slices.Equal(got, []trial.Key{over}) {
			t.Errorf("while the study is under way: %v", got)
		}
		if err := h.d.Stop(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		h.exit(work[1].Key(), "run1", 1, trial.Aborted)
		if got := told("run2", over, open, elsewhere); len(got) != 2 {
			t.Errorf("after its end: %v", got)
		}
		h.stop()
		h = newHouse(t, store)
		if got := told("run2", over, open, elsewhere); len(got) != 2 {
			t.Errorf("after a restart: %v", got)
		}
	})
}
