package search_test

import (
	"math"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// rosenbrock is a curved valley in six dimensions.
func rosenbrock() problem {
	return problem{"rosenbrock", cube(6, -2, 2), func(p trial.Params) float64 {
		x, sum := vector(p), 0.0
		for i := range 5 {
			sum += 100*math.Pow(x[i+1]-x[i]*x[i], 2) + math.Pow(1-x[i], 2)
		}
		return sum
	}}
}

// ellipsoid has axes in six dimensions whose lengths differ by a factor of a hundred.
func ellipsoid() problem {
	return problem{"ellipsoid", cube(6, -5, 5), func(p trial.Params) float64 {
		sum := 0.0
		for i, x := range vector(p) {
			sum += math.Pow(10, float64(i)*4/5) * (x - 1.7) * (x - 1.7)
		}
		return sum
	}}
}

// TestCMAESBeatsRandom holds the median of the best of 200 trials against a share of random search's. The shares are about twice
// what is measured, the seeds are fixed.
func TestCMAESBeatsRandom(t *testing.T) {
	for _, c := range []struct {
		problem
		share float64
	}{{rosenbrock(), 0.1}, {ellipsoid(), 0.2}, {rastrigin(), 0.6}, {branches(), 0.1}, {fineTuning(), 0.5}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := medianBest(t, search.Config{Type: search.RandomType}, c.problem, 15, 200)
			cma := medianBest(t, search.Config{Type: search.CMAESType}, c.problem, 15, 200)
			t.Logf("200 trials, median of 15 seeds: CMA-ES %.4g, random %.4g", cma, random)
			if !(cma < c.share*random) {
				t.Errorf("CMA-ES %.4g is not below %.2g of random search's %.4g", cma, c.share, random)
			}
		})
	}
}

// parallel plays a study with several workers of unequal speed, whose trials end in another order than they began, and returns
// the best loss. After each proposal, check may look at the record.
func parallel(t *testing.T, p problem, seed uint64, n, workers int, check func(*searchtest.Record, trial.Params)) float64 {
	t.Helper()
	sampler, err := search.New(search.Config{Type: search.CMAESType}, p.space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1})
	best, pick := math.Inf(1), search.Source(seed, 1<<20)
	var running []int
	for i := range n {
		params, err := sampler.Sample(r.State, search.Source(seed, i))
		if err != nil {
			t.Fatal(err)
		}
		if check != nil {
			check(r, params)
		}
		running = append(running, r.Add(params))
		r.Start(running[len(running)-1])
		if len(running) < workers {
			continue
		}
		k := pick.IntN(len(running))
		number := running[k]
		running = append(running[:k], running[k+1:]...)
		switch loss := p.loss(r.State.Trial(number).Params); {
		case i%11 == 0:
			r.End(number, trial.Failed)
		case i%13 == 0:
			r.Report(number, math.NaN())
			r.End(number, trial.Failed)
		default:
			r.Report(number, loss)
			r.End(number, trial.Completed)
			best = min(best, loss)
		}
	}
	return best
}

// Whatever a sampler has seen on the way, a new one proposes the same: the distribution is a function of the record.
func TestCMAESIsAFunctionOfTheRecord(t *testing.T) {
	for _, p := range []problem{rosenbrock(), fineTuning()} {
		parallel(t, p, 3, 120, 6, func(r *searchtest.Record, got trial.Params) {
			if len(r.State.Trials)%7 != 0 {
				return
			}
			fresh, err := search.New(search.Config{Type: search.CMAESType}, p.space)
			if err != nil {
				t.Fatal(err)
			}
			want, err := fresh.Sample(r.State, search.Source(3, len(r.State.Trials)))
			if err != nil || !want.Equal(got) {
				t.Fatalf("%s, trial %d: %v, a new sampler says %v (%v)", p.name, len(r.State.Trials), got, want, err)
			}
		})
	}
}

// With eight workers and one trial in six failing it is still far better than random search.
func TestCMAESInParallel(t *testing.T) {
	p := rosenbrock()
	var all float64
	for seed := range uint64(7) {
		all += math.Log(parallel(t, p, seed, 200, 8, nil)) / 7
	}
	random := medianBest(t, search.Config{Type: search.RandomType}, p, 7, 200)
	t.Logf("geometric mean %.4g, median of random search %.4g", math.Exp(all), random)
	if math.Exp(all) > 0.3*random {
		t.Error("not much better than random search")
	}
}

// A good point that was enqueued is where the search begins.
func TestCMAESWarmStart(t *testing.T) {
	p := ellipsoid()
	best := func(warm bool) float64 {
		sum := 0.0
		for seed := range uint64(9) {
			sampler, err := search.New(search.Config{Type: search.CMAESType}, p.space)
			if err != nil {
				t.Fatal(err)
			}
			r, least := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1}), math.Inf(1)
			if warm {
				known := trial.Params{}
				for i, q := range p.space.Parameters {
					known = append(known, trial.Param{Name: q.Name, Value: 1.7 + 0.1*float64(i%3-1)})
				}
				r.Complete(known, p.loss(known))
			}
			for i := range 60 {
				params, err := sampler.Sample(r.State, search.Source(seed, i))
				if err != nil {
					t.Fatal(err)
				}
				r.Complete(params, p.loss(params))
				least = min(least, p.loss(params))
			}
			sum += math.Log(least) / 9
		}
		return math.Exp(sum)
	}
	cold, warm := best(false), best(true)
	t.Logf("60 trials: %.4g, after a good one %.4g", cold, warm)
	if warm > 0.5*cold {
		t.Error("the known point does not help")
	}
}

// A search that has converged begins another one: it does not stay in the first valley it meets.
func TestCMAESRestarts(t *testing.T) {
	valleys := problem{"valleys", cube(1, 0, 1), func(p trial.Params) float64 {
		x := p.Float("x0", 0)
		return min(1+20*math.Abs(x-0.3), 120*math.Abs(x-0.85))
	}}
	found := map[int]int{}
	for _, n := range []int{60, 800} {
		for seed := range uint64(20) {
			if bestAfter(t, search.Config{Type: search.CMAESType}, valleys, seed, n) < 0.5 {
				found[n]++
			}
		}
	}
	t.Logf("the deep valley was found by %d of 20 searches in 60 trials, by %d in 800", found[60], found[800])
	if found[800] < found[60]+5 {
		t.Error("restarts do not help")
	}
}
