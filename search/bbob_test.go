package search_test

import (
	"fmt"
	"math"
	"testing"

	"automl/search"
	"automl/trial"
)

// The functions below are those of the BBOB suite (Hansen et al. 2009, INRIA RR-6829) in four dimensions, without its
// oscillations: x is shifted by an optimum off the centre and turned, so that no coordinate can be searched by itself.

// turned is z = Q (x - best), Q a rotation: two reflections.
func turned(x []float64) []float64 {
	z := make([]float64, len(x))
	for i := range z {
		z[i] = x[i] - []float64{1.3, -2.1, 0.7, 2.4}[i]
	}
	for _, v := range [][]float64{{0.8, -0.3, 0.5, 1.1}, {-0.4, 0.9, 0.7, 0.2}} {
		dot, square := 0.0, 0.0
		for i := range z {
			dot, square = dot+z[i]*v[i], square+v[i]*v[i]
		}
		for i := range z {
			z[i] -= 2 * dot / square * v[i]
		}
	}
	return z
}

func onTurned(name string, f func(z []float64) float64) problem {
	return problem{name, cube(4, -5, 5), func(p trial.Params) float64 { return f(turned(vector(p))) }}
}

func weighted(z []float64, condition float64) float64 {
	sum := 0.0
	for i, v := range z {
		sum += math.Pow(condition, float64(i)/float64(len(z)-1)) * v * v
	}
	return sum
}

// bbob is f1, f10, f15, f9 and f7.
func bbob() []problem {
	return []problem{
		onTurned("sphere", func(z []float64) float64 { return weighted(z, 1) }),
		onTurned("turned ellipsoid", func(z []float64) float64 { return weighted(z, 1e6) }),
		onTurned("turned rastrigin", func(z []float64) float64 {
			sum := weighted(z, 1)
			for _, v := range z {
				sum += 10 * (1 - math.Cos(2*math.Pi*v))
			}
			return sum
		}),
		onTurned("turned rosenbrock", func(z []float64) float64 {
			sum := 0.0
			for i := range z[1:] {
				a, b := z[i]+1, z[i+1]+1
				sum += 100*math.Pow(a*a-b, 2) + math.Pow(a-1, 2)
			}
			return sum
		}),
		onTurned("step ellipsoid", func(z []float64) float64 {
			steps := make([]float64, len(z))
			for i, v := range z {
				if steps[i] = math.Round(v); math.Abs(v) <= 0.5 {
					steps[i] = math.Round(10*v) / 10
				}
			}
			return max(1e-4*math.Abs(z[0]), weighted(steps, 100))
		}),
	}
}

// TestModelsBeatRandom holds the median of the best loss of each sampler that learns against a share of random search's, after as
// many trials. The shares are about twice what is measured, at most .9; the seeds are fixed.
func TestModelsBeatRandom(t *testing.T) {
	problems := append(bbob(), fineTuning(), branches()) // the last two are mixed and conditional
	for _, c := range []struct {
		sampler       string
		trials, seeds int
		shares        []float64 // by problem
	}{
		{search.TPEType, 80, 15, []float64{.15, .85, .9, .25, .5, .85, .15}},
		{search.GPType, 40, 15, []float64{.01, .2, .85, .4, .75, .65, .01}},
		{search.CMAESType, 200, 15, []float64{.01, .15, .9, .05, .04, .6, .01}},
		{search.AutoType, 80, 5, []float64{.9, .9, .9, .9, .9, .9, .9}},
	} {
		for i, p := range problems {
			t.Run(fmt.Sprintf("%s on %s", c.sampler, p.name), func(t *testing.T) {
				t.Parallel()
				random := medianBest(t, search.Config{Type: search.RandomType}, p, c.seeds, c.trials)
				found := medianBest(t, search.Config{Type: c.sampler}, p, c.seeds, c.trials)
				t.Logf("%d trials, median of %d seeds: %.4g, random %.4g, a share of %.2g", c.trials, c.seeds, found, random, found/random)
				if !(found < c.shares[i]*random) {
					t.Errorf("%.4g is not below %.2g of random search's %.4g", found, c.shares[i], random)
				}
			})
		}
	}
}

// TestFillersBeatRandom is about what a sampler that learns nothing can be better at: leaving no large gap. The optimum of a sphere
// in two dimensions is drawn with the seed; after 64 trials the mean squared distance to it is below a share of random search's,
// which is somewhat above the 1/(64 pi) of a square without borders. On the functions above, in four dimensions, neither of them is better than random search throughout.
func TestFillersBeatRandom(t *testing.T) {
	mean := func(cfg search.Config) float64 {
		const seeds = 300
		sum := 0.0
		for seed := range uint64(seeds) {
			source := search.Source(seed, 1<<30)
			at := []float64{source.Float64(), source.Float64()}
			sum += bestAfter(t, cfg, problem{"sphere", cube(2, 0, 1), func(p trial.Params) float64 {
				x := vector(p)
				return (x[0]-at[0])*(x[0]-at[0]) + (x[1]-at[1])*(x[1]-at[1])
			}}, seed, 64) / seeds
		}
		return sum
	}
	random := mean(search.Config{Type: search.RandomType})
	for kind, share := range map[string]float64{search.SobolType: 0.75, search.GridType: 0.75} {
		found := mean(search.Config{Type: kind, Points: 8})
		t.Logf("%s %.5f, random %.5f, a share of %.2f", kind, found, random, found/random)
		if !(found < share*random) {
			t.Errorf("%s: %.5f is not below %.2g of random search's %.5f", kind, found, share, random)
		}
	}
}
