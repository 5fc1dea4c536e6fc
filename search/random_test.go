package search_test

import (
	"math"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// draws are n configurations of a random sampler for a study that stays empty, so that they may repeat.
func draws(t *testing.T, space search.Space, n int) []trial.Params {
	t.Helper()
	sampler, err := search.New(search.Config{Type: search.RandomType}, space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
	out := make([]trial.Params, n)
	for i := range out {
		if out[i], err = sampler.Sample(r.State, search.Source(1, i)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Every value of an int, with both ends, comes up about equally often.
func TestRandomIntIsInclusive(t *testing.T) {
	space := search.Space{Parameters: []search.Parameter{{Name: "n", Kind: search.Int, Low: -2, High: 2}}}
	count := map[int]int{}
	for _, p := range draws(t, space, 5000) {
		count[p.Int("n", 99)]++
	}
	for v := -2; v <= 2; v++ {
		if c := count[v]; c < 850 || c > 1150 {
			t.Errorf("%d comes up %d times of 5000", v, c)
		}
	}
}

// A logarithmic float has half its values below the geometric mean.
func TestRandomLog(t *testing.T) {
	space := search.Space{Parameters: []search.Parameter{{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-2, Log: true}}}
	below := 0
	for _, p := range draws(t, space, 4000) {
		if p.Float("lr", 1) < 1e-4 {
			below++
		}
	}
	if math.Abs(float64(below)-2000) > 150 {
		t.Errorf("%d of 4000 lie below the geometric mean", below)
	}
}

// A step gives round values, the last one included.
func TestRandomStep(t *testing.T) {
	space := search.Space{Parameters: []search.Parameter{{Name: "w", Kind: search.Float, Low: -0.3, High: 0.3, Step: 0.1}}}
	seen := map[float64]bool{}
	for _, p := range draws(t, space, 500) {
		seen[p.Float("w", 9)] = true
	}
	for _, v := range []float64{-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3} {
		if !seen[v] {
			t.Errorf("%v is missing from %v", v, seen)
		}
	}
	if len(seen) != 7 {
		t.Errorf("seven values make %v", seen)
	}
}
