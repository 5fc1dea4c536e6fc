package score

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Run is what one search scored on one task with one seed.
type Run struct {
	Suite, Task, Optimizer string
	Seed, Workers          int
	Budgets                []float64 // in multiples of the epochs of a full run; of a black box, in trials
	Regret                 []float64 // at each of the budgets
	Epochs, Trials         int
	Ended                  string
	Ask, Tell              Timing
}

// Timing is how long a search took to answer, in milliseconds.
type Timing struct{ P50, P99, Total float64 }

// Time sums up how long answers took.
func Time(took []time.Duration) Timing {
	if len(took) == 0 {
		return Timing{}
	}
	sorted := slices.Clone(took)
	slices.Sort(sorted)
	t := Timing{}
	for _, d := range sorted {
		t.Total += milliseconds(d)
	}
	at := func(q float64) float64 { return milliseconds(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]) }
	t.P50, t.P99 = at(0.5), at(0.99)
	return t
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// mean is NaN for nothing.
func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// ranks gives the least value rank 1; equal values share the mean of their ranks.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(v[i], v[j]) })
	out := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j+1 < len(order) && v[order[j+1]] == v[order[i]] {
			j++
		}
		for k := i; k <= j; k++ {
			out[order[k]] = float64(i+j)/2 + 1
		}
		i = j + 1
	}
	return out
}

// regretAt is the regret of a run at a budget; NaN when it did not go that far.
func (r Run) regretAt(budget float64) float64 {
	if i := slices.Index(r.Budgets, budget); i >= 0 {
		return r.Regret[i]
	}
	return math.NaN()
}
