package search_test

import (
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// line is one float, so that a trial's parameter can stand for its number.
var line = search.Space{Parameters: []search.Parameter{{Name: "x", Kind: search.Float, Low: 0, High: 100}}}

// curve adds a trial with these values, ended by what.
func curve(r *searchtest.Record, what trial.What, values ...float64) {
	n := r.Add(params("x", float64(len(r.State.Trials))))
	r.Start(n)
	for _, v := range values {
		r.Report(n, v)
	}
	if what != "" {
		r.End(n, what)
	}
}

func TestSplit(t *testing.T) {
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 3})
	curve(r, trial.Completed, 5, 4, 3)             // 0
	curve(r, trial.Completed, 9, 8, 1)             // 1: the best in the end
	curve(r, trial.Paused, 2, 2)                   // 2: the best at epoch 2
	curve(r, trial.Pruned, 1)                      // 3: the best at epoch 1
	curve(r, trial.Failed, 0, 0)                   // 4: promising, but it broke
	curve(r, "", 6)                                // 5: running
	curve(r, "")                                   // 6: running, no value yet
	curve(r, trial.Pruned, math.NaN(), math.NaN()) // 7
	for _, c := range []struct {
		name        string
		least, good int
		want        []int
	}{
		{"two trials suffice: compared at the end", 2, 1, []int{1}},
		{"three: compared at epoch 2", 3, 1, []int{2}},
		{"five: compared at epoch 1", 5, 1, []int{3}},
		{"more than there are: at epoch 1, which all have", 50, 1, []int{3}},
		{"two good ones need four trials: epoch 1", 1, 2, []int{3, 2}},
	} {
		good, bad, pending := search.Split(line, r.State, c.least, c.good)
		if !slices.Equal(good, c.want) {
			t.Errorf("%s: good %v, want %v", c.name, good, c.want)
		}
		if !slices.Equal(pending, []int{6}) || len(good)+len(bad) != 7 {
			t.Errorf("%s: bad %v, pending %v", c.name, bad, pending)
		}
	}
}

// Confirmation folds lie beyond the search: they do not put a trial ahead of the others.
func TestSplitIgnoresConfirmation(t *testing.T) {
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 2})
	r.Complete(params("x", 1.0), 5)
	r.Complete(params("x", 2.0), 4)
	r.Confirm(0, 3)
	if good, _, _ := search.Split(line, r.State, 1, 1); !slices.Equal(good, []int{1}) {
		t.Errorf("good %v, want [1]", good)
	}
}
