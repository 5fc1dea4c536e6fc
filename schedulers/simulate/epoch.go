package simulate

import (
	"automl/trial"
)

// step lets the earliest busy worker do its next epoch; ties go to the lower trial number.
func (g *Game) step() error {
	first := 0
	for i, s := range g.slots {
		if s.due < g.slots[first].due || s.due == g.slots[first].due && s.number < g.slots[first].number {
			first = i
		}
	}
	s := &g.slots[first]
	g.Clock = s.due
	t := g.State.Trial(s.number)
	if !s.at.Less(t.Open.To) { // a lost attempt had already trained all there was to train
		return g.atRung(first)
	}
	if s.at.Epoch == g.State.Study.Shape.Epochs {
		s.at = trial.Resource{Fold: s.at.Fold + 1}
	}
	s.at.Epoch++
	if g.world.Fail != nil {
		if f := g.world.Fail(t.Number, t.Attempts, s.at.Fold, s.at.Epoch); f != "" {
			return g.broken(first, f)
		}
	}
	return g.report(first)
}

// report records what an epoch measured, and what the scheduler says to it.
func (g *Game) report(i int) error {
	s := &g.slots[i]
	t := g.State.Trial(s.number)
	r := trial.Report{Trial: t.Number, Attempt: t.Attempts, Fold: s.at.Fold, Epoch: s.at.Epoch, Cost: g.seconds(t.Number)}
	r.Metrics = trial.Metrics{{Name: g.State.Study.Objective.Metric, Value: g.world.Value(t.Number, s.at.Fold, s.at.Epoch)}}
	for i, o := range g.State.Study.Others {
		r.Metrics = append(r.Metrics, trial.Metric{Name: o.Metric, Value: g.world.Other(i, t.Number, s.at.Fold, s.at.Epoch)})
	}
	r.Last = g.world.Last != nil && g.world.Last(t.Number, s.at.Fold, s.at.Epoch)
	if err := g.push(trial.Event{Report: &r}); err != nil {
		return err
	}
	if r.Last {
		s.at.Epoch = g.State.Study.Shape.Epochs
	}
	s.due = g.Clock + g.seconds(t.Number)
	if g.world.Cut != nil && g.world.Cut(t.Number, r.Fold, r.Epoch) {
		return g.cut(i)
	}
	v := g.Scheduler.Verdict(t.Number)
	g.Verdicts[g.State.Seq] = v
	if a := v.Audit; a.Reason != "" {
		if err := g.decide(trial.Decision{Trial: t.Number, What: trial.Audited, Attempt: t.Attempts, At: a.At, Value: number(a.Value),
			Threshold: number(a.Threshold), Reason: a.Reason}); err != nil {
			return err
		}
	}
	if v.Verb == trial.Continue {
		return nil
	}
	return g.atRung(i)
}

// atRung ends an attempt that has done its work as the daemon does: complete, paused or pruned.
func (g *Game) atRung(i int) error {
	t := g.State.Trial(g.slots[i].number)
	v := g.Scheduler.Verdict(t.Number)
	d := trial.Decision{Trial: t.Number, What: trial.Paused, Attempt: t.Attempts, At: v.At, Value: number(v.Value),
		Threshold: number(v.Threshold), Reason: v.Reason}
	switch {
	case !t.Done.Less(g.State.Study.Shape.Full()):
		d.What = trial.Completed
	case v.Verb == trial.Stop:
		d.What = trial.Pruned
	}
	g.release(i)
	return g.decide(d)
}

// broken ends an attempt that failed: the trial is tried again, or given up.
func (g *Game) broken(i int, f trial.Failure) error {
	t := g.State.Trial(g.slots[i].number)
	g.release(i)
	d := trial.Decision{Trial: t.Number, What: trial.Retried, Attempt: t.Attempts, Failure: f, At: t.Done, Reason: "broke: " + string(f)}
	if !f.Retryable() || t.Failures+1 >= trial.MaxFailures {
		d.What = trial.Failed
	} else {
		g.again = append(g.again, t.Number)
	}
	return g.decide(d)
}

// CutReason is the reason of a decision that somebody else made.
const CutReason = "pruned by somebody else"

// cut ends a trial as a fold race, a user or the end of the time budget does.
func (g *Game) cut(i int) error {
	t := g.State.Trial(g.slots[i].number)
	g.release(i)
	return g.decide(trial.Decision{Trial: t.Number, What: trial.Pruned, Attempt: t.Attempts, At: t.Done, Reason: CutReason})
}

func (g *Game) release(i int) { g.slots = append(g.slots[:i], g.slots[i+1:]...) }
