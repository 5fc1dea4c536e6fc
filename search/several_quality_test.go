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

// TestSeveralBeatRandom compares hypervolumes after 100 trials: nsga2 beats random search, and ehvi beats nsga2 and a floor a
// little below what is measured. The seeds are fixed.
func TestSeveralBeatRandom(t *testing.T) {
	for _, c := range []struct {
		severalProblem
		floor float64
	}{{zdt1(), 6.2}, {zdt2(), 5.8}, {dtlz2(), 0.85}, {network(), 0.74}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := medianVolume(t, search.Config{Type: search.RandomType}, c.severalProblem, 21, 100)
			nsga2 := medianVolume(t, search.Config{Type: search.NSGA2Type}, c.severalProblem, 21, 100)
			ehvi := medianVolume(t, search.Config{Type: search.EHVIType}, c.severalProblem, 3, 100)
			t.Logf("hypervolume: random %.4f, nsga2 %.4f, ehvi %.4f, of the true front %.4f", random, nsga2, ehvi, c.most)
			if !(random < nsga2 && nsga2 < ehvi && ehvi > c.floor && !(ehvi > c.most)) {
				t.Errorf("random %.4f, nsga2 %.4f, ehvi %.4f: not in this order, or ehvi is below %.4g", random, nsga2, ehvi, c.floor)
			}
		})
	}
}

// TestNSGA2WithOneObjective minimizes a function of one objective.
func TestNSGA2WithOneObjective(t *testing.T) {
	for _, p := range []problem{branin(), hartmann6()} {
		random := medianBest(t, search.Config{Type: search.RandomType}, p, 21, 100)
		nsga2 := medianBest(t, search.Config{Type: search.NSGA2Type}, p, 21, 100)
		if t.Logf("%s: nsga2 %.4g, random %.4g", p.name, nsga2, random); !(nsga2 < 0.7*random) {
			t.Errorf("%s: nsga2 %.4g is not below 0.7 of random search's %.4g", p.name, nsga2, random)
		}
	}
}
