package search_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// dear is a problem in four dimensions whose trials take e^-2 to e^2 seconds, by the first parameter; the best lies below the
// middle, at 1/3 of it, and matters little.
func dear() (p problem, cost func(trial.Params) float64) {
	p = problem{"dear", cube(4, 0, 1), func(q trial.Params) float64 {
		x := vector(q)
		loss := 0.2 * (x[0] - 0.35) * (x[0] - 0.35)
		for i, best := range []float64{0.7, 0.2, 0.55} {
			loss += (x[i+1] - best) * (x[i+1] - best)
		}
		return loss
	}}
	return p, func(q trial.Params) float64 { return math.Exp(4*vector(q)[0] - 2) }
}

// spend runs trials until a time is used up, and returns the best loss and how many there were.
func spend(t testing.TB, cfg search.Config, seed uint64) (best float64, trials int) {
	p, cost := dear()
	sampler, err := search.New(cfg, p.space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1})
	best = math.Inf(1)
	for left := cfg.Spending.GPUSeconds; left > 0; trials++ {
		params, err := sampler.Sample(r.State, search.Source(seed, trials))
		if err != nil {
			t.Fatal(err)
		}
		r.Cost = cost(params)
		r.Complete(params, p.loss(params))
		if left -= r.Cost; left >= 0 { // the last one is stopped
			best = min(best, p.loss(params))
		}
	}
	return best, trials
}

// TestCostBuysTrials holds what the same time finds with an eye on the cost against what it finds without: more trials, and a
// median of the best loss that is no worse. The seeds are fixed.
func TestCostBuysTrials(t *testing.T) {
	spending := search.Spending{GPUSeconds: 40, GPUShare: 1}
	for name, c := range map[string]struct{ with, without search.Config }{
		"gp":   {search.Config{Type: search.GPType, Cost: true}, search.Config{Type: search.GPType}},
		"auto": {search.Config{}, search.Config{Type: search.GPType}},
		"tpe":  {search.Config{Type: search.TPEType, Cost: true}, search.Config{Type: search.TPEType}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := func(cfg search.Config) (float64, int) {
				cfg.Spending = spending
				var best []float64
				n := 0
				for seed := range 9 {
					b, trials := spend(t, cfg, uint64(seed))
					best, n = append(best, b), n+trials
				}
				slices.Sort(best)
				return best[4], n / 9
			}
			with, many := run(c.with)
			without, few := run(c.without)
			t.Logf("40 seconds buy %d trials and %.3g with an eye on the cost, %d and %.3g without", many, with, few, without)
			if many <= few || !(with < 1.2*without) {
				t.Errorf("40 seconds buy %d trials and %.3g with an eye on the cost, %d and %.3g without", many, with, few, without)
			}
		})
	}
}

// TestCostIsCooled wants the cost not to count once the budget is used up, nor by default where no limit is one of time or the
// costs hardly differ.
func TestCostIsCooled(t *testing.T) {
	p, cost := dear()
	propose := func(cfg search.Config, flat bool) trial.Params {
		sampler, err := search.New(cfg, p.space)
		if err != nil {
			t.Fatal(err)
		}
		r := searchtest.NewRecord(3, trial.Shape{Folds: 1, Epochs: 1})
		for i := range 30 {
			q, err := search.Space{Parameters: p.space.Parameters}.Fill(nil, search.Source(8, i))
			if err != nil {
				t.Fatal(err)
			}
			if r.Cost = cost(q); flat {
				r.Cost = 1 + 0.5*q.Float("x0", 0)
			}
			r.Complete(q, p.loss(q))
		}
		var out trial.Params
		for i := range 10 { // proposals for the same trial, from different random draws
			q, err := sampler.Sample(r.State, search.Source(3, 30+i))
			if err != nil {
				t.Fatal(err)
			}
			for k := range q {
				q[k].Name = fmt.Sprintf("%s of %d", q[k].Name, i)
			}
			out = append(out, q...)
		}
		return out
	}
	gp := search.Config{Type: search.GPType}
	plain := propose(gp, false)
	gp.Cost = true
	if propose(gp, false).Equal(plain) {
		t.Error("the cost does not count")
	}
	gp.Spending = search.Spending{Trials: 30}
	if !propose(gp, false).Equal(plain) {
		t.Error("the cost counts although the budget is used up")
	}
	gp = search.Config{Type: search.GPType}
	timed := search.Config{Spending: search.Spending{GPUSeconds: 1e6, GPUShare: 1}}
	if propose(timed, false).Equal(plain) {
		t.Error("auto does not mind the cost")
	}
	if !propose(search.Config{}, false).Equal(plain) {
		t.Error("auto minds the cost although time is not limited")
	}
	if !propose(timed, true).Equal(propose(gp, true)) {
		t.Error("auto minds costs that hardly differ")
	}
}
