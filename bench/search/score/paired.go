package score

import (
	"math"
	"slices"
)

// Pair compares two searches at one budget, on the same tasks with the same seeds.
type Pair struct {
	Suite     string
	Workers   int
	Budget    float64
	Runs      int     // pairs
	A, B      float64 // mean regret over the pairs
	Low, High float64 // 95% interval of A-B over the pairs
}

// Difference is how much more regret the first search has.
func (p Pair) Difference() float64 { return p.A - p.B }

// FewPairs is how many pairs an interval needs to mean anything: drawn again, two or three runs agree with each other too often.
const FewPairs = 10

// Worse reports whether the first search is worse by more than chance explains; never with few pairs.
func (p Pair) Worse() bool { return p.Low > 0 && p.Runs >= FewPairs }

// Better reports whether the first search is better by more than chance explains; never with few pairs.
func (p Pair) Better() bool { return p.High < 0 && p.Runs >= FewPairs }

// Paired compares search a with search b wherever both ran the same task with the same seed and number of workers: one Pair for
// each suite, number of workers and budget. The interval is that of the mean difference when pairs are drawn again with
// replacement.
func Paired(runs []Run, a, b string) []Pair {
	var out []Pair
	for _, g := range groups(runs) {
		mine := g.of(runs)
		for _, budget := range budgets(mine) {
			x, y := matched(byCase(mine, a, budget), byCase(mine, b, budget))
			if len(x) == 0 {
				continue
			}
			p := Pair{Suite: g.suite, Workers: g.workers, Budget: budget, Runs: len(x), A: mean(x), B: mean(y)}
			difference := make([]float64, len(x))
			for i := range x {
				difference[i] = x[i] - y[i]
			}
			p.Low, p.High = Bootstrap(difference)
			out = append(out, p)
		}
	}
	return out
}

// pairing is a task with a seed.
type pairing struct {
	task string
	seed int
}

// cases is regrets in the order they come.
type cases struct {
	keys   []pairing
	values map[pairing]float64
}

// byCase is what a search scored at a budget.
func byCase(runs []Run, name string, budget float64) cases {
	c := cases{values: map[pairing]float64{}}
	for _, r := range runs {
		if v := r.regretAt(budget); r.Optimizer == name && !math.IsNaN(v) {
			k := pairing{r.Task, r.Seed}
			c.keys, c.values[k] = append(c.keys, k), v
		}
	}
	return c
}

// matched is the regrets of two searches where both have one.
func matched(a, b cases) (x, y []float64) {
	for _, k := range a.keys {
		if v, both := b.values[k]; both {
			x, y = append(x, a.values[k]), append(y, v)
		}
	}
	return x, y
}

// Scaling is what more workers cost a search, at one budget on the same tasks with the same seeds: the budget is what all workers
// train together, so a search that loses nothing has a ratio of 1.
type Scaling struct {
	Suite, Optimizer string
	Workers          int
	Budget           float64
	Runs             int
	One, Many        float64 // mean regret with one worker, and with so many
}

// Ratio is above 1 where the search is worse with more workers; NaN when only the regret with one worker is 0.
func (s Scaling) Ratio() float64 {
	switch {
	case s.One == s.Many:
		return 1
	case s.One == 0:
		return math.NaN()
	}
	return s.Many / s.One
}

// Scale compares the runs of each search with one worker and with more, from a budget on.
func Scale(runs []Run, from float64) []Scaling {
	var out []Scaling
	for _, many := range groups(runs) {
		if many.workers == 1 {
			continue
		}
		first, more := (group{many.suite, 1}).of(runs), many.of(runs)
		for _, name := range distinct(more, optimizer) {
			for _, budget := range slices.DeleteFunc(budgets(more), func(b float64) bool { return b < from }) {
				x, y := matched(byCase(first, name, budget), byCase(more, name, budget))
				if len(x) > 0 {
					out = append(out, Scaling{many.suite, name, many.workers, budget, len(x), mean(x), mean(y)})
				}
			}
		}
	}
	return out
}
