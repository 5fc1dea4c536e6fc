package search_test

import (
	"math"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// The n-th point depends on the seed and on how many trials the sampler has made, not on results or on enqueued trials.
func TestSobolIsStateless(t *testing.T) {
	space := searchtest.Spaces()["mixed"]
	propose := func(seed uint64, results, enqueued bool) []trial.Params {
		sampler, err := search.New(search.Config{Type: search.SobolType}, space)
		if err != nil {
			t.Fatal(err)
		}
		r := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1})
		if enqueued {
			p, _ := space.Fill(nil, search.Source(99, 0))
			r.Add(p)
			r.State.Trials[0].Origin = trial.FromUser
		}
		var out []trial.Params
		for len(out) < 30 {
			p, err := sampler.Sample(r.State, search.Source(77, len(out)))
			if err != nil {
				t.Fatal(err)
			}
			if out = append(out, p); results {
				r.Complete(p, float64(len(out)))
			} else {
				r.Add(p)
			}
		}
		return out
	}
	want, other := propose(1, false, false), propose(2, false, false)
	same := 0
	for _, got := range [][]trial.Params{propose(1, true, false), propose(1, false, true)} {
		for i, p := range got {
			if !p.Equal(want[i]) {
				t.Errorf("point %d is %v, then %v", i, want[i], p)
			}
			if p.Equal(other[i]) {
				same++
			}
		}
	}
	if same > 0 {
		t.Errorf("another seed gives %d of the same points", same)
	}
}

// The mean of a function over 64 proposals is nearer to its integral than over as many random ones.
func TestSobolIntegrates(t *testing.T) {
	const n, seeds = 64, 20
	space := cube(4, 0, 1)
	errorOf := func(kind string) float64 {
		sum := 0.0
		for seed := range uint64(seeds) {
			sampler, err := search.New(search.Config{Type: kind}, space)
			if err != nil {
				t.Fatal(err)
			}
			r := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1})
			mean := 0.0
			for i := range n {
				p, err := sampler.Sample(r.State, search.Source(seed, i))
				if err != nil {
					t.Fatal(err)
				}
				r.Add(p)
				f := 1.0
				for _, x := range vector(p) {
					f *= 0.5 + 1.5*x*x
				}
				mean += f / n
			}
			sum += (mean - 1) * (mean - 1) / seeds
		}
		return math.Sqrt(sum)
	}
	quasi, random := errorOf(search.SobolType), errorOf(search.RandomType)
	t.Logf("root mean square error: %.4f, random %.4f", quasi, random)
	if quasi > 0.4*random {
		t.Error("not much better than random points")
	}
}
