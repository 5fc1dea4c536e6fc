package search_test

import (
	"math"
	"reflect"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// weighty is a fine-tuning whose loss depends much on the learning rate, less on the freeze schedule and not at all on the rest.
func weighty(p trial.Params) float64 {
	distance := math.Log10(p.Float("lr", 0)) + 4
	loss := 0.2 * distance * distance
	if p.Text("freeze.strategy", "") == string(trial.HeadOnly) {
		loss += 0.1
	}
	return loss
}

func weightySpace(t *testing.T) search.Space {
	t.Helper()
	freeze, err := search.ExpandFreeze("freeze", search.FreezeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return search.Space{Parameters: append(freeze,
		search.Parameter{Name: "warmup", Kind: search.Float, Low: 0, High: 0.3},
		search.Parameter{Name: "batch_size", Kind: search.Ordinal, Choices: []any{int64(8), int64(16), int64(32)}},
		search.Parameter{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-2, Log: true},
		search.Parameter{Name: "seed_words", Kind: search.Constant, Choices: []any{int64(3)}})}
}

// TestImportanceOf: what matters comes first, whoever proposed the trials, and the freeze schedule is one parameter.
func TestImportanceOf(t *testing.T) {
	space := weightySpace(t)
	for _, kind := range []string{search.RandomType, search.GPType} {
		sampler, err := search.New(search.Config{Type: kind}, space)
		if err != nil {
			t.Fatal(err)
		}
		r := searchtest.NewRecord(3, trial.Shape{Folds: 1, Epochs: 1})
		for n := range 50 {
			p, err := sampler.Sample(r.State, search.Source(3, n))
			if err != nil {
				t.Fatal(err)
			}
			if n == 9 {
				if got := search.ImportanceOf(space, r.State); got != nil {
					t.Errorf("%s: of 9 trials %+v", kind, got)
				}
			}
			r.Complete(p, weighty(p))
		}
		got := search.ImportanceOf(space, r.State)
		if got == nil || len(got.Parameters) != 4 {
			t.Fatalf("%s: %+v", kind, got)
		}
		if a, b := got.Parameters[0], got.Parameters[1]; a.Parameter != "lr" || b.Parameter != "freeze" || a.Main < 0.5 {
			t.Errorf("%s: %+v", kind, got.Parameters)
		}
		if rest := got.Parameters[2].Total; rest > 0.1 {
			t.Errorf("%s: what does not matter has %.3f: %+v", kind, rest, got.Parameters)
		}
		if got.Trials != 50 || got.Predicts < 0.5 {
			t.Errorf("%s: %+v", kind, got)
		}
		if again := search.ImportanceOf(space, r.State); !reflect.DeepEqual(got, again) {
			t.Errorf("%s: %+v, and then %+v", kind, got, again)
		}
	}
}
