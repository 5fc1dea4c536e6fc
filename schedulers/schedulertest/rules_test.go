package schedulertest

import (
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// unfair is a search in which a trial is pruned at a rung, and a worse one promoted from there.
func unfair(t *testing.T, better, worse float64) *simulate.Game {
	t.Helper()
	g := &simulate.Game{State: trial.NewState(trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 3}, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}})}
	rung := trial.Resource{Epoch: 1}
	apply := func(e trial.Event) {
		e.Seq = g.State.Seq + 1
		if err := g.State.Apply(e); err != nil {
			t.Fatal(err)
		}
		g.Events = append(g.Events, e)
	}
	for n, v := range []float64{better, worse} {
		for _, e := range []trial.Event{
			{Decision: &trial.Decision{Trial: n, What: trial.Sampled, Bracket: 1, Reason: "new"}},
			{Decision: &trial.Decision{Trial: n, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: rung}},
			{Decision: &trial.Decision{Trial: n, What: trial.Started, Attempt: 1, Runner: "r", Run: "r1"}},
			{Report: &trial.Report{Trial: n, Attempt: 1, Epoch: 1, Metrics: trial.Metrics{{Name: "loss", Value: v}}}},
			{Decision: &trial.Decision{Trial: n, What: trial.Paused, Attempt: 1, At: rung, Reason: "waits"}},
		} {
			apply(e)
		}
	}
	for _, d := range []trial.Decision{{Trial: 0, What: trial.Pruned, At: rung}, {Trial: 1, What: trial.Promoted, At: rung}} {
		apply(trial.Event{Decision: &d})
	}
	return g
}

// The rules themselves can fail.
func TestRulesNotice(t *testing.T) {
	if err := neverSorry(unfair(t, 0.1, 0.5)); err == nil {
		t.Error("a trial was promoted after a better one had been pruned, and nobody minds")
	}
	if err := neverSorry(unfair(t, 0.5, 0.1)); err != nil {
		t.Error(err)
	}
	if err := reasons(unfair(t, 0.5, 0.1)); err == nil {
		t.Error("a trial was pruned without a reason, and nobody minds")
	}
	g := &simulate.Game{Verdicts: map[int64]schedulers.Verdict{3: {Verb: trial.Pause}}}
	if err := answered(g); err == nil {
		t.Error("a verdict has no reason, and nobody minds")
	}
	g = &simulate.Game{Asked: map[int64]schedulers.Action{3: schedulers.Start{}}}
	if err := answered(g); err == nil {
		t.Error("a start has no reason, and nobody minds")
	}
}
