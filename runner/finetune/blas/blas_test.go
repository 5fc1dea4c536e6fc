package blas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// allKernels runs a test under every kernel that this CPU can run.
func allKernels(t *testing.T, f func(t *testing.T)) {
	defer Choose("own")
	for _, name := range []string{"avx512", "avx2", "neon", "portable"} {
		if find(name) == nil {
			continue
		}
		if err := Choose(name); err != nil || Kernel() != name {
			t.Fatalf("%s was chosen and %s runs: %v", name, Kernel(), err)
		}
		t.Run(name, f)
	}
}

func random(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// near fails the test unless got equals want up to tol relative to the largest
// value of want.
func near(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	top := 1e-3
	for _, w := range want {
		top = math.Max(top, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tol*top) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], w)
		}
	}
}

func TestKernelIsNamed(t *testing.T) {
	switch Kernel() {
	case "avx512", "avx2", "neon", "portable":
	default:
		t.Errorf("kernel %q", Kernel())
	}
	if g := Measure(nil); !(g > 0) {
		t.Errorf("measured %v GFLOP/s", g)
	}
}

func TestGemm(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		sizes := [][3]int{{1, 1, 1}, {4, 24, 8}, {5, 23, 7}, {3, 100, 300}, {97, 49, 257}, {130, 7, 1}, {16, 1601, 27}, {33, 10, 64}}
		for _, s := range sizes {
			for mode := range 8 {
				checkGemm(t, rng, s[0], s[1], s[2], mode&1 > 0, mode&2 > 0, mode&4 > 0)
			}
		}
	})
}

func checkGemm(t *testing.T, rng *rand.Rand, m, n, k int, ta, tb, scale bool) {
	alpha, beta := float32(1), float32(0)
	if scale {
		alpha, beta = 0.5, -2
	}
	lda, ldb, ldc := k+3, n+1, n+2
	a, b := random(rng, m*lda), random(rng, k*ldb)
	if ta {
		lda = m + 1
		a = random(rng, k*lda)
	}
	if tb {
		ldb = k + 2
		b = random(rng, n*ldb)
	}
	c := random(rng, m*ldc)
	if beta == 0 {
		c[0] = float32(math.NaN()) // must not be read
	}
	at := func(x []float32, ld int, trans bool, i, j int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(x[i*ld+j])
	}
	want := make([]float64, len(c))
	for i, v := range c {
		want[i] = float64(v) // columns beyond n stay
	}
	for i := range m {
		for j := range n {
			sum := 0.0
			for p := range k {
				sum += at(a, lda, ta, i, p) * at(b, ldb, tb, p, j)
			}
			want[i*ldc+j] = float64(alpha) * sum
			if beta != 0 {
				want[i*ldc+j] += float64(beta) * float64(c[i*ldc+j])
			}
		}
	}
	Gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	near(t, fmt.Sprintf("gemm %dx%dx%d trans %v %v", m, n, k, ta, tb), c, want, 1e-5)
}

func TestGemmEdges(t *testing.T) {
	c := []float32{1, 2}
	Gemm(false, false, 1, 2, 0, 1, nil, 1, nil, 2, 3, c, 2)
	if c[0] != 3 || c[1] != 6 {
		t.Errorf("k = 0: got %v", c)
	}
	Gemm(false, false, 0, 2, 1, 1, nil, 1, []float32{1, 2}, 2, 0, nil, 2)
	defer func() {
		if recover() == nil {
			t.Error("a short matrix did not panic")
		}
	}()
	Gemm(false, false, 2, 2, 2, 1, make([]float32, 3), 2, make([]float32, 4), 2, 0, make([]float32, 4), 2)
}

func TestPointwiseKeepsNaN(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		x := make([]float32, 9)
		for i := range x {
			x[i] = float32(math.NaN())
		}
		y := make([]float32, 9)
		ReLU(x, y)
		for i, v := range y {
			if v == v {
				t.Errorf("relu turned NaN into %v at %d", v, i)
			}
		}
	})
}

func TestNormPasses(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))
		for _, hw := range []int{1, 5, 16, 21} {
			checkNorm(t, rng, 3, 5, hw)
		}
	})
}

// checkNorm compares statistics and the sums of the gradient with plain loops.
// The gradient as a whole is checked in package ops.
func checkNorm(t *testing.T, rng *rand.Rand, rows, c, hw int) {
	x, dy := random(rng, rows*c*hw), random(rng, rows*c*hw)
	for i := range x {
		x[i] += 100 // a large mean must not spoil the variance
	}
	mean, variance := make([]float32, c), make([]float32, c)
	ChannelStats(rows, c, hw, x, mean, variance)
	m64, v64, s64 := make([]float64, c), make([]float64, c), make([]float64, c)
	each := func(f func(ch, i int)) {
		for i := range x {
			f(i/hw%c, i)
		}
	}
	n := float64(rows * hw)
	each(func(ch, i int) { m64[ch] += float64(x[i]) / n; s64[ch] += float64(dy[i]) })
	each(func(ch, i int) { v64[ch] += (float64(x[i]) - m64[ch]) * (float64(x[i]) - m64[ch]) / n })
	near(t, "mean", mean, m64, 1e-6)
	near(t, "variance", variance, v64, 1e-4)
	one, sum := []float32{1, 1, 1, 1, 1}, make([]float32, c)
	NormGrad{Rows: rows, Channels: c, HW: hw}.Run(x, x, dy, mean, one, one, nil, nil, sum)
	near(t, "dbeta", sum, s64, 1e-5)
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range [][3]int{{512, 384, 1536}, {32, 64, 10}, {64, 256, 576}} {
		m, n, k := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("%dx%dx%d", m, n, k), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			x, y, z := random(rng, m*k), random(rng, k*n), make([]float32, m*n)
			for b.Loop() {
				Gemm(false, false, m, n, k, 1, x, k, y, n, 0, z, n)
			}
			gflops(b, 2*m*n*k)
		})
	}
}

func gflops(b *testing.B, flops int) {
	b.ReportMetric(float64(flops)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}
