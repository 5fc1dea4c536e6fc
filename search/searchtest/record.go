package searchtest

import (
	"fmt"

	"automl/trial"
)

// Record is a study under way, for tests: its methods append the events a daemon would. They panic when the trial state
// machine refuses one, which means that the test is wrong.
type Record struct {
	State *trial.State
	Cost  float64 // seconds that an epoch takes
}

// Metric is the metric that Record reports; it is minimized.
const Metric = "loss"

// NewRecord starts a study without trials.
func NewRecord(seed uint64, shape trial.Shape) *Record {
	return &Record{State: trial.NewState(trial.Study{ID: "test", Name: "test", Seed: seed, Shape: shape,
		Objective: trial.Objective{Metric: Metric, Goal: trial.Minimize}})}
}

// NewSeveral starts a study without trials that has n objectives, all minimized.
func NewSeveral(seed uint64, shape trial.Shape, n int) *Record {
	r := NewRecord(seed, shape)
	for i := range n - 1 {
		r.State.Study.Others = append(r.State.Study.Others, trial.Objective{Metric: fmt.Sprint(Metric, i+2), Goal: trial.Minimize})
	}
	return r
}

func (r *Record) apply(e trial.Event) {
	e.Seq = r.State.Seq + 1
	if err := r.State.Apply(e); err != nil {
		panic(fmt.Sprintf("searchtest: %v", err))
	}
}

func (r *Record) decide(d trial.Decision) { r.apply(trial.Event{Decision: &d}) }

// Add appends a waiting trial and returns its number.
func (r *Record) Add(p trial.Params) int {
	n := len(r.State.Trials)
	r.decide(trial.Decision{Trial: n, What: trial.Sampled, Params: p, Origin: trial.FromSampler})
	return n
}

// Start hands a trial to a runner.
func (r *Record) Start(n int) {
	t := r.State.Trial(n)
	if t.Status == trial.PausedState {
		r.decide(trial.Decision{Trial: n, What: trial.Promoted})
	}
	attempt := t.Attempts + 1
	r.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: attempt, Phase: trial.Search, At: t.Done})
	r.decide(trial.Decision{Trial: n, What: trial.Started, Attempt: attempt, Runner: "test", Run: "test"})
}

// Report adds the next values of a started trial, one for each objective.
func (r *Record) Report(n int, values ...float64) {
	var metrics trial.Metrics
	for i, o := range r.State.Study.Objectives() {
		metrics = append(metrics, trial.Metric{Name: o.Metric, Value: values[i]})
	}
	t := r.State.Trial(n)
	next := r.State.Study.Shape.At(r.State.Study.Shape.Units(t.Done) + 1)
	r.apply(trial.Event{Report: &trial.Report{Trial: n, Attempt: t.Attempts, Fold: next.Fold, Epoch: next.Epoch, Cost: r.Cost,
		Metrics: metrics}})
}

// End closes a started trial: Completed, Pruned, Paused or Failed.
func (r *Record) End(n int, what trial.What) {
	d := trial.Decision{Trial: n, What: what, Attempt: r.State.Trial(n).Attempts}
	if what == trial.Failed {
		d.Failure = trial.OOM
	}
	r.decide(d)
}

// Complete adds a trial that ran from start to end and reported the values throughout.
func (r *Record) Complete(p trial.Params, values ...float64) {
	n := r.Add(p)
	r.Start(n)
	for r.State.Trial(n).Done.Less(r.State.Study.Shape.Full()) {
		r.Report(n, values...)
	}
	r.End(n, trial.Completed)
}

// Confirm trains a complete trial on one more fold, beyond those of the search, and reports the value throughout.
func (r *Record) Confirm(n int, value float64) {
	t, shape := r.State.Trial(n), r.State.Study.Shape
	attempt := t.Attempts + 1
	r.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: attempt, Phase: trial.Confirm, At: t.Done})
	for range shape.Epochs {
		r.Report(n, value)
	}
	r.decide(trial.Decision{Trial: n, What: trial.Confirmed, Attempt: attempt})
}
