package gp

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCacheIsAMemo compares proposals of a cache that followed the history with those of empty ones.
func TestCacheIsAMemo(t *testing.T) {
	s := everything()
	x, y := sample(s, 62, 5)
	y[20] = math.NaN()
	var kept Cache
	for n := 5; n <= 60; n += 5 {
		o := Observations{X: x[:n], Y: y[:n], Pending: x[n : n+2]}
		a := NewModel(s, o, Options{}, &kept).Propose(2, rand.New(rand.NewPCG(1, uint64(n))))
		b := NewModel(s, o, Options{}, &Cache{}).Propose(2, rand.New(rand.NewPCG(1, uint64(n))))
		if !slices.EqualFunc(a, b, same) {
			t.Fatalf("%d observations: %v with the cache, %v without", n, a, b)
		}
	}
}

// TestNoisyValuesDoNotBecomeTheIncumbent repeats a good point and has one lucky outlier elsewhere.
func TestNoisyValuesDoNotBecomeTheIncumbent(t *testing.T) {
	s := continuous(1)
	var o Observations
	source := rand.New(rand.NewPCG(1, 1))
	for i := range 40 {
		v := float64(i) / 39
		o.X, o.Y = append(o.X, []float64{v}), append(o.Y, 4*(v-0.3)*(v-0.3)+0.05*source.NormFloat64())
		o.Noise = append(o.Noise, 0.0025)
	}
	o.Y[35], o.Noise[35] = -0.2, 4 // at 0.9, with a large variance that is known
	m := NewModel(s, o, Options{}, nil)
	if best := m.x[m.order[0]][0]; math.Abs(best-0.3) > 0.15 {
		t.Errorf("the incumbent is at %v", best)
	}
}

// TestFailuresAreAvoided has the minimum behind a wall: the search may feel for it, but must not run into it.
func TestFailuresAreAvoided(t *testing.T) {
	s := continuous(2)
	var o Observations
	var cache Cache
	failed := 0
	for i := range 40 {
		x := s.place(halton(40, 2, rand.New(rand.NewPCG(3, 3)))[i])
		if i >= 10 {
			x = NewModel(s, o, Options{}, &cache).Propose(1, rand.New(rand.NewPCG(3, uint64(i))))[0]
		}
		y := x[0] + math.Pow(x[1]-0.5, 2)
		if x[0] < 0.3 {
			y = math.NaN()
			if i >= 25 && x[0] < 0.28 {
				failed++
			}
		}
		o.X, o.Y = append(o.X, x), append(o.Y, y)
	}
	best := math.Inf(1)
	for _, v := range o.Y {
		if v < best {
			best = v
		}
	}
	if failed > 3 || best > 0.301 {
		t.Errorf("%d of the last 15 failed far behind the wall, the best is %v, the best possible 0.3", failed, best)
	}
}

// TestNothingButFailures proposes all the same.
func TestNothingButFailures(t *testing.T) {
	s := everything()
	x, y := sample(s, 8, 1)
	for i := range y {
		y[i] = math.Inf(1)
	}
	if got := NewModel(s, Observations{X: x, Y: y}, Options{}, nil).Propose(1, rand.New(rand.NewPCG(1, 1))); len(got) != 1 {
		t.Error("no proposal")
	}
}

// TestHugeValues survives what a diverged trial may report.
func TestHugeValues(t *testing.T) {
	s := continuous(2)
	x, y := sample(s, 20, 1)
	y[3], y[4], y[5] = 1e308, -1e308, 1e-320
	for _, w := range []Warp{MeanLog, HalfRank, Power, Standard} {
		got := NewModel(s, Observations{X: x, Y: y}, Options{Warp: w}, nil).Propose(1, rand.New(rand.NewPCG(1, 1)))[0]
		if math.IsNaN(got[0]) {
			t.Errorf("warp %d: %v", w, got)
		}
	}
}

// TestFiniteSpaceIsSearchedWithoutRepeats runs until all of a grid is known.
func TestFiniteSpaceIsSearchedWithoutRepeats(t *testing.T) {
	s := &Space{Dims: []Dim{{Levels: levels(5)}, {Choices: 4}}}
	var o Observations
	for i := range 20 {
		x := NewModel(s, o, Options{}, nil).Propose(1, rand.New(rand.NewPCG(1, uint64(i))))[0]
		if slices.ContainsFunc(o.X, func(q []float64) bool { return same(q, x) }) {
			t.Fatalf("proposal %d repeats %v", i, x)
		}
		o.X, o.Y = append(o.X, x), append(o.Y, math.Abs(x[0]-0.7)+x[1])
	}
}

// TestManyObservations: the sparse posterior's proposal near a minimum that 2000 random points only surround.
func TestManyObservations(t *testing.T) {
	p := hartmann6()
	var o Observations
	least := math.Inf(1)
	for _, u := range halton(2000, 6, rand.New(rand.NewPCG(1, 1))) {
		o.X, o.Y = append(o.X, u), append(o.Y, p.loss(u))
		least = min(least, p.loss(u))
	}
	var cache Cache
	best := math.Inf(1)
	for i := range 10 {
		x := NewModel(p.space, o, Options{}, &cache).Propose(1, rand.New(rand.NewPCG(2, uint64(i))))[0]
		o.X, o.Y = append(o.X, x), append(o.Y, p.loss(x))
		best = min(best, p.loss(x))
	}
	t.Logf("best of 2000 random points %.4f, of 10 proposals %.4f", least, best)
	if best > 0.3*least {
		t.Errorf("best of 2000 random points %.4f, of 10 proposals %.4f", least, best)
	}
}

// TestSixtyDimensions fits and proposes.
func TestSixtyDimensions(t *testing.T) {
	s := continuous(60)
	x, y := sample(s, 80, 1)
	if got := NewModel(s, Observations{X: x, Y: y}, Options{}, nil).Propose(1, rand.New(rand.NewPCG(1, 1)))[0]; len(got) != 60 {
		t.Errorf("%v", got)
	}
}
