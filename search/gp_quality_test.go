package search_test

import (
	"testing"

	"automl/search"
)

// TestGPBeatsTPE holds the median of GP's best loss against a share of TPE's and of random search's. The shares are a few times
// what is measured, the seeds are fixed.
func TestGPBeatsTPE(t *testing.T) {
	for _, c := range []struct {
		problem
		share float64
	}{{branin(), 0.2}, {hartmann6(), 0.5}, {branches(), 1}, {fineTuning(), 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			best := map[string]float64{}
			for _, kind := range []string{search.GPType, search.TPEType, search.RandomType} {
				best[kind] = medianBest(t, search.Config{Type: kind}, c.problem, 9, 60)
			}
			t.Logf("60 trials, median of 9 seeds: %v", best)
			if least := min(best[search.TPEType], best[search.RandomType]); !(best[search.GPType] < c.share*least) {
				t.Errorf("%v: GP is not below %.2g of the better of the others", best, c.share)
			}
		})
	}
}
