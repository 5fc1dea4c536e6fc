package gp

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawSpace is a random space: conditional coordinates hang on the first, which is a choice when there are any.
func drawSpace(t *rapid.T) *Space {
	s := &Space{Dims: []Dim{{Choices: rapid.IntRange(2, 4).Draw(t, "choices")}},
		Active: func(x []float64, d int) bool { return int(x[0])%2 == d%2 }}
	for range rapid.IntRange(1, 6).Draw(t, "coordinates") {
		d := Dim{Conditional: rapid.Bool().Draw(t, "conditional")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			d.Choices = rapid.IntRange(1, 4).Draw(t, "choices")
		case 1:
			d.Levels = levels(rapid.IntRange(1, 20).Draw(t, "levels"))
		}
		s.Dims = append(s.Dims, d)
	}
	return s
}

func drawData(t *rapid.T, s *Space, n int) (x [][]float64, y []float64) {
	return sample(s, n, rapid.Uint64().Draw(t, "seed"))
}

func drawParams(t *rapid.T, s *Space) Params {
	p := Params{Gap: rapid.Float64Range(0, 2).Draw(t, "gap"), Scale: rapid.Float64Range(0.1, 10).Draw(t, "scale"), Noise: 1e-6}
	for range s.Dims {
		p.Length = append(p.Length, rapid.Float64Range(0.05, 20).Draw(t, "length"))
	}
	return p
}

// TestKernelIsPositive factors covariances without noise, where only rounding is made up for.
func TestKernelIsPositive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpace(t)
		x, _ := drawData(t, s, 25)
		p := drawParams(t, s)
		k := NewKernel(s, p)
		gram, l := newMatrix(len(x)), newMatrix(len(x))
		k.gram(k.embed(x), gram)
		for i := range x {
			gram.data[i*gram.n+i] += 1e-9 * p.Scale
		}
		copy(l.data, gram.data)
		if !cholesky(gram, l) || l.data[0] > math.Sqrt(p.Scale*(1+2e-9)) {
			t.Fatal("not positive semidefinite")
		}
	})
}

// TestPosteriorVariance is never negative, never above the prior's, and falls with pending points.
func TestPosteriorVariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpace(t)
		x, y := drawData(t, s, 30)
		p := drawParams(t, s)
		for _, g := range []*Posterior{NewPosterior(s, p, x[:20], y[:20], nil), NewSparse(s, p, x[:20], y[:20], nil, []int{0, 3, 7, 12})} {
			with := g.WithPending(x[20:23])
			for _, q := range x[23:] {
				mean, variance := g.At(q)
				again, less := with.At(q)
				if !(variance > 0) || variance > p.Scale*(1+1e-9) || less > variance+1e-7*p.Scale {
					t.Fatalf("variance %v, with pending points %v, prior %v", variance, less, p.Scale)
				}
				if math.IsNaN(mean) || mean != again {
					t.Fatalf("mean %v, with pending points %v", mean, again)
				}
			}
		}
	})
}

func TestWarpsAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-3, 3), rapid.Float64Range(-1e300, 1e300), rapid.SampledFrom([]float64{0, 1, 1e-300})), 0, 40).Draw(t, "y")
		for _, w := range []Warp{MeanLog, HalfRank, Power, Standard} {
			z := w.Apply(y)
			order := byValue(y)
			for i := 1; i < len(order); i++ {
				a, b := order[i-1], order[i]
				if z[a] > z[b]+1e-9 || y[a] == y[b] && z[a] != z[b] {
					t.Fatalf("warp %d: %v and %v become %v and %v", w, y[a], y[b], z[a], z[b])
				}
			}
			for _, v := range z {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("warp %d of %v: %v", w, y, z)
				}
			}
		}
	})
}

// TestOrderDoesNotMatter permutes observations, below the size at which the schedule looks at the first ones.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpace(t)
		x, y := drawData(t, s, 18)
		a := NewModel(s, Observations{X: x[:15], Y: y[:15], Pending: x[15:17]}, Options{}, nil)
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}).Draw(t, "order")
		b := NewModel(s, Observations{X: pick(x, order), Y: pick(y, order), Pending: []([]float64){x[16], x[15]}}, Options{}, nil)
		p, _ := a.objective.At(x[17])
		q, _ := b.objective.At(x[17])
		if math.Abs(p-q) > 1e-3 { // the fit stops early, and rounding may take it elsewhere by a little
			t.Fatalf("means %v and %v", p, q)
		}
	})
}

// TestProposalsBelongToTheSpace plays with everything a history can hold.
func TestProposalsBelongToTheSpace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpace(t)
		n := rapid.IntRange(0, 12).Draw(t, "n")
		x, y := drawData(t, s, 16)
		o := Observations{X: slices.Clone(x[:n]), Y: slices.Clone(y[:n]), Pending: x[12 : 12+rapid.IntRange(0, 3).Draw(t, "pending")]}
		for i := range o.Y {
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0:
				o.Y[i] = math.NaN()
			case 1:
				o.Y[i] = 1 // equal values
			case 2:
				o.X[i] = o.X[0] // duplicates
			}
		}
		found := NewModel(s, o, Options{}, nil).Propose(3, rand.New(rand.NewPCG(1, 2)))
		if len(found) == 0 {
			t.Fatal("no proposal")
		}
		for _, p := range found {
			belongs(t, s, p)
		}
	})
}

func belongs(t *rapid.T, s *Space, p []float64) {
	for d, dim := range s.Dims {
		v := p[d]
		switch {
		case s.active(p, d) == math.IsNaN(v):
			t.Fatalf("%v: coordinate %d is there or absent where it must not", p, d)
		case math.IsNaN(v):
		case dim.Choices > 0 && (v != math.Trunc(v) || v < 0 || v >= float64(dim.Choices)),
			dim.Levels != nil && !slices.Contains(dim.Levels, v), v < 0, dim.Choices == 0 && v > 1:
			t.Fatalf("%v: %v is not a value of coordinate %d", p, v, d)
		}
	}
}

// TestRankFindsTheBest compares the pruned search of a list with a full one.
func TestRankFindsTheBest(t *testing.T) {
	for _, n := range []int{15, exactLimit + 50} {
		s := everything()
		x, y := sample(s, n, 3)
		m := NewModel(s, Observations{X: x[2:], Y: y[2:], Pending: x[:2]}, Options{}, nil)
		list, _ := sample(s, 1000, 4)
		best := slices.MaxFunc(list, func(a, b []float64) int { return cmp.Compare(m.Acquisition(a), m.Acquisition(b)) })
		if got := list[m.Rank(list, 5)[0]]; !same(got, best) {
			t.Errorf("of %d observations: %v has %v, %v has %v", n, got, m.Acquisition(got), best, m.Acquisition(best))
		}
	}
}
