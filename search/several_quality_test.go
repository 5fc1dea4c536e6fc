package search_test

import (
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
	"automl/trial/pareto"
)

// volumeAfter is the hypervolume of a study of n trials.
func volumeAfter(t testing.TB, cfg search.Config, p severalProblem, seed uint64, n int) float64 {
	cfg.Objectives = len(p.reference)
	sampler, err := search.New(cfg, p.space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewSeveral(seed, trial.Shape{Folds: 1, Epochs: 1}, len(p.reference))
	var y [][]float64
	for i := range n {
		params, err := sampler.Sample(r.State, search.Source(seed, i))
		if err != nil {
			t.Fatal(err)
		}
		losses := p.losses(params)
		r.Complete(params, losses...)
		y = append(y, losses)
	}
	return pareto.Hypervolume(y, p.reference)
}

// medianVolume is the median over seeds of the hypervolume.
func medianVolume(t testing.TB, cfg search.Config, p severalProblem, seeds, n int) float64 {
	all := make([]float64, seeds)
	for seed := range all {
		all[seed] = volumeAfter(t, cfg, p, uint64(seed), n)
	}
	slices.Sort(all)
	return (all[(seeds-1)/2] + all[seeds/2]) / 2
}
