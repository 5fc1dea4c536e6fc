package daemon

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// sim plays a whole study against a core without bus, store and clock: trainers whose curves are a function of the
// parameters, on a number of slots, in an order drawn from a seed.
type sim struct {
	t      *testing.T
	c      *core
	record []trial.Event
	queue  []trial.Assignment // handed out
	run    []*simTrainer      // in training
	rng    *rand.Rand
	value  func(a trial.Assignment, fold, epoch int) float64
	exit   func(a trial.Assignment, step int) *trial.Exit // non-nil: the attempt breaks instead of training its next epoch
	pauses bool                                           // a person pauses the study now and then
	clock  time.Time
	tape   []input // all that happened to the core, to be played again
}

type simTrainer struct {
	a     trial.Assignment
	steps []trial.Resource
	n     int64
	exit  trial.Exit
}

// newSimTrainer is about to train all that an assignment is for.
func newSimTrainer(a trial.Assignment) *simTrainer {
	w := &simTrainer{a: a}
	for _, s := range a.Shape.Slices(a.From, a.To) {
		for e := s.From + 1; e <= s.To; e++ {
			w.steps = append(w.steps, trial.Resource{Fold: s.Fold, Epoch: e})
		}
	}
	return w
}

func testSpec() Spec {
	return Spec{
		Study: trial.Study{ID: "s1", Name: "study", Seed: 7, Shape: trial.Shape{Folds: 3, Epochs: 6},
			Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}},
		Space: search.Space{Parameters: []search.Parameter{
			{Name: "lr", Kind: search.Float, Low: 1e-5, High: 1, Log: true},
			{Name: "opt", Kind: search.Categorical, Choices: []any{"adamw", "sgd"}},
			{Name: "momentum", Kind: search.Float, Low: 0, High: 0.99, When: []search.Condition{{Parent: "opt", Values: []any{"sgd"}}}},
		}},
		Scheduler: schedulers.Config{Type: "hyperband", Grace: 2, Trials: 16},
		Folds:     trial.FoldPlan{K: 3, Split: trial.Stratified, Seed: 7},
		Refit:     true,
	}
}

func newSim(t *testing.T, spec Spec, seed uint64) *sim {
	c, err := newCore(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &sim{t: t, c: c, rng: rand.New(rand.NewPCG(seed, 0)), clock: time.Unix(1e9, 0).UTC(), value: curve}
}

// curve rises with the epochs towards a height that is best at lr 1e-2.
func curve(a trial.Assignment, fold, epoch int) float64 {
	d := math.Log10(a.Params.Float("lr", 1)) + 2
	return 0.9 - 0.05*d*d - 0.2*math.Exp(-float64(epoch)) + 0.01*float64(fold)
}

// drain takes what the core has decided, as the daemon does once it is persisted.
func (s *sim) drain() {
	s.t.Helper()
	if s.c.err != nil {
		s.t.Fatal(s.c.err)
	}
	r := s.c.take()
	s.record = append(s.record, r.events...)
	s.queue = append(s.queue, r.work...)
}

// do gives the core an input, and takes what it decides. f must give another core the same input when it is played again.
func (s *sim) do(f func(*core)) {
	s.t.Helper()
	s.tape = append(s.tape, input{s.clock, f, len(s.record)})
	s.c.now = s.clock
	f(s.c)
	s.drain()
}

// fill hands out work to the free slots and starts it.
func (s *sim) fill(slots int) {
	for s.c.out() < slots {
		ok := false
		s.do(func(c *core) {
			var a trial.Assignment
			if a, ok = c.next(); ok {
				c.ready.work = append(c.ready.work, a)
			}
		})
		if !ok {
			break
		}
	}
	for _, a := range s.queue {
		var g trial.Grant
		s.do(func(c *core) { g = c.announce(trial.Announce{Key: a.Key(), Runner: "r", Run: "run1"}, false) })
		if !g.Granted {
			s.t.Fatalf("the lease of %+v was refused: %s", a.Key(), g.Reason)
		}
		s.run = append(s.run, s.start(a))
	}
	s.queue = nil
}

func (s *sim) start(a trial.Assignment) *simTrainer {
	if a.Phase == trial.Refit {
		return &simTrainer{a: a, exit: trial.Exit{Artifact: "/models/best"}}
	}
	return newSimTrainer(a)
}

// step lets one trainer, drawn at random, do its next thing.
func (s *sim) step() {
	s.clock = s.clock.Add(time.Second)
	i := s.rng.IntN(len(s.run))
	w := s.run[i]
	w.n++
	if s.exit != nil && w.a.Phase != trial.Refit && w.exit.Failure == "" {
		if e := s.exit(w.a, int(w.n)); e != nil {
			w.exit, w.steps = *e, nil
		}
	}
	m := trial.Inbound{Key: w.a.Key(), Run: "run1", N: w.n}
	if len(w.steps) == 0 {
		m.Exit = &w.exit
		s.run = append(s.run[:i], s.run[i+1:]...)
	} else {
		at := w.steps[0]
		w.steps = w.steps[1:]
		v := s.value(w.a, at.Fold, at.Epoch)
		m.Report = &trial.Report{Fold: at.Fold, Epoch: at.Epoch, Metrics: trial.Metrics{{Name: "acc", Value: v}}, Cost: 1}
		for _, o := range s.c.spec.Study.Others {
			m.Report.Metrics = append(m.Report.Metrics, trial.Metric{Name: o.Metric, Value: w.a.Params.Float("layers", 1)})
		}
	}
	var out trial.Outbound
	s.do(func(c *core) { out = c.inbound(m) })
	if out.Verb != trial.Continue {
		w.steps = nil
	}
	if s.pauses && s.rng.IntN(25) == 0 && s.c.state.Status == trial.StudyRunning {
		s.do(func(c *core) { c.move(trial.StudyPaused, "paused by the user") })
	}
	if s.c.state.Status == trial.StudyPaused && len(s.run) == 0 {
		s.do(func(c *core) { c.move(c.state.Back, "resumed by the user") })
	}
}

// play runs the study to its end.
func (s *sim) play(slots int) *sim {
	s.t.Helper()
	for range 100_000 {
		s.fill(slots)
		if s.c.state.Status.Over() {
			return s
		}
		if len(s.run) > 0 {
			s.step()
		} else {
			s.clock = s.clock.Add(time.Second) // a trial waits for its next attempt
		}
	}
	s.t.Fatalf("the study does not end: %v", s.c.state.Counts())
	return nil
}

func (s *sim) decisions(what trial.What) []trial.Decision {
	var out []trial.Decision
	for _, e := range s.record {
		if e.Decision != nil && e.Decision.What == what {
			out = append(out, *e.Decision)
		}
	}
	return out
}

func (s *sim) transcript() string {
	out := ""
	for _, e := range s.record {
		if e.Report != nil {
			out += fmt.Sprintf("%d report %d %d/%d %v\n", e.Seq, e.Report.Trial, e.Report.Fold, e.Report.Epoch, e.Report.Metrics)
		} else {
			out += fmt.Sprintf("%d %s %d %s %s\n", e.Seq, e.Decision.What, e.Decision.Trial, e.Decision.Params, e.Decision.Reason)
		}
	}
	return out
}
