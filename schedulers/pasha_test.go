package schedulers_test

import (
	"strings"
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// pasha plays 16 trials over rungs at 1, 2, 4, 8 and 16 epochs with the given losses.
func pasha(t *testing.T, workers int, loss func(n, epoch int) float64) *simulate.Game {
	t.Helper()
	return play(t, trial.Shape{Folds: 1, Epochs: 16}, schedulers.Config{Type: "pasha", Trials: 16, Eta: 2, Grace: 1},
		simulate.World{Workers: workers, Value: func(n, _, epoch int) float64 { return loss(n, epoch) }})
}

// beyond is how many trials were trained for more than so many epochs.
func beyond(g *simulate.Game, epochs int) int {
	n := 0
	for _, q := range g.State.Trials {
		if q.Epochs > epochs {
			n++
		}
	}
	return n
}

// Where the two lowest rungs agree, nobody but the winner is trained beyond them.
func TestPASHAStopsWhereRanksAgree(t *testing.T) {
	for _, workers := range []int{1, 5} {
		g := pasha(t, workers, func(n, epoch int) float64 { return float64((7*n)%16) - float64(epoch)/100 })
		if n := beyond(g, 2); n != 1 || beyond(g, 1) < 8 {
			t.Errorf("%d workers: %d trials were trained for more than 2 epochs, %d for more than 1", workers, n, beyond(g, 1))
		}
		if why := reasonOf(g, 0, trial.Promoted); g.State.Best().Number != 0 || !strings.Contains(why, "(only the winner, as rungs 1 and 2 rank alike, noise 0)") {
			t.Errorf("trial %d won; of trial 0: %s", g.State.Best().Number, why)
		}
	}
}

// Where every rung ranks otherwise than the one before, all are needed, as in asha.
func TestPASHAGoesOnWhereRanksDiffer(t *testing.T) {
	g := pasha(t, 1, func(n, epoch int) float64 { return float64(n*(epoch*epoch+3)%17) - 20*float64(epoch) })
	if beyond(g, 2) < 4 || beyond(g, 4) < 2 {
		t.Errorf("%d trials were trained beyond the second rung, %d beyond the third", beyond(g, 2), beyond(g, 4))
	}
	said := false
	for _, q := range g.State.Trials {
		said = said || strings.Contains(reasonOf(g, q.Number, trial.Promoted), "(since rung 2 has trial ")
	}
	if !said {
		t.Error("nobody says why the third rung is in use")
	}
}

// Neighbours change places between the rungs at 4 and 8 epochs. If their curves have crossed all the time, that is noise; if they
// have crossed once, it is not.
func TestPASHATakesCrossingCurvesForNoise(t *testing.T) {
	for name, c := range map[string]struct {
		signs string // of what the odd trials are worse by, epoch by epoch
		full  int
		why   string
	}{
		"noise":    {"+-++-+--", 1, "only the winner, as rungs 1 and 2 rank alike, noise 0.1)"},
		"no noise": {"++++----", 4, "(since rung 2 has trial 1 in place 1, where rung 1 had trial 0: 0.08 apart, noise 0)"},
	} {
		t.Run(name, func(t *testing.T) {
			g := play(t, trial.Shape{Folds: 1, Epochs: 16}, schedulers.Config{Type: "pasha", Trials: 16, Eta: 2, Grace: 4},
				simulate.World{Workers: 1, Value: func(n, _, epoch int) float64 {
					apart := 0.04
					if epoch > 4 {
						apart = 0.05
					}
					if c.signs[min(epoch, 8)-1] == '-' {
						apart = -apart
					}
					return float64(n/2) - float64(epoch) + apart*float64(n%2*2-1)
				}})
			if n := beyond(g, 8); n != c.full {
				t.Errorf("%d trials were trained in full, want %d", n, c.full)
			}
			if why := reasonOf(g, g.State.Best().Number, trial.Promoted); !strings.Contains(why, c.why) {
				t.Errorf("the winner was promoted, %s", why)
			}
		})
	}
}

// reasonOf is the last reason of a kind of decision about a trial.
func reasonOf(g *simulate.Game, number int, what trial.What) string {
	out := ""
	for _, e := range g.Events {
		if d := e.Decision; d != nil && d.Trial == number && d.What == what {
			out = d.Reason
		}
	}
	return out
}
