package search_test

import (
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// Where there are candidates, each is proposed once and nothing else is, in an order that the first ones are spread in.
func TestCandidatesOfQuasiSamplers(t *testing.T) {
	space := searchtest.Spaces()["mixed"]
	for i := range 60 {
		p, err := searchtest.Spaces()["mixed"].Fill(nil, search.Source(5, i))
		if err != nil {
			t.Fatal(err)
		}
		space.Candidates = append(space.Candidates, p)
	}
	for _, kind := range []string{search.SobolType, search.GridType, search.CMAESType} {
		all := exhaust(t, search.Config{Type: kind}, space, 2)
		if len(all) != len(space.Candidates) {
			t.Errorf("%s proposes %d of %d candidates", kind, len(all), len(space.Candidates))
		}
		for _, p := range all {
			if !slices.ContainsFunc(space.Candidates, p.Equal) {
				t.Errorf("%s proposes %v, which is no candidate", kind, p)
			}
		}
	}
}

// On a list of candidates CMA-ES goes to the better ones: of a thousand it finds one of the best ten in a tenth of the trials.
func TestCMAESOnCandidates(t *testing.T) {
	p := ellipsoid()
	var losses []float64
	for i := range 1000 {
		c, err := ellipsoid().space.Fill(nil, search.Source(6, i))
		if err != nil {
			t.Fatal(err)
		}
		p.space.Candidates = append(p.space.Candidates, c)
		losses = append(losses, p.loss(c))
	}
	slices.Sort(losses)
	found := 0
	for seed := range uint64(10) {
		sampler, err := search.New(search.Config{Type: search.CMAESType}, p.space)
		if err != nil {
			t.Fatal(err)
		}
		r, best := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1}), losses[999]
		for i := range 100 {
			params, err := sampler.Sample(r.State, search.Source(seed, i))
			if err != nil {
				t.Fatal(err)
			}
			r.Complete(params, p.loss(params))
			best = min(best, p.loss(params))
		}
		if best <= losses[9] {
			found++
		}
	}
	t.Logf("one of the best ten is found by %d of 10 searches", found)
	if found < 9 {
		t.Error("random search finds one in two of three searches")
	}
}
