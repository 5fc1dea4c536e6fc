package daemon

import (
	"testing"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// TestFailuresAreAvoided plays studies whose values grow towards a half of the space in which every trial fails: nothing but the
// failures keeps a sampler out of it. Whatever their kind, and however often the trial was retried, they reach the models of gp
// and tpe, which learn to stay out but for a margin at the border, and find the best values there.
func TestFailuresAreAvoided(t *testing.T) {
	const seeds = 5
	for _, kind := range []trial.Failure{trial.OOM, trial.NaN, trial.Crash, trial.Timeout} {
		for _, sampler := range []string{search.GPType, search.TPEType} {
			t.Run(string(kind)+"/"+sampler, func(t *testing.T) {
				t.Parallel()
				far, best := 0, 0.0 // of the last 20 trials, the values
				for seed := range uint64(seeds) {
					top := 0.0
					for _, q := range failing(t, kind, sampler, seed).State().Trials {
						x, failed := q.Params.Float("x", 0), q.Status == trial.Fail
						if failed != (x > 0.5) || failed && q.Failure != kind {
							t.Fatalf("trial %d at %v is %s of %q", q.Number, x, q.Status, q.Failure)
						}
						if q.Number >= 40 && x > 0.6 {
							far++
						}
						if !failed {
							top = max(top, x)
						}
					}
					best += top / seeds
				}
				t.Logf("of the last 20 trials %.1f failed far from the border, the best is at %.3f of 0.5", float64(far)/seeds, best)
				if far > 7*seeds || best < 0.45 {
					t.Errorf("of the last 20 trials %.1f failed far from the border, the best is at %.3f of 0.5", float64(far)/seeds, best)
				}
			})
		}
	}
}

// failing is a study of 60 trials whose value is x, and which fail where x is above a half.
func failing(t *testing.T, kind trial.Failure, sampler string, seed uint64) *Engine {
	spec := Spec{
		Study: trial.Study{ID: "s1", Name: "study", Seed: seed, Shape: trial.Shape{Folds: 1, Epochs: 1},
			Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}},
		Space: search.Space{Parameters: []search.Parameter{
			{Name: "x", Kind: search.Float, High: 1}, {Name: "y", Kind: search.Float, High: 1},
		}},
		Sampler: search.Config{Type: sampler}, Scheduler: schedulers.Config{Type: "fifo", Grace: 1, Trials: 60},
		Folds: trial.FoldPlan{K: 1, Split: trial.Plain}, External: true,
	}
	e, err := NewEngine(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0).UTC()
	for range 1000 {
		now = now.Add(time.Hour) // beyond every pause before another attempt
		a, reply := e.Ask(now)
		switch x := a.Params.Float("x", 0); {
		case reply == trial.ReplyOver:
			return e
		case reply != trial.ReplyWork:
		case x > 0.5:
			e.Tell(now, a.Key(), nil, &trial.Exit{Failure: kind, Message: "too large"})
		default:
			e.Tell(now, a.Key(), []trial.Report{{Fold: 0, Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: x - 0.05*a.Params.Float("y", 0)}}}}, nil)
		}
		if _, err := e.Take(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the study does not end")
	return nil
}
