package gp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestIndicesAreThoseOfTheFunction: of f = 4 x0 + 2 x1 + 3 (x2-1/2)(x3-1/2), x4 idle, the indices are known: variances 16/12, 4/12 and
// 9/144.
func TestIndicesAreThoseOfTheFunction(t *testing.T) {
	s := continuous(5)
	var o Observations
	for _, u := range halton(200, 5, rand.New(rand.NewPCG(1, 1))) {
		x := s.place(u)
		o.X, o.Y = append(o.X, x), append(o.Y, 4*x[0]+2*x[1]+3*(x[2]-0.5)*(x[3]-0.5))
	}
	m := NewModel(s, o, Options{Warp: Standard}, nil)
	got := m.Indices([][]int{{0}, {1}, {2}, {3}, {4}, {2, 3}}, 1)
	whole := 16./12 + 4./12 + 9./144
	cross := 9. / 144 / whole
	want := []Indices{{16. / 12 / whole, 16. / 12 / whole}, {4. / 12 / whole, 4. / 12 / whole}, {0, cross}, {0, cross}, {}, {cross, cross}}
	for i := range want {
		if math.Abs(got[i].Main-want[i].Main) > 0.03 || math.Abs(got[i].Total-want[i].Total) > 0.03 {
			t.Errorf("group %d: %.3f, want %.3f", i, got[i], want[i])
		}
	}
	if share, ok := m.Predicts(); !ok || share < 0.99 {
		t.Errorf("of a smooth function %.3f is foretold", share)
	}
}

// TestIndicesOfNothing: outputs that depend on nothing are not foretold, and equal ones have no variance to divide.
func TestIndicesOfNothing(t *testing.T) {
	s := continuous(2)
	source := rand.New(rand.NewPCG(1, 1))
	var o, same Observations
	for _, u := range halton(60, 2, source) {
		x := s.place(u)
		o.X, o.Y = append(o.X, x), append(o.Y, source.NormFloat64())
		same.X, same.Y = append(same.X, x), append(same.Y, 3)
	}
	if share, ok := NewModel(s, o, Options{Warp: Standard}, nil).Predicts(); !ok || share > 0.2 {
		t.Errorf("of noise %.3f is foretold", share)
	}
	for _, q := range NewModel(s, same, Options{Warp: Standard}, nil).Indices([][]int{{0}, {1}}, 1) {
		if q != (Indices{}) {
			t.Errorf("equal outputs have the indices %v", q)
		}
	}
}

// TestConditionalIndices: a coordinate that exists in one of three choices matters there alone.
func TestConditionalIndices(t *testing.T) {
	s := &Space{Dims: []Dim{{Choices: 3}, {Conditional: true}}, Active: func(x []float64, _ int) bool { return x[0] == 2 }}
	var o Observations
	for _, u := range halton(90, 2, rand.New(rand.NewPCG(1, 1))) {
		x := s.place(u)
		y := 0.0
		if !math.IsNaN(x[1]) {
			y = x[1] - 0.5
		}
		o.X, o.Y = append(o.X, x), append(o.Y, y)
	}
	m := NewModel(s, o, Options{Warp: Standard}, nil)
	got := m.Indices([][]int{{0}, {1}}, 1)
	// y is (u-1/2) 1[c=2]: E[y|u] has variance 1/9 of 1/12, E[y|c] none; the whole is 1/3 of 1/12.
	if math.Abs(got[0].Main) > 0.05 || math.Abs(got[1].Main-1./3) > 0.05 || math.Abs(got[0].Total-2./3) > 0.05 || math.Abs(got[1].Total-1) > 0.05 {
		t.Errorf("%.3f", got)
	}
}
