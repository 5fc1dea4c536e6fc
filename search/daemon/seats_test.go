package daemon

import (
	"math"
	"testing"

	"automl/trial"
)

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		gpus int
		need trial.Resources
		want int
	}{
		{0, trial.Resources{}, math.MaxInt},
		{2, trial.Resources{GPUs: 1}, 2},
		{5, trial.Resources{GPUs: 2}, 2},
		{0, trial.Resources{GPUs: 1, Fraction: 0.5}, 0},
		{2, trial.Resources{GPUs: 1, Fraction: 1. / 3}, 6},
		{2, trial.Resources{GPUs: 1, Fraction: 0.4}, 4},
	} {
		if got := fits(tt.gpus, tt.need); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}
