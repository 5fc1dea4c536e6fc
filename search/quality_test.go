package search_test

import (
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// bestAfter is the best loss of a study of n trials.
func bestAfter(t testing.TB, cfg search.Config, p problem, seed uint64, n int) float64 {
	sampler, err := search.New(cfg, p.space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1})
	best := math.Inf(1)
	for i := range n {
		params, err := sampler.Sample(r.State, search.Source(seed, i))
		if err != nil {
			t.Fatal(err)
		}
		loss := p.loss(params)
		r.Complete(params, loss)
		best = min(best, loss)
	}
	return best
}

// medianBest is the median over seeds of the best loss.
func medianBest(t testing.TB, cfg search.Config, p problem, seeds, n int) float64 {
	all := make([]float64, seeds)
	for seed := range all {
		all[seed] = bestAfter(t, cfg, p, uint64(seed), n)
	}
	slices.Sort(all)
	return (all[(seeds-1)/2] + all[seeds/2]) / 2
}

// TestTPEBeatsRandom holds the median of TPE's best loss against a share of random search's. The shares are about twice what
// is measured, the seeds are fixed.
func TestTPEBeatsRandom(t *testing.T) {
	for _, c := range []struct {
		problem
		trials int
		share  float64
	}{
		{branin(), 60, 0.5},
		{hartmann6(), 80, 0.7},
		{rastrigin(), 80, 0.8},
		{branches(), 80, 0.4},
		{fineTuning(), 80, 0.7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := medianBest(t, search.Config{Type: search.RandomType}, c.problem, 21, c.trials)
			tpe := medianBest(t, search.Config{Type: search.TPEType}, c.problem, 21, c.trials)
			t.Logf("%d trials, median of 21 seeds: TPE %.4g, random %.4g", c.trials, tpe, random)
			if !(tpe < c.share*random) {
				t.Errorf("TPE %.4g is not below %.2g of random search's %.4g", tpe, c.share, random)
			}
		})
	}
}
