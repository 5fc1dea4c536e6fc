package schedulers_test

import (
	"math"
	"strings"
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// curvesOf is a world whose one worker reports the given values, epoch by epoch, fold after fold.
func curvesOf(epochs int, values ...[]float64) simulate.World {
	return simulate.World{Workers: 1, Value: func(n, fold, epoch int) float64 { return values[n][fold*epochs+epoch-1] }}
}

// ends is how every trial ended: how many epochs it trained, and 'c' or 'p'.
func ends(g *simulate.Game) (epochs []int, how string) {
	for _, t := range g.State.Trials {
		epochs = append(epochs, t.Epochs)
		how += strings.ToLower(string(t.Status[:1]))
	}
	return epochs, how
}

func same(a []int, b ...int) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return true
}

// The running averages of the first two trials at epoch 2 are 7 and 5, and at epoch 3 6 and 4 (losses): the median is 6, then
// 5. A trial is measured by its best value, an equal one goes on, and nobody is stopped in the grace.
func TestMedianRule(t *testing.T) {
	g := play(t, trial.Shape{Folds: 1, Epochs: 3}, schedulers.Config{Type: "median", Grace: 2, Startup: 2, Trials: 5}, curvesOf(3,
		[]float64{8, 6, 4},
		[]float64{6, 4, 2},
		[]float64{99, 6, 5},    // equal to the median, twice
		[]float64{9, 6.01, 0},  // behind at epoch 2; its own median is now of 7, 5 and 52.5
		[]float64{1, 100, 100}, // has been good once
	))
	if epochs, how := ends(g); how != "ccccc" || !same(epochs, 3, 3, 3, 3, 3) {
		t.Errorf("%v %s", epochs, how)
	}
	g = play(t, trial.Shape{Folds: 1, Epochs: 3}, schedulers.Config{Type: "median", Grace: 2, Startup: 2, Trials: 4}, curvesOf(3,
		[]float64{8, 6, 4},
		[]float64{6, 4, 2},
		[]float64{9, 6.01, 0},   // behind at epoch 2
		[]float64{99, 5.9, 5.1}, // behind at epoch 3, where it is complete
	))
	if epochs, how := ends(g); how != "ccpc" || !same(epochs, 3, 3, 2, 3) {
		t.Errorf("%v %s", epochs, how)
	}
	for _, e := range g.Events {
		if d := e.Decision; d != nil && d.What == trial.Pruned {
			if *d.Value != 6.01 || *d.Threshold != 6 || d.At != (trial.Resource{Epoch: 2}) {
				t.Errorf("pruned at %s with %g against %g", d.At, *d.Value, *d.Threshold)
			}
			for _, part := range []string{"6.01", "ranked 2", "2 complete", "threshold 6"} {
				if !strings.Contains(d.Reason, part) {
					t.Errorf("%q does not say %q", d.Reason, part)
				}
			}
		}
	}
}

// Trials that are pruned are not compared with, and five have to be complete unless another number is given.
func TestMedianStartup(t *testing.T) {
	var values [][]float64
	for range 5 {
		values = append(values, []float64{1, 1})
	}
	for range 3 {
		values = append(values, []float64{2, 0})
	}
	for startup, want := range map[int]string{0: "cccccppp", 6: "ccccccpp"} {
		c := schedulers.Config{Type: "median", Grace: 1, Startup: startup, Trials: len(values)}
		if _, how := ends(play(t, trial.Shape{Folds: 1, Epochs: 2}, c, curvesOf(2, values...))); how != want {
			t.Errorf("startup %d: %s, not %s", startup, how, want)
		}
	}
}

// Folds differ: a trial is compared in the fold it reports, and the grace counts in each.
func TestMedianInFold(t *testing.T) {
	c := schedulers.Config{Type: "median", Grace: 2, Startup: 1, Trials: 3}
	g := play(t, trial.Shape{Folds: 2, Epochs: 3}, c, curvesOf(3,
		[]float64{1, 1, 1, 50, 50, 50},
		[]float64{1, 1, 1, 49, 49, 49},
		[]float64{1, 1, 1, 90, 60, 0}, // the second fold is hard for all, for this one it is too hard
	))
	if epochs, how := ends(g); how != "ccp" || !same(epochs, 6, 6, 5) {
		t.Errorf("%v %s", epochs, how)
	}
}

// Values that are not finite count for nothing; a trial with no other is stopped after the grace. A fold that ended early goes
// on with its last value.
func TestMedianOddCurves(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	w := curvesOf(4, []float64{nan, 5, inf, 5}, []float64{5, 5}, []float64{nan, nan, nan, nan}, []float64{7, 7, 7, 7}, []float64{5, 9, 9, 9})
	w.Last = func(n, _, epoch int) bool { return n == 1 && epoch == 2 }
	g := play(t, trial.Shape{Folds: 1, Epochs: 4}, schedulers.Config{Type: "median", Grace: 3, Startup: 2, Trials: 5}, w)
	if epochs, how := ends(g); how != "ccppc" || !same(epochs, 4, 2, 3, 3, 4) {
		t.Errorf("%v %s", epochs, how)
	}
}
