package gp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// history is n observations in 8 dimensions as a search leaves them: a third at random, the rest ever closer to the minimum.
func history(n int) Observations {
	source := rand.New(rand.NewPCG(1, 1))
	var o Observations
	for i := range n {
		x, y := make([]float64, 8), 0.0
		for d := range x {
			x[d] = source.Float64()
			if i > n/3 {
				x[d] = min(max(0.4+0.3*source.NormFloat64()/math.Sqrt(1+float64(i-n/3)/10), 0), 1)
			}
			y += float64(d+1) * math.Pow(x[d]-0.4, 2)
		}
		o.X, o.Y = append(o.X, x), append(o.Y, y+0.01*source.NormFloat64())
	}
	return o
}

// BenchmarkFresh fits and proposes without a cache, the worst case.
func BenchmarkFresh(b *testing.B) {
	for _, n := range []int{20, 100, 300, 1000, 10000} {
		o, s := history(n), continuous(8)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				NewModel(s, o, Options{}, nil).Propose(1, rand.New(rand.NewPCG(1, 1)))
			}
		})
	}
}

// BenchmarkModel is the part of BenchmarkFresh before the proposal.
func BenchmarkModel(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		o, s := history(n), continuous(8)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				NewModel(s, o, Options{}, nil)
			}
		})
	}
}

// BenchmarkPropose has the model's posterior in the cache, and four pending points.
func BenchmarkPropose(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		o, s := history(n), continuous(8)
		o.Pending = halton(4, 8, rand.New(rand.NewPCG(1, 1)))
		var cache Cache
		NewModel(s, o, Options{}, &cache)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				NewModel(s, o, Options{}, &cache).Propose(1, rand.New(rand.NewPCG(1, 1)))
			}
		})
	}
}

// BenchmarkRank orders 30,000 candidates.
func BenchmarkRank(b *testing.B) {
	for _, n := range []int{100, 1000} {
		s := continuous(8)
		m := NewModel(s, history(n), Options{}, nil)
		candidates := halton(30000, 8, rand.New(rand.NewPCG(2, 2)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				m.Rank(candidates, 1)
			}
		})
	}
}
