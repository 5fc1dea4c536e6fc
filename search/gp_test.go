package search_test

import (
	"math"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

func TestObservations(t *testing.T) {
	r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 3})
	curve(r, trial.Completed, 5, 4, 3)
	curve(r, trial.Failed, 0)
	curve(r, trial.Completed, 9, 8, 1)
	curve(r, "")
	curve(r, trial.Pruned, math.NaN())
	o := search.Observations(line, r.State)
	if len(o.X) != 4 || o.Y[0] != 1 || !math.IsNaN(o.Y[1]) || o.Y[2] != -1 || !math.IsNaN(o.Y[3]) || o.Noise[0] != 0 || o.Noise[2] != 0 {
		t.Errorf("%+v: want the values at the end in standard units, without noise, and none for what failed", o)
	}
	if len(o.Pending) != 1 || math.Abs(o.Pending[0][0]-0.03) > 1e-12 {
		t.Errorf("pending: %v", o.Pending)
	}
}

// TestGuesses has trials whose value at the end follows from the first one, and some that were left behind.
func TestGuesses(t *testing.T) {
	noise := func(foreseeable bool) float64 {
		r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 3})
		for i := range 30 {
			first := float64(i * 7 % 30)
			end := first/2 - 1
			if !foreseeable {
				end = -float64(i * 11 % 30)
			}
			if first < 15 {
				curve(r, trial.Completed, first, first, end)
			} else {
				curve(r, trial.Pruned, first)
			}
		}
		o := search.Observations(line, r.State)
		worst, least, behind := math.Inf(-1), math.Inf(1), 0
		for i, v := range o.Y {
			first := i * 7 % 30
			switch {
			case first == 14:
				worst = v
			case first >= 15:
				least, behind = min(least, v), i
			case o.Noise[i] != 0:
				t.Errorf("trial %d was trained in full, but its value has the variance %v", i, o.Noise[i])
			}
		}
		if foreseeable && least < worst {
			t.Errorf("a trial that was left behind is guessed at %v, the worst one that was not is worth %v", least, worst)
		}
		return o.Noise[behind]
	}
	if sure, unsure := noise(true), noise(false); !(sure > 0 && sure < 0.2 && unsure > 3*sure) {
		t.Errorf("the variance of a guess is %v where the end can be foreseen, %v where it cannot", sure, unsure)
	}
}

// TestGPRemembersNothing asks a sampler that has followed a study with rungs and one that sees it for the first time.
func TestGPRemembersNothing(t *testing.T) {
	p := branches()
	kept := search.NewGP(search.Config{}, p.space)
	r := searchtest.NewRecord(4, trial.Shape{Folds: 1, Epochs: 4})
	for i := range 50 {
		got, err := kept.Sample(r.State, search.Source(4, i))
		if err != nil {
			t.Fatal(err)
		}
		if i%5 == 4 {
			if again, _ := search.NewGP(search.Config{}, p.space).Sample(r.State, search.Source(4, i)); !again.Equal(got) {
				t.Fatalf("trial %d: %v, without a memory %v", i, got, again)
			}
		}
		n := r.Add(got)
		r.Start(n)
		for e := range []int{1, 1, 4, 2, 4}[i%5] {
			r.Report(n, p.loss(got)+1/float64(e+1))
		}
		if i%5 != 3 {
			r.End(n, []trial.What{trial.Pruned, trial.Paused, trial.Completed, "", trial.Failed}[i%5])
		}
	}
}

// TestIncumbentOfFolds has a trial with a lucky first fold: with several folds that is nothing to be beaten, with one it is.
func TestIncumbentOfFolds(t *testing.T) {
	for folds, want := range map[int]float64{1: 0.1, 2: 0.5} {
		r := searchtest.NewRecord(1, trial.Shape{Folds: folds, Epochs: 2})
		r.Complete(params("x", 0.3), 0.5)
		r.Complete(params("x", 0.7), 0.8)
		r.Complete(params("x", 0.9), 0.9)
		curve(r, trial.Paused, 0.4, 0.1)
		f := search.NewForecaster(line).Forecast(r.State, []int{3}, []trial.Resource{r.State.Study.Shape.Full()})
		if !f.Known || math.Abs(f.Incumbent-want) > 1e-9 {
			t.Errorf("%d folds: the value to beat is %v, want %v", folds, f.Incumbent, want)
		}
	}
}
