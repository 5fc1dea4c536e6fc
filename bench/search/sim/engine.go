package sim

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"automl/bench/search/suite"
	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// engine drives the project's samplers and schedulers as a study of the daemon does: every answer is an event of the record,
// applied to the state and then to the scheduler. It is free of leases, folds and retries, which a simulated worker does not need.
type engine struct {
	task    *suite.Task
	state   *trial.State
	sched   schedulers.Scheduler
	sampler search.Sampler
	seconds float64 // of training so far, which dates the events
	failed  error
}

// newEngine starts a study.
func newEngine(p Problem, sampler search.Config, scheduler schedulers.Config) (*engine, error) {
	t := p.Task
	study := trial.Study{ID: "bench", Name: t.Suite + "/" + t.Name, Seed: p.studySeed(), Objective: t.Objective,
		Shape: trial.Shape{Folds: 1, Epochs: t.Epochs}, Created: time.Unix(0, 0).UTC()}
	e := &engine{task: t, state: trial.NewState(study)}
	var err error
	if e.sampler, err = search.New(sampler, t.Space); err != nil {
		return nil, err
	}
	scheduler.Forecaster = search.ForecasterOf(e.sampler, t.Space)
	if e.sched, err = schedulers.New(scheduler, e.state); err != nil {
		return nil, err
	}
	return e, err
}

// studySeed is one of the task's own, so that no two tasks draw the same numbers, unless it is to be plain.
func (p Problem) studySeed() uint64 {
	if p.Plain {
		return uint64(p.Seed)
	}
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s/%s/%d", p.Task.Suite, p.Task.Name, p.Seed)
	return hash.Sum64()
}

func (e *engine) err() error { return e.failed }

// Ask does what the scheduler wants, up to the next piece of work.
func (e *engine) Ask() (Job, Answer) {
	for e.failed == nil {
		switch a := e.sched.Next().(type) {
		case schedulers.Start:
			if t := e.sample(a); t != nil {
				return e.assign(t, a.To), Work
			}
		case schedulers.Promote:
			t := e.state.Trial(a.Trial)
			e.decide(trial.Decision{Trial: a.Trial, What: trial.Promoted, At: a.From, To: a.To, Value: finite(a.Value),
				Threshold: finite(a.Threshold), Reason: a.Reason})
			return e.assign(t, a.To), Work
		case schedulers.Prune:
			e.decide(trial.Decision{Trial: a.Trial, What: trial.Pruned, At: a.At, Value: finite(a.Value),
				Threshold: finite(a.Threshold), Reason: a.Reason})
		case schedulers.Wait:
			return Job{}, Wait
		case schedulers.Finish:
			return Job{}, Over
		}
	}
	return Job{}, Over
}

// sample records the sampler's next trial. Nil when nothing is left to try: the study then drains.
func (e *engine) sample(a schedulers.Start) *trial.Trial {
	n := len(e.state.Trials)
	params, err := e.sampler.Sample(e.state, search.Source(e.state.Study.Seed, n))
	switch {
	case errors.Is(err, search.ErrExhausted):
		e.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: trial.StudyDraining, Reason: "nothing is left to try"})
		return nil
	case err != nil:
		e.failed = err
		return nil
	}
	e.decide(trial.Decision{Trial: n, What: trial.Sampled, Bracket: a.Bracket, Params: params, Origin: trial.FromSampler,
		Reason: a.Reason})
	return e.state.Trial(n)
}

// assign hands a trial to a worker, which starts at once.
func (e *engine) assign(t *trial.Trial, to trial.Resource) Job {
	job := Job{Trial: t.Number, Params: t.Params, From: t.Done.Epoch, To: to.Epoch}
	attempt := t.Attempts + 1
	e.decide(trial.Decision{Trial: t.Number, What: trial.Assigned, Attempt: attempt, Phase: trial.Search, At: t.Done, To: to,
		Bracket: t.Bracket})
	e.decide(trial.Decision{Trial: t.Number, What: trial.Started, Attempt: attempt, Runner: "worker", Run: "worker"})
	return job
}

// Tell records a report and, where it ends the attempt, what becomes of the trial.
func (e *engine) Tell(number, epoch int, value, seconds float64) trial.Verb {
	t := e.state.Trial(number)
	e.seconds += seconds
	e.push(trial.Event{Report: &trial.Report{Trial: number, Attempt: t.Attempts, Epoch: epoch, Cost: seconds,
		Metrics: trial.Metrics{{Name: e.task.Objective.Metric, Value: value}}}})
	d := trial.Decision{Trial: number, Attempt: t.Attempts, At: t.Done}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		d.What, d.Failure, d.Reason = trial.Failed, trial.NaN, fmt.Sprintf("%s is %v", e.task.Objective.Metric, value)
		e.decide(d)
		return trial.Stop
	}
	v := e.sched.Verdict(number)
	d.What, d.At, d.Value, d.Threshold, d.Reason = trial.Paused, v.At, finite(v.Value), finite(v.Threshold), v.Reason
	switch {
	case v.Verb == trial.Continue:
		return trial.Continue
	case epoch >= e.task.Epochs:
		d.What = trial.Completed
	case v.Verb == trial.Stop:
		d.What = trial.Pruned
	}
	e.decide(d)
	return v.Verb
}

func (e *engine) decide(d trial.Decision) { e.push(trial.Event{Decision: &d}) }

func (e *engine) push(v trial.Event) {
	if e.failed != nil {
		return
	}
	v.Seq = e.state.Seq + 1
	v.Time = e.state.Study.Created.Add(time.Duration(e.seconds * float64(time.Second)))
	if e.failed = e.state.Apply(v); e.failed == nil {
		e.sched.Apply(v)
	}
}

// finite is a value as a decision carries it: nothing where there is none.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
