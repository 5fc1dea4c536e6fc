package gp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"automl/search/tpe"
)

// randomly is the best loss of n random points.
func (p problem) randomly(seed uint64, n int) float64 {
	source, best := rand.New(rand.NewPCG(seed, 0)), math.Inf(1)
	u := make([]float64, len(p.space.Dims))
	for range n {
		for d := range u {
			u[d] = source.Float64()
		}
		best = min(best, p.loss(p.space.place(u)))
	}
	return best
}

// tree is the space as package tpe has it.
func (p problem) tree() tpe.Tree {
	t := tpe.Tree{Active: p.space.active}
	for _, dim := range p.space.Dims {
		d := tpe.Dim{Choices: dim.Choices, Fixed: dim.fixed()}
		if n := float64(len(dim.Levels)); n > 0 { // those of the problems are the middles of equal cells
			d.Cell = func(x float64) (center, low, high float64) {
				i := min(math.Floor(x*n), n-1)
				return (i + 0.5) / n, i / n, (i + 1) / n
			}
		}
		t.Dims = append(t.Dims, d)
	}
	return t
}

// byTPE is the best loss of n points of the tree-structured Parzen estimator, with the same first ones as play.
func (p problem) byTPE(seed uint64, n int) float64 {
	var x [][]float64
	var y []float64
	start := halton(10, len(p.space.Dims), rand.New(rand.NewPCG(seed, 0)))
	for i := range n {
		if i < len(start) {
			x = append(x, p.space.place(start[i]))
		} else {
			order := byValue(y)
			good := min((i+9)/10, 25)
			g, b := tpe.Fit(p.tree(), pick(x, order[:good]), nil), tpe.Fit(p.tree(), pick(x, order[good:]), nil)
			x = append(x, tpe.Propose(g, b, 24, nil, rand.New(rand.NewPCG(seed, uint64(i))))[0])
		}
		y = append(y, p.loss(x[i]))
	}
	return slices.Min(y)
}

// TestSearchesBeatRandomAndTPE holds the median of the best loss against a share of random search's, which is a few times what
// is measured, and against that of TPE; the seeds are fixed.
func TestSearchesBeatRandomAndTPE(t *testing.T) {
	for _, c := range []struct {
		problem
		trials, workers int
		share           float64
	}{{branin(), 50, 1, 0.02}, {hartmann6(), 50, 4, 0.5}, {ackley(10), 50, 1, 0.8}, {mixed(), 50, 1, 0.3},
		{branches(), 50, 1, 0.8}} {
		t.Run(fmt.Sprintf("%s, %d workers", c.name, c.workers), func(t *testing.T) {
			t.Parallel()
			var found, random, parzen []float64
			for seed := range uint64(7) {
				found = append(found, slices.Min(c.play(seed, c.trials, c.workers, Options{})))
				random = append(random, c.randomly(seed, c.trials))
				parzen = append(parzen, c.byTPE(seed, c.trials))
			}
			for _, v := range [][]float64{found, random, parzen} {
				slices.Sort(v)
			}
			t.Logf("%d trials: %.4g, random %.4g, TPE %.4g", c.trials, found[3], random[3], parzen[3])
			if !(found[3] < c.share*random[3] && found[3] < parzen[3]) {
				t.Errorf("%.4g is not below TPE's %.4g, or not below %.2g of random search's %.4g", found[3], parzen[3], c.share, random[3])
			}
		})
	}
}
