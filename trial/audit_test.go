package trial_test

import (
	"math"
	"testing"

	"automl/trial"
)

// TestAudit: of five trials a rule would have stopped three at a bar of 0.5; one beats it, one does not, one has failed.
func TestAudit(t *testing.T) {
	for _, goal := range []trial.Goal{trial.Maximize, trial.Minimize} {
		s := trial.NewState(trial.Study{ID: "s", Name: "s", Objective: trial.Objective{Metric: "m", Goal: goal},
			Shape: trial.Shape{Folds: 2, Epochs: 1}})
		sign := 1.0
		if goal == trial.Minimize {
			sign = -1
		}
		push := func(e trial.Event) {
			e.Seq = s.Seq + 1
			if err := s.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
		decide := func(d trial.Decision) { push(trial.Event{Decision: &d}) }
		bar := 0.5 * sign
		for n, v := range []float64{0.6, 0.4, 0.9, 0.9, 0.1} {
			decide(trial.Decision{Trial: n, What: trial.Sampled})
			decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: s.Study.Shape.Full()})
			for fold := range 2 {
				push(trial.Event{Report: &trial.Report{Trial: n, Attempt: 1, Fold: fold, Epoch: 1,
					Metrics: trial.Metrics{{Name: "m", Value: v * sign}}}})
				if fold == 0 && n < 3 {
					decide(trial.Decision{Trial: n, What: trial.Audited, Attempt: 1, Threshold: &bar})
				}
			}
			what := trial.Completed
			if n == 2 {
				what = trial.Failed
			}
			decide(trial.Decision{Trial: n, What: what, Attempt: 1})
		}
		if got, want := s.Audit(), (trial.Audit{Audited: 3, Judged: 2, Wrong: 1}); got != want {
			t.Errorf("%s: %+v, want %+v", goal, got, want)
		}
	}
}

// TestWilson compares with the values of Brown, Cai and DasGupta 2001 for 0 and 5 of 10.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		count, n        int
		rate, low, high float64
	}{{0, 0, 0, 0, 1}, {0, 10, 0, 0, 0.2775}, {5, 10, 0.5, 0.2366, 0.7634}, {10, 10, 1, 0.7225, 1}} {
		rate, low, high := trial.Wilson(c.count, c.n)
		if rate != c.rate || math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%d of %d: %.4f from %.4f to %.4f", c.count, c.n, rate, low, high)
		}
	}
}
