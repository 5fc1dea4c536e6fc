package daemon

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/search"
	"automl/trial"
)

// program is a number of programs that ask and tell, played in an order drawn from a seed. What they do depends on the answers
// alone, so that it can be played again on another engine.
type program struct {
	t      *testing.T
	e      *Engine
	rng    *rand.PCG
	jobs   []*simTrainer
	now    time.Time
	record [][]trial.Event // what each call decided: one transaction each
	before []*program      // as they stood before each call
}

func newProgram(t *testing.T, spec Spec, seed uint64) *program {
	t.Helper()
	e, err := NewEngine(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &program{t: t, e: e, rng: rand.NewPCG(seed, 1), now: time.Unix(1e9, 0).UTC(), record: [][]trial.Event{}}
}

// clone is the programs as they stand, with the same engine and nothing on record.
func (p *program) clone() *program {
	rng := *p.rng
	c := &program{t: p.t, e: p.e, rng: &rng, now: p.now}
	for _, w := range p.jobs {
		job := *w
		c.jobs = append(c.jobs, &job)
	}
	return c
}

// step is one call: somebody asks, or tells one epoch. False once the study is over.
func (p *program) step(workers int) bool {
	p.t.Helper()
	p.now = p.now.Add(time.Second)
	if i := rand.New(p.rng).IntN(workers); i < len(p.jobs) {
		p.tell(i)
	} else {
		a, reply := p.e.Ask(p.now)
		switch reply {
		case trial.ReplyOver:
			p.take()
			return false
		case trial.ReplyWork:
			p.jobs = append(p.jobs, newSimTrainer(a))
		}
	}
	p.take()
	return true
}

func (p *program) tell(i int) {
	w := p.jobs[i]
	at := w.steps[0]
	w.steps = w.steps[1:]
	r := trial.Report{Fold: at.Fold, Epoch: at.Epoch, Metrics: trial.Metrics{{Name: "acc", Value: curve(w.a, at.Fold, at.Epoch)}}}
	var failure *trial.Exit
	if w.a.Trial%7 == 3 && at.Epoch == 2 {
		failure = &trial.Exit{Failure: trial.NaN, Message: "diverged"}
	}
	verb, _ := p.e.Tell(p.now, w.a.Key(), []trial.Report{r}, failure)
	if verb != trial.Continue || len(w.steps) == 0 {
		p.jobs = append(p.jobs[:i], p.jobs[i+1:]...)
	}
}

func (p *program) take() {
	p.t.Helper()
	events, err := p.e.Take()
	if err != nil {
		p.t.Fatal(err)
	}
	p.record = append(p.record, events)
}

func externalSpec(sampler string) Spec {
	spec := testSpec()
	spec.External, spec.Refit = true, false
	spec.Sampler = search.Config{Type: sampler, Startup: 4}
	spec.Scheduler.Type, spec.Scheduler.Trials = "asha", 24
	return spec
}

// Whether there was time to make proposals ahead, and when, changes nothing.
func TestProposalsMadeAheadAreThoseMadeWhenAsked(t *testing.T) {
	for _, sampler := range search.Types() {
		t.Run(sampler, func(t *testing.T) {
			plain, ahead := newProgram(t, externalSpec(sampler), 3), newProgram(t, externalSpec(sampler), 3)
			count := &counting{Sampler: ahead.e.c.sampler}
			ahead.e.c.sampler = count
			lulls := rand.New(rand.NewPCG(9, 9))
			saved := 0
			for plain.step(3) {
				if lulls.IntN(3) > 0 {
					ahead.e.Prepare()
				}
				before, trials := count.n, len(ahead.e.State().Trials)
				ahead.step(3)
				if len(ahead.e.State().Trials) > trials && count.n == before {
					saved++
				}
			}
			ahead.step(3)
			if d := cmp.Diff(plain.record, ahead.record); d != "" {
				t.Error(d)
			}
			if saved == 0 {
				t.Error("no proposal was made ahead")
			}
		})
	}
}

// A daemon killed between any two calls decides what it would have decided undisturbed.
func TestKilledBetweenAnyTwoCallsTheNextDecisionsAreTheSame(t *testing.T) {
	for _, sampler := range []string{search.TPEType, search.GPType} {
		t.Run(sampler, func(t *testing.T) {
			whole := newProgram(t, externalSpec(sampler), 5)
			for more := true; more; whole.e.Prepare() {
				whole.before = append(whole.before, whole.clone())
				more = whole.step(3)
			}
			for cut := range whole.record {
				p := whole.before[cut]
				p.restart(slices.Concat(whole.record[:cut]...))
				for i := cut; i < min(cut+6, len(whole.record)); i++ {
					if cut%2 == 0 {
						p.e.Prepare()
					}
					p.step(3)
					if d := cmp.Diff(whole.record[i], p.record[i-cut]); d != "" {
						t.Fatalf("killed after call %d, call %d: %s", cut, i, d)
					}
				}
			}
		})
	}
}

// restart is a new engine that knows of the programs from the record alone.
func (p *program) restart(record []trial.Event) {
	e, err := NewEngine(p.e.c.spec, record)
	if err != nil {
		p.t.Fatal(err)
	}
	p.e = e
}

// counting counts the proposals that are really made.
type counting struct {
	search.Sampler
	n int
}

func (c *counting) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	c.n++
	return c.Sampler.Sample(s, source)
}

func TestTheDaemonPreparesWhenItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.studies = append(store.studies, testSpec().Study)
		h := newHouseWith(t, store, externalSpec(search.TPEType))
		defer h.stop()
		var count *counting
		check := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			if count.n != want {
				t.Errorf("%s: %d proposals were made, not %d", when, count.n, want)
			}
		}
		_ = h.d.do(t.Context(), func() error {
			count = &counting{Sampler: h.d.cores[0].sampler}
			h.d.cores[0].sampler = count
			return nil
		})
		time.Sleep(time.Second)
		check(1, "before the first ask")
		a, _, err := h.d.Ask(t.Context(), "study", trial.Lease{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		check(1, "while the only program trains")
		for e := a.From.Epoch + 1; e <= a.To.Epoch; e++ {
			r := trial.Report{Epoch: e, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}
			if _, _, err := h.d.Tell(t.Context(), "study", a.Key(), []trial.Report{r}, nil); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		check(2, "after its job")
		if b, _, _ := h.d.Ask(t.Context(), "study", trial.Lease{}); b.Trial != 1 {
			t.Errorf("trial %d is handed out", b.Trial)
		}
		check(2, "at the next ask")
	})
}

// A program that went away is not prepared for forever.
func TestWhoWentAwayIsNotPreparedFor(t *testing.T) {
	spec := externalSpec(search.TPEType)
	spec.Scheduler.Type, spec.Study.Shape = "fifo", trial.Shape{Folds: 1, Epochs: 60}
	p := newProgram(t, spec, 1)
	stays, _ := p.e.Ask(p.now)
	goes, _ := p.e.Ask(p.now)
	count := &counting{Sampler: p.e.c.sampler}
	p.e.c.sampler = count
	p.e.Tell(p.now, goes.Key(), nil, &trial.Exit{Failure: trial.NaN})
	for e := range 30 {
		p.e.Prepare()
		r := trial.Report{Epoch: e + 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}
		p.e.Tell(p.now, stays.Key(), []trial.Report{r}, nil)
	}
	if count.n != patience+1 {
		t.Errorf("%d proposals were made", count.n)
	}
}
