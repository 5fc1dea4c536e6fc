package gp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestLeft compares what an observation would leave of the variance with what it leaves once it is there.
func TestLeft(t *testing.T) {
	for _, shared := range []float64{0, 0.6} {
		testLeft(t, Params{Length: []float64{0.3, 0.4}, Scale: 1.2, Noise: 0, Shared: shared})
	}
}

func testLeft(t *testing.T, p Params) {
	t.Helper()
	s := &Space{Dims: []Dim{{}, {}}}
	r := rand.New(rand.NewPCG(1, 1))
	var x [][]float64
	var y, noise []float64
	for range 12 {
		x, y, noise = append(x, []float64{r.Float64(), r.Float64()}), append(y, r.NormFloat64()), append(noise, 0.5*r.Float64())
	}
	g := NewPosterior(s, p, x, y, noise)
	at, noises := []float64{0.4, 0.6}, []float64{0.3, 0.05}
	got := make([]float64, len(noises))
	g.left(at, -1, noises, got)
	_, before := g.At(at)
	for k, n := range noises {
		_, after := NewPosterior(s, p, append(x[:len(x):len(x)], at), append(y[:len(y):len(y)], 0), append(noise[:len(noise):len(noise)], n)).At(at)
		if want := after / before; math.Abs(got[k]-want) > 1e-6 {
			t.Errorf("noise %v leaves %v of the variance, want %v", n, got[k], want)
		}
	}
	own := 3
	g.left(x[own], own, []float64{noise[own], 1e-9}, got)
	if math.Abs(got[0]-1) > 1e-6 {
		t.Errorf("what is known already leaves %v", got[0])
	}
	if got[1] > 1e-3 {
		t.Errorf("the exact value leaves %v", got[1])
	}
}

// TestLeftOfSparse holds the sparse posterior that rests on all points against the exact one.
func TestLeftOfSparse(t *testing.T) {
	s := &Space{Dims: []Dim{{}, {}}}
	p := Params{Length: []float64{0.3, 0.4}, Scale: 1.2, Noise: 0}
	r := rand.New(rand.NewPCG(2, 1))
	var x [][]float64
	var y, noise []float64
	var all []int
	for i := range 12 {
		x, y, noise, all = append(x, []float64{r.Float64(), r.Float64()}), append(y, r.NormFloat64()), append(noise, 0.1+0.5*r.Float64()), append(all, i)
	}
	exact, sparse := NewPosterior(s, p, x, y, noise), NewSparse(s, p, x, y, noise, all)
	want, got := make([]float64, 2), make([]float64, 2)
	for own := range x {
		noises := []float64{noise[own] / 2, noise[own] / 100}
		exact.left(x[own], own, noises, want)
		sparse.left(x[own], own, noises, got)
		for k := range noises {
			if math.Abs(got[k]-want[k]) > 1e-4 {
				t.Errorf("own %d, noise %v: it leaves %v of the variance, want %v", own, noises[k], got[k], want[k])
			}
		}
	}
}

// TestFitShared draws errors that are a function of the point, or noise, and finds out which.
func TestFitShared(t *testing.T) {
	s := &Space{Dims: []Dim{{}}}
	for _, c := range []struct {
		name      string
		ofPoint   bool
		low, high float64
	}{{"a function of the point", true, 0.6, 1}, {"noise", false, 0, 0.3}} {
		sum := 0.0
		const studies = 10
		for seed := range uint64(studies) {
			r := rand.New(rand.NewPCG(seed, 7))
			shift := r.Float64()
			var x [][]float64
			var y, noise []float64
			for i := range 60 {
				u := float64(i) / 60
				v, e := math.Sin(9*u+6*shift), 0.0
				if i%2 == 0 { // half of the trials went on to the end
					e = 0.7 * r.NormFloat64()
					if c.ofPoint {
						e = 0.7 * math.Sin(14*u+11*shift)
					}
					noise = append(noise, 0.5)
				} else {
					noise = append(noise, 0)
				}
				x, y = append(x, []float64{u}), append(y, v+e)
			}
			p := Params{Length: []float64{0.2}, Scale: 1, Noise: 1e-3}
			fitShared(s, &p, x, y, noise)
			sum += p.Shared / studies
		}
		if sum < c.low || sum > c.high {
			t.Errorf("%s: a share of %v", c.name, sum)
		}
	}
}
