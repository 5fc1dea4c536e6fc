package view_test

import (
	"testing"

	"automl/trial"
	"automl/trial/view"
)

// probe adds a complete probe with the values of its one epoch in two folds.
func (h *history) probe(a, b float64) {
	h.t.Helper()
	n := len(h.Trials)
	h.decide(trial.Decision{Trial: n, What: trial.Sampled, Origin: trial.FromProbe, Reason: "the probe"})
	h.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: h.Study.Shape.Full()})
	h.decide(trial.Decision{Trial: n, What: trial.Started, Attempt: 1, Runner: "box", Run: "r1"})
	for fold, v := range []float64{a, b} {
		h.apply(trial.Event{Report: &trial.Report{Trial: n, Attempt: 1, Fold: fold, Epoch: 1, Last: true, Metrics: trial.Metrics{acc(v)}}})
	}
	h.decide(trial.Decision{Trial: n, What: trial.Completed, Attempt: 1, Reason: "trained in full"})
}

func TestProbeOf(t *testing.T) {
	h := newHistory(t)
	if p := view.ProbeOf(h.State); p != nil {
		t.Errorf("the yardstick of nothing is %v", p)
	}
	h.probe(0.5, 0.5)
	if full := h.EpochsFull(); full != 2 {
		t.Errorf("the probe would take %d epochs", full)
	}
	want := func(text string) {
		t.Helper()
		if got := view.ProbeOf(h.State).String(); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
	want("0.5000 without fine-tuning (trial 0, the probe); no other trial is complete")
	h.complete(0.25, 0.625)
	want("tuning gained nothing over the probe (0.5000; the best other trial, 1, has 0.4375)")
	n := h.complete(0.75, 0.375)
	want("tuning gained 0.0625 over the probe (0.5000 -> 0.5625), in 1 of 2 folds")
	wantJSON(t, view.BestOf(h.State, 0).Probe,
		`{"trial":0,"value":0.5,"std":0,"folds":2,"tuned":{"trial":2,"value":0.5625,"gain":0.0625,"better":1}}`)

	// What a confirmation adds to one of them does not count: they are compared over the folds that both have.
	h.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 2, Phase: trial.Confirm, At: trial.Resource{Fold: 1, Epoch: 3},
		To: trial.Resource{Fold: 2, Epoch: 3}})
	h.decide(trial.Decision{Trial: n, What: trial.Started, Attempt: 2, Run: "r1"})
	for e := range 3 {
		h.report(n, 2, e+1, acc(0))
	}
	want("tuning gained 0.0625 over the probe (0.5000 -> 0.5625), in 1 of 2 folds")
	h.State.Study.Objective.Goal = trial.Minimize
	want("tuning gained 0.5000 over the probe (0.5000 -> 0.0000), in 2 of 2 folds")
}
