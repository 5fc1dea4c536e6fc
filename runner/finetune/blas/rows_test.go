package blas

import (
	"math"
	"math/rand/v2"
	"testing"
)

// widths cover less than a vector, whole vectors, and a rest, for both lengths.
var widths = []int{1, 5, 8, 13, 16, 31, 32, 77, 384}

func TestSoftmax(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		for _, cols := range widths {
			checkSoftmax(t, rng, 5, cols)
		}
	})
}

func checkSoftmax(t *testing.T, rng *rand.Rand, rows, cols int) {
	const scale = 3
	x, dy, mask := random(rng, rows*cols), random(rng, rows*cols), make([]float32, cols)
	for i := 1; i < cols; i += 3 {
		mask[i] = float32(math.Inf(-1))
	}
	for i := range cols { // one row with large values
		x[i] += 1000
	}
	y, dx := make([]float32, rows*cols), make([]float32, rows*cols)
	want, grad := make([]float64, rows*cols), make([]float64, rows*cols)
	for _, m := range [][]float32{mask, nil} {
		for r := range rows {
			plainSoftmax(scale, x[r*cols:][:cols], m, dy[r*cols:], want[r*cols:], grad[r*cols:])
		}
		Softmax(rows, cols, scale, x, m, y)
		relative(t, "softmax", y, func(i int) float64 { return want[i] }, 5e-6, 1e-30)
		SoftmaxGrad(rows, cols, scale, y, dy, dx)
		near(t, "gradient", dx, grad, 2e-6)
		copy(dx, x)
		Softmax(rows, cols, scale, dx, m, dx)
		near(t, "in place", dx, widen(y), 0)
	}
}

// plainSoftmax is one row of the definition, and of the gradient from finite
// sums.
func plainSoftmax(scale float64, x, mask, dy []float32, y, dx []float64) {
	top, sum, dot := math.Inf(-1), 0.0, 0.0
	for i, v := range x {
		y[i] = float64(float32(scale) * v)
		if mask != nil {
			y[i] += float64(mask[i])
		}
		top = max(top, y[i])
	}
	for i := range x {
		y[i] = math.Exp(y[i] - top)
		sum += y[i]
	}
	for i := range x {
		y[i] /= sum
		if y[i] < 1.2e-38 { // is flushed
			y[i] = 0
		}
		dot += y[i] * float64(dy[i])
	}
	for i := range x {
		dx[i] = scale * y[i] * (float64(dy[i]) - dot)
	}
}

func TestLayerNorm(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		for _, cols := range widths[1:] { // the gradient of one column is zero, and all rounding
			for _, rows := range []int{1, 6, 130} {
				checkLayerNorm(t, rng, rows, cols)
			}
		}
	})
}

func checkLayerNorm(t *testing.T, rng *rand.Rand, rows, cols int) {
	const eps = 1e-3
	x, dy, gamma, beta := random(rng, rows*cols), random(rng, rows*cols), random(rng, cols), random(rng, cols)
	for i := range x {
		x[i] += 20 // a large mean must not spoil the variance
	}
	n := rows * cols
	wy, wdx, wdg, wdb := make([]float64, n), make([]float64, n), make([]float64, cols), make([]float64, cols)
	for r := range rows {
		plainLayerNorm(eps, x[r*cols:][:cols], dy[r*cols:], gamma, beta, wy[r*cols:], wdx[r*cols:], wdg, wdb)
	}
	y, dx, dg, db := make([]float32, n), make([]float32, n), random(rng, cols), random(rng, cols)
	mean, inv := make([]float32, rows), make([]float32, rows)
	LayerNorm(rows, cols, eps, x, gamma, beta, y, mean, inv)
	near(t, "layer norm", y, wy, 2e-5)
	LayerNormGrad(rows, cols, x, dy, gamma, mean, inv, dx, dg, db)
	near(t, "dx", dx, wdx, 5e-5)
	near(t, "dgamma", dg, wdg, 2e-5)
	near(t, "dbeta", db, wdb, 1e-6)
	clear(dg)
	LayerNormGrad(rows, cols, x, dy, gamma, mean, inv, nil, dg, nil)
	near(t, "dgamma alone", dg, wdg, 2e-5)
	clear(db)
	LayerNormGrad(rows, cols, x, dy, gamma, mean, inv, nil, nil, db)
	near(t, "dbeta alone", db, wdb, 1e-6)
	LayerNormGrad(rows, cols, x, dy, gamma, mean, inv, dy, nil, nil)
	near(t, "dx in place", dy, widen(dx), 0)
	ColumnSum(rows, cols, x, db)
	sum := make([]float64, cols)
	for i, v := range x {
		sum[i%cols] += float64(v)
	}
	near(t, "column sum", db, sum, 1e-6)
}

func plainLayerNorm(eps float64, x, dy, gamma, beta []float32, y, dx, dgamma, dbeta []float64) {
	n, mean, variance := float64(len(x)), 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / n
	}
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / n
	}
	inv, s0, s1 := 1/math.Sqrt(variance+eps), 0.0, 0.0
	for i, v := range x {
		h, g := (float64(v)-mean)*inv, float64(dy[i])*float64(gamma[i])
		y[i] = h*float64(gamma[i]) + float64(beta[i])
		s0, s1 = s0+g/n, s1+g*h/n
		dgamma[i] += float64(dy[i]) * h
		dbeta[i] += float64(dy[i])
	}
	for i, v := range x {
		dx[i] = inv * (float64(dy[i])*float64(gamma[i]) - s0 - (float64(v)-mean)*inv*s1)
	}
}

func TestAdamW(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		const n = 77
		a := AdamW{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Decay: 0.1, Scale: 0.5}
		w, m, v := random(rng, n), make([]float32, n), make([]float32, n)
		ww, wm, wv := widen(w), make([]float64, n), make([]float64, n)
		for a.Step = 1; a.Step <= 5; a.Step++ {
			g := random(rng, n)
			a.Run(w, g, m, v)
			for i := range ww {
				gi := float64(g[i]) * a.Scale
				wm[i] = a.Beta1*wm[i] + (1-a.Beta1)*gi
				wv[i] = a.Beta2*wv[i] + (1-a.Beta2)*gi*gi
				mh, vh := wm[i]/(1-math.Pow(a.Beta1, float64(a.Step))), wv[i]/(1-math.Pow(a.Beta2, float64(a.Step)))
				ww[i] -= a.LR * (a.Decay*ww[i] + mh/(math.Sqrt(vh)+a.Epsilon))
			}
		}
		near(t, "weights", w, ww, 1e-6)
		near(t, "first moment", m, wm, 1e-6)
		near(t, "second moment", v, wv, 1e-6)
	})
}

func TestSumSquares(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		for _, n := range []int{0, 1, 15, 130, 5000, stepChunk*2 + 7} {
			x, want := random(rng, n), 0.0
			for _, v := range x {
				want += float64(v) * float64(v)
			}
			if got := SumSquares(x); !(math.Abs(got-want) <= 1e-6*want) {
				t.Errorf("%d values: %v, want %v", n, got, want)
			}
		}
	})
}
