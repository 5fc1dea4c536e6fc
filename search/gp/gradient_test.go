package gp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"automl/search/internal/reference"
)

// everything is a space with each kind of coordinate.
func everything() *Space {
	return &Space{Dims: []Dim{{}, {Choices: 3}, {Conditional: true}, {Levels: levels(6), Conditional: true}, {Levels: levels(4)},
		{Levels: []float64{0.5}}, {Choices: 2, Conditional: true}},
		Active: func(x []float64, d int) bool { return (x[1] == 0) == (d == 2 || d == 6) }}
}

// sample is n random points of a space with outputs that depend on them.
func sample(s *Space, n int, seed uint64) (x [][]float64, y []float64) {
	source := rand.New(rand.NewPCG(seed, 9))
	for _, u := range halton(n, len(s.Dims), source) {
		p := s.place(u)
		v := 0.1 * source.NormFloat64()
		for d, t := range p {
			if !math.IsNaN(t) {
				v += math.Sin(float64(d+1) + 3*t)
			}
		}
		x, y = append(x, p), append(y, v)
	}
	return x, standardize(y)
}

// differences compares a gradient with central differences.
func differences(t *testing.T, what string, f objective, x []float64, tolerance float64) {
	t.Helper()
	grad, dummy := make([]float64, len(x)), make([]float64, len(x))
	f(x, grad)
	for i, v := range x {
		const h = 1e-5
		x[i] = v + h
		up := f(x, dummy)
		x[i] = v - h
		down := f(x, dummy)
		x[i] = v
		reference.Agree(t, fmt.Sprintf("%s, derivative %d", what, i), grad[i], (up-down)/(2*h), tolerance)
	}
}

func TestEvidenceGradient(t *testing.T) {
	for _, s := range []*Space{continuous(3), everything()} {
		for _, warp := range []bool{false, true} {
			x, y := sample(s, 14, 1)
			noise := make([]float64, len(y))
			noise[3] = 0.2
			v := newEvidence(s, x, y, noise, warp)
			phi := v.start(0.8, 0.01)
			for i := range phi {
				phi[i] += 0.1 * math.Sin(float64(i))
			}
			differences(t, fmt.Sprintf("evidence, warp %v", warp), v.eval, phi, 1e-6)
		}
	}
}

func TestKumaraswamyGradient(t *testing.T) {
	for _, x := range []float64{0, 0.2, 0.9, 1} {
		a, b := 1.7, 0.6
		byX, byA, byB := kumaraswamyGrad(x, a, b)
		const h = 1e-6
		if x > 0 && x < 1 {
			reference.Agree(t, "by x", byX, (kumaraswamy(x+h, a, b)-kumaraswamy(x-h, a, b))/(2*h), 1e-6)
		}
		reference.Agree(t, "by log a", byA, (kumaraswamy(x, a*math.Exp(h), b)-kumaraswamy(x, a*math.Exp(-h), b))/(2*h), 1e-6)
		reference.Agree(t, "by log b", byB, (kumaraswamy(x, a, b*math.Exp(h))-kumaraswamy(x, a, b*math.Exp(-h)))/(2*h), 1e-6)
		reference.Agree(t, "identity", kumaraswamy(x, 1, 1), x, 2e-4)
	}
}

func TestLogEIGradient(t *testing.T) {
	for _, z := range []float64{-40, -5, -3, -1, 0, 2} {
		f := func(v, grad []float64) float64 {
			value, m, s := LogEI(v[0], v[1], 0)
			grad[0], grad[1] = m, s
			return value
		}
		differences(t, fmt.Sprintf("log EI at z = %v", z), f, []float64{-z * 0.7, 0.7}, 1e-6)
	}
}

// TestAcquisitionGradient covers the posterior's gradients, exact and sparse, with pending points, input warp and failures.
func TestAcquisitionGradient(t *testing.T) {
	for _, s := range []*Space{continuous(3), everything()} {
		for _, n := range []int{20, exactLimit + 40} {
			x, y := sample(s, n, 2)
			o := Observations{X: x[3:], Y: y[3:], Pending: x[:3]}
			o.Y[4], o.Y[7] = math.NaN(), math.Inf(1)
			m := NewModel(s, o, Options{InputWarp: true}, nil)
			sc := m.scorer()
			for _, at := range []int{0, 5, 9} {
				p := s.place(halton(10, len(s.Dims), rand.New(rand.NewPCG(5, 5)))[at])
				var free []int
				for d, dim := range s.Dims {
					if dim.numeric() && !math.IsNaN(p[d]) {
						free = append(free, d)
					}
				}
				f := func(v, grad []float64) float64 {
					full := make([]float64, len(p))
					for i, d := range free {
						p[d] = v[i]
					}
					value := sc.grad(p, full)
					copy(grad, pick(full, free))
					return value
				}
				differences(t, fmt.Sprintf("acquisition of %d coordinates, %d observations", len(s.Dims), n), f, pick(p, free), 1e-5)
				reference.Agree(t, "value", sc.value(p), f(pick(p, free), make([]float64, len(free))), 1e-12)
				reference.Agree(t, "batch", m.values([][]float64{p})[0], sc.value(p), 1e-9)
			}
		}
	}
}

func TestDecay(t *testing.T) {
	for x := 0.0; x > -690; x = x*1.01 - 0.001 {
		if got, want := decay(x), math.Exp(x); math.Abs(got-want) > 1e-15*want {
			t.Errorf("decay(%v) = %v, want %v", x, got, want)
		}
	}
	if decay(0) != 1 || decay(math.Inf(-1)) != 0 || !math.IsNaN(decay(math.NaN())) {
		t.Error("decay is wrong at the ends")
	}
}
