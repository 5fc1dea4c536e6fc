package search_test

import (
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// partly plays a study of two objectives and three epochs on a line: trials 0 to 3 are complete, trial 4 is pruned after one
// epoch, trial 5 failed and trial 6 runs. Both losses fall by 1 and by 10 between the first and the last epoch.
func partly() (search.Space, *searchtest.Record) {
	space := searchtest.Spaces()["line"]
	r := searchtest.NewSeveral(1, trial.Shape{Folds: 1, Epochs: 3}, 2)
	for i := range 7 {
		x := float64(i) / 10
		n := r.Add(trial.Params{{Name: "x", Value: x}})
		r.Start(n)
		switch {
		case i < 4:
			for e := range 3 {
				r.Report(n, x+1-0.5*float64(e), 20-x-5*float64(e))
			}
			r.End(n, trial.Completed)
		case i == 4:
			r.Report(n, x+1, 20-x)
			r.End(n, trial.Pruned)
		case i == 5:
			r.End(n, trial.Failed)
		}
	}
	return space, r
}

// A trial that was left behind counts with what those that went on have gained since; a failed one has no values; one under way
// is pending.
func TestSeveralObservations(t *testing.T) {
	space, r := partly()
	o := search.SeveralObservations(space, r.State)
	if len(o.X) != 6 || len(o.Pending) != 1 || o.Y[5] != nil {
		t.Fatalf("%d observed, %d pending: %v", len(o.X), len(o.Pending), o.Y)
	}
	for i := range 5 {
		x := float64(i) / 10
		if want := []float64{x, 10 - x}; math.Abs(o.Y[i][0]-want[0]) > 1e-12 || math.Abs(o.Y[i][1]-want[1]) > 1e-12 {
			t.Errorf("trial %d: %v, want %v", i, o.Y[i], want)
		}
		if len(o.Noise[i]) != 2 || o.Noise[i][0] > 1e-20 {
			t.Errorf("trial %d: variances %v", i, o.Noise[i])
		}
	}
}

// Parents are compared at equal resource: those that were left behind come after all that got further.
func TestBestOfSeveral(t *testing.T) {
	_, r := partly()
	got := search.BestOfSeveral(r.State, 4)
	if len(got) != 4 || slices.Contains(got, 4) || slices.Contains(got, 5) {
		t.Errorf("the best four are %v", got)
	}
	if got := search.BestOfSeveral(r.State, 10); len(got) != 5 || got[4] != 4 {
		t.Errorf("all with values are %v, the pruned one must be last", got)
	}
}
