package blas

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// relative fails the test unless got equals want up to tol relative to want,
// or floor where want is smaller.
func relative(t *testing.T, what string, got []float32, want func(i int) float64, tol, floor float64) {
	t.Helper()
	for i, g := range got {
		if w := want(i); !(math.Abs(float64(g)-w) <= tol*max(math.Abs(w), floor)) {
			t.Fatalf("%s: value %d is %v, want %v (off by %.2g of it)", what, i, g, w, float64(g)/w-1)
		}
	}
}

// sweep holds values of every size, both signs, and an odd number of them.
func sweep() []float32 {
	x := []float32{0, 1e-30, -1e-30}
	for v := -20.0; v < 20; v += 0.0137 {
		x = append(x, float32(v))
	}
	for v := 1e-9; v < 1; v *= 1.07 {
		x = append(x, float32(v), float32(-v))
	}
	return append(x, 88, -88, 1e10)[:len(x)/16*16+13]
}

func phi(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func geluSlope(x float64) float64 {
	return phi(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

func TestGELU(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		x := sweep()
		y, slope, dx := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
		dy := random(rand.New(rand.NewPCG(1, 2)), len(x))
		want := func(i int) float64 { return float64(x[i]) * phi(float64(x[i])) }
		GELU(x, y, nil)
		relative(t, "gelu", y, want, 1e-6, 1e-1)
		relative(t, "gelu's tail", y, want, 1e-5, 1e-30)
		GELU(x, y, slope)
		relative(t, "gelu with slope", y, want, 1e-6, 1e-1)
		relative(t, "slope", slope, func(i int) float64 { return geluSlope(float64(x[i])) }, 5e-7, 1)
		GELUGrad(x, dy, dx)
		relative(t, "gradient", dx, func(i int) float64 { return float64(dy[i]) * geluSlope(float64(x[i])) }, 5e-7, 4)
		Mul(dy, slope, dy)
		near(t, "product", dy, widen(dx), 1e-7)
	})
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func TestTanh(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		x := sweep()
		y, dx := make([]float32, len(x)), make([]float32, len(x))
		dy := random(rand.New(rand.NewPCG(1, 2)), len(x))
		Tanh(x, y)
		relative(t, "tanh", y, func(i int) float64 { return math.Tanh(float64(x[i])) }, 5e-7, 1e-38)
		TanhGrad(y, dy, dx)
		relative(t, "gradient", dx, func(i int) float64 { return float64(dy[i]) * (1 - float64(y[i])*float64(y[i])) }, 5e-7, 4)
	})
}

// A NaN must not be lost: it is how a training that diverged is noticed.
func TestFunctionsKeepNaN(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		const n = 21
		x, ones := make([]float32, n), make([]float32, n)
		for i := range x {
			ones[i] = 1
		}
		for at := range n {
			clear(x)
			x[at] = float32(math.NaN())
			y, slope, row, mean, inv := make([]float32, n), make([]float32, n), make([]float32, n), []float32{0}, []float32{0}
			GELU(x, y, slope)
			Tanh(x, row)
			if y[at] == y[at] || slope[at] == slope[at] || row[at] == row[at] {
				t.Errorf("at %d: gelu %v, slope %v, tanh %v", at, y[at], slope[at], row[at])
			}
			Softmax(1, n, 1, x, nil, y)
			LayerNorm(1, n, 1e-5, x, ones, ones, row, mean, inv)
			if sum := SumSquares(x); sum == sum || y[at] == y[at] || row[at] == row[at] {
				t.Errorf("at %d: sum %v, softmax %v, layer norm %v", at, sum, y[at], row[at])
			}
		}
	})
}

// Any number of threads gives the same bits, for every pass of a transformer.
func TestThreadsDoNotChangeRows(t *testing.T) {
	defer SetThreads(1)
	const rows, cols = 301, 387
	run := func() []float32 {
		rng := rand.New(rand.NewPCG(5, 5))
		x, dy, gamma, beta := random(rng, rows*cols), random(rng, rows*cols), random(rng, cols), random(rng, cols)
		y, d, mean, inv := make([]float32, rows*cols), make([]float32, rows*cols), make([]float32, rows), make([]float32, rows)
		out := []float32{float32(SumSquares(x))}
		keep := func(s ...[]float32) { out = append(out, slices.Concat(s...)...) }
		GELU(x, y, d)
		keep(y, d)
		GELUGrad(x, dy, d)
		Softmax(rows, cols, 0.3, x, gamma, y)
		keep(y, d)
		SoftmaxGrad(rows, cols, 0.3, y, dy, d)
		LayerNorm(rows, cols, 1e-12, x, gamma, beta, y, mean, inv)
		keep(y, d, mean, inv)
		LayerNormGrad(rows, cols, x, dy, gamma, mean, inv, d, gamma, beta)
		keep(d, gamma, beta)
		ColumnSum(rows, cols, dy, beta)
		AdamW{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Step: 1, Scale: 1}.Run(x, dy, y, d)
		keep(beta, x, y, d)
		return out
	}
	SetThreads(1)
	want := run()
	for _, n := range []int{2, 5} {
		SetThreads(n)
		for i, v := range run() {
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				t.Fatalf("%d threads change value %d: %v, want %v", n, i, v, want[i])
			}
		}
	}
}

func BenchmarkPointwise(b *testing.B) {
	const rows, cols = 512, 1536
	rng := rand.New(rand.NewPCG(5, 5))
	x, dy, gamma, beta := random(rng, rows*cols), random(rng, rows*cols), random(rng, cols), random(rng, cols)
	y, d, mean, inv := make([]float32, rows*cols), make([]float32, rows*cols), make([]float32, rows), make([]float32, rows)
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"gelu", func() { GELU(x, y, nil) }},
		{"gelu+slope", func() { GELU(x, y, d) }},
		{"gelu-grad", func() { GELUGrad(x, dy, d) }},
		{"mul", func() { Mul(x, dy, y) }},
		{"tanh", func() { Tanh(x, y) }},
		{"softmax32", func() { Softmax(rows*cols/32, 32, 1, x, nil, y) }},
		{"softmax32-grad", func() { SoftmaxGrad(rows*cols/32, 32, 1, x, dy, y) }},
		{"layernorm384", func() { LayerNorm(512, 384, 1e-12, x, gamma, beta, y, mean, inv) }},
		{"layernorm384-grad", func() { LayerNormGrad(512, 384, x, dy, gamma, mean, inv, d, gamma, beta) }},
		{"column-sum", func() { ColumnSum(rows, cols, x, beta) }},
		{"adamw", func() {
			AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Step: 1, Scale: 1}.Run(x, dy, y, d)
		}},
		{"sum-squares", func() { SumSquares(x) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			clear(y)
			clear(d)
			for b.Loop() {
				c.f()
			}
		})
	}
}
