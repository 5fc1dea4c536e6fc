package schedulers_test

import (
	"strings"
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// hopes is a forecast by hand: of each trial the same, but for some.
type hopes struct {
	mean  map[int]float64 // of a trial's final loss less the incumbent's; others: weak
	weak  float64
	fresh float64
}

func (h hopes) Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast {
	look := func(mean float64) trial.Outlook {
		o := trial.Outlook{Known: true, Mean: mean, Var: 0.04}
		for i := range rungs {
			o.Left = append(o.Left, 0.04*float64(len(rungs)-1-i)/float64(len(rungs)))
		}
		return o
	}
	out := trial.Forecast{Known: true, Fresh: look(h.fresh)}
	for _, n := range numbers {
		mean, known := h.mean[n]
		if !known {
			mean = h.weak
		}
		out.Trials = append(out.Trials, look(mean))
	}
	return out
}

func thaw(t *testing.T, epochs, trials, workers int, h schedulers.Forecaster) *simulate.Game {
	t.Helper()
	study := trial.Study{Shape: trial.Shape{Folds: 1, Epochs: epochs}, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}}
	world := simulate.World{Workers: workers, Value: func(n, _, epoch int) float64 { return float64(100+n) - float64(epoch) }}
	c := schedulers.Config{Type: "freezethaw", Trials: trials, Grace: 1, Forecaster: h}
	game, err := simulate.Play(maker(t, c), study, world)
	if err != nil {
		t.Fatal(err)
	}
	return game
}

// TestThawGoesOnWithTheMostPromising has one trial that promises more than all others, new ones included.
func TestThawGoesOnWithTheMostPromising(t *testing.T) {
	g := thaw(t, 16, 6, 1, hopes{mean: map[int]float64{1: -1}, weak: 2, fresh: -0.05})
	if got := g.State.Trial(1); got.Status != trial.Complete || got.Epochs != 16 {
		t.Errorf("trial 1 is %s after %d epochs", got.Status, got.Epochs)
	}
	for i, e := range g.Events { // trained in full before the third trial starts
		if d := e.Decision; d != nil && d.What == trial.Sampled && d.Trial == 2 {
			for _, later := range g.Events[i:] {
				if d := later.Decision; d != nil && d.What == trial.Promoted && d.Trial == 1 {
					t.Errorf("trial 2 was started while trial 1 waited: %s", d.Reason)
				}
			}
		}
	}
}

// TestThawStopsWhatHasNoChance ends with many more weak trials on a rung than are looked at, and none complete: one goes on all the
// same, so that somebody wins, and the others are pruned with the chance they had.
func TestThawStopsWhatHasNoChance(t *testing.T) {
	for _, workers := range []int{1, 4} {
		g := thaw(t, 64, 40, workers, hopes{weak: 2, fresh: -1})
		complete := 0
		for _, s := range g.State.Trials {
			switch {
			case s.Status == trial.Complete:
				complete++
			case s.Status != trial.PrunedState || !strings.Contains(s.Reason, "no fair chance"):
				t.Fatalf("trial %d is %s: %s", s.Number, s.Status, s.Reason)
			}
		}
		if complete != 1 {
			t.Errorf("%d workers: %d trials are complete", workers, complete)
		}
	}
}

// TestThawWithoutForecasts does what asha does, and does not train what is left over in full.
func TestThawWithoutForecasts(t *testing.T) {
	g := thaw(t, 16, 120, 1, nil)
	complete := 0
	for _, s := range g.State.Trials {
		if s.Status == trial.Complete {
			complete++
		}
	}
	if complete == 0 || complete > 120/4 {
		t.Errorf("%d of 120 trials are complete", complete)
	}
}
