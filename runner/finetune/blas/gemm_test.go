package blas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// finishCase is a product with everything that may follow on it.
type finishCase struct {
	m, n, k, lda, ldb, ldc int
	transA, transB         bool
	a, b, c                []float32
	f                      Finish
}

func newFinishCase(rng *rand.Rand, m, n, k int, transA, transB bool) finishCase {
	x := finishCase{m: m, n: n, k: k, lda: max(1, k), ldb: n, ldc: n + 3, transA: transA, transB: transB}
	if transA {
		x.lda = m
	}
	if transB {
		x.ldb = max(1, k)
	}
	x.a, x.b, x.c = random(rng, m*k), random(rng, k*n), random(rng, m*x.ldc)
	x.f = Finish{Bias: random(rng, n), GELU: true, Slope: make([]float32, m*x.ldc), Add: random(rng, m*x.ldc), Times: random(rng, m*x.ldc)}
	return x
}

// want is the definition, in float64, with alpha 0.1 and beta 0.5.
func (x finishCase) want() (c, slope []float64) {
	c, slope = widen(x.c), make([]float64, len(x.c))
	for i := range x.m {
		for j := range x.n {
			sum, at := 0.0, i*x.ldc+j
			for p := range x.k {
				ia, ib := i*x.lda+p, p*x.ldb+j
				if x.transA {
					ia = p*x.lda + i
				}
				if x.transB {
					ib = j*x.ldb + p
				}
				sum += float64(x.a[ia]) * float64(x.b[ib])
			}
			v := 0.1*sum + 0.5*c[at] + float64(x.f.Bias[j])
			slope[at] = geluSlope(v)
			c[at] = (v*phi(v) + float64(x.f.Add[at])) * float64(x.f.Times[at])
		}
	}
	return c, slope
}

// clear forgets results, so that the case may be computed once more.
func (x finishCase) clear() finishCase {
	x.c, x.f.Slope = slices.Clone(x.c), make([]float32, len(x.c))
	return x
}

func TestGemmFinish(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, s := range [][3]int{{1, 1, 1}, {7, 50, 20}, {64, 77, 384}, {40, 144, 400}, {33, 16, 800}, {1100, 9, 8}, {6, 256, 256}, {3, 5, 0}} {
			for mode := range 4 {
				x := newFinishCase(rng, s[0], s[1], s[2], mode&1 > 0, mode&2 > 0)
				x.checkAll(t)
			}
		}
	})
}

// checkAll compares with the definition, and packed with unpacked bit for bit.
func (x finishCase) checkAll(t *testing.T) {
	what := fmt.Sprintf("%dx%dx%d trans %v %v", x.m, x.n, x.k, x.transA, x.transB)
	c, slope := x.want()
	got := x.clear()
	GemmFinish(x.transA, x.transB, x.m, x.n, x.k, 0.1, x.a, x.lda, x.b, x.ldb, 0.5, got.c, x.ldc, got.f)
	near(t, what, got.c, c, 1e-5)
	near(t, what+" slope", got.f.Slope, slope, 2e-6)
	var w Packed
	w.Pack(x.transB, x.k, x.n, x.b, x.ldb)
	again := x.clear()
	w.Gemm(x.transA, x.m, 0.1, x.a, x.lda, 0.5, again.c, x.ldc, again.f)
	if !slices.Equal(got.c, again.c) || !slices.Equal(got.f.Slope, again.f.Slope) {
		t.Errorf("%s: packed weights give other bits", what)
	}
}

// Attention's products, in place in (batch, sequence, heads*size).
func TestBatch(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		const batch, seq, heads, size = 2, 21, 3, 20
		const width = heads * size
		rng := rand.New(rand.NewPCG(1, 1))
		q, k := random(rng, batch*seq*width), random(rng, batch*seq*width)
		score := make([]float32, batch*heads*seq*seq)
		rows, square := Strides{seq * width, size}, Strides{heads * seq * seq, seq * seq}
		Batch{batch, heads, rows, rows, square}.Gemm(false, true, seq, seq, size, 0.5, q, width, k, width, 0, score, seq)
		want := make([]float64, len(score))
		at := func(x []float32, b, s, h, d int) float64 { return float64(x[(b*seq+s)*width+h*size+d]) }
		for i := range want {
			b, h, r, c := i/(heads*seq*seq), i/(seq*seq)%heads, i/seq%seq, i%seq
			for d := range size {
				want[i] += 0.5 * at(q, b, r, h, d) * at(k, b, c, h, d)
			}
		}
		near(t, "scores", score, want, 1e-5)
		// The context, and the gradient of the values, which reads the scores turned.
		for _, trans := range []bool{false, true} {
			out, w := make([]float32, len(q)), make([]float64, len(q))
			Batch{batch, heads, square, rows, rows}.Gemm(trans, false, seq, size, seq, 1, score, seq, k, width, 0, out, width)
			for i := range w {
				b, r, h, d := i/(seq*width), i/width%seq, i/size%heads, i%size
				for c := range seq {
					from := r*seq + c
					if trans {
						from = c*seq + r
					}
					w[i] += float64(score[(b*heads+h)*seq*seq+from]) * at(k, b, c, h, d)
				}
			}
			near(t, "context", out, w, 1e-5)
		}
		Batch{}.Gemm(false, false, 1, 1, 1, 1, nil, 1, nil, 1, 0, nil, 1)
	})
}

// Any number of threads gives the same bits, whatever is divided.
func TestThreadsDoNotChangeProducts(t *testing.T) {
	defer SetThreads(1)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, s := range [][3]int{{300, 200, 100}, {64, 900, 400}, {2000, 40, 70}, {130, 130, 900}} {
		for mode := range 4 {
			x := newFinishCase(rng, s[0], s[1], s[2], mode&1 > 0, mode&2 > 0)
			run := func(n int) []float32 {
				SetThreads(n)
				y := x.clear()
				GemmFinish(x.transA, x.transB, x.m, x.n, x.k, 0.1, x.a, x.lda, x.b, x.ldb, 0.5, y.c, x.ldc, y.f)
				return slices.Concat(y.c, y.f.Slope)
			}
			want := run(1)
			for _, n := range []int{2, 3, 8} {
				if !slices.Equal(want, run(n)) {
					t.Errorf("%v: %d threads change the result", s, n)
				}
			}
		}
	}
}

// Many callers share the helpers without waiting for each other.
func TestManyCallers(t *testing.T) {
	defer SetThreads(1)
	SetThreads(3)
	rng := rand.New(rand.NewPCG(1, 1))
	x := newFinishCase(rng, 128, 160, 128, false, true)
	results := make([][]float32, 6)
	t.Run("all", func(t *testing.T) {
		for i := range results {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for range 10 {
					y := x.clear()
					GemmFinish(x.transA, x.transB, x.m, x.n, x.k, 0.1, x.a, x.lda, x.b, x.ldb, 0.5, y.c, x.ldc, y.f)
					results[i] = y.c
				}
			})
		}
	})
	for i := range results {
		if !slices.Equal(results[i], results[0]) {
			t.Errorf("caller %d got another result", i)
		}
	}
}

func TestAlphaZeroReadsNothing(t *testing.T) {
	nan := float32(math.NaN())
	c := []float32{1, 2}
	Gemm(false, false, 1, 2, 1, 0, []float32{nan}, 1, []float32{nan, nan}, 2, 3, c, 2)
	if c[0] != 3 || c[1] != 6 {
		t.Errorf("got %v", c)
	}
}
