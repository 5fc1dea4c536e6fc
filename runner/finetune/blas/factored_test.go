package blas

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSGD(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		for _, nesterov := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(8, 8))
			const n = 77
			s := SGD{LR: 0.1, Momentum: 0.8, Decay: 0.05, Nesterov: nesterov, Scale: 0.5}
			w, v := random(rng, n), make([]float32, n)
			ww, wv := widen(w), make([]float64, n)
			for range 5 {
				g := random(rng, n)
				s.Run(w, g, v)
				for i := range ww {
					gi := float64(g[i])*s.Scale + s.Decay*ww[i]
					wv[i] = s.Momentum*wv[i] + gi
					if nesterov {
						ww[i] -= s.LR * (gi + s.Momentum*wv[i])
					} else {
						ww[i] -= s.LR * wv[i]
					}
				}
			}
			near(t, "weights", w, ww, 1e-6)
			near(t, "velocity", v, wv, 1e-6)
		}
	})
}

func TestLion(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 9))
		const n = 77
		l := Lion{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Decay: 0.1, Scale: 0.5}
		w, m := random(rng, n), make([]float32, n)
		ww, wm := widen(w), make([]float64, n)
		for range 5 {
			g := random(rng, n)
			for i := 0; i < n; i += 9 {
				g[i], m[i], wm[i] = 0, 0, 0 // the sign of nothing
			}
			l.Run(w, g, m)
			for i := range ww {
				gi := float64(g[i]) * l.Scale
				c, sign := l.Beta1*wm[i]+(1-l.Beta1)*gi, 0.0
				if c != 0 {
					sign = math.Copysign(1, c)
				}
				wm[i] = l.Beta2*wm[i] + (1-l.Beta2)*gi
				ww[i] -= l.LR * (l.Decay*ww[i] + sign)
			}
		}
		near(t, "weights", w, ww, 1e-6)
		near(t, "mean", m, wm, 1e-6)
	})
}

func TestBlend(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(10, 10))
		x, y := random(rng, 77), random(rng, 77)
		want := widen(y)
		for i := range want {
			want[i] += 0.25 * (float64(x[i]) - want[i])
		}
		Blend(0.25, x, y)
		near(t, "blend", y, want, 1e-6)
	})
}

func TestFactored(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 11))
		for _, size := range [][2]int{{1, 1}, {3, 37}, {5, 16}, {rowsChunk + 3, 9}} {
			rows, cols := size[0], size[1]
			g, w, r, c := random(rng, rows*cols), random(rng, rows*cols), random(rng, rows), random(rng, cols)
			row, col := make([]float64, rows), make([]float64, cols)
			wantRow, wantCol, wantNorm, wantW := make([]float64, rows), make([]float64, cols), 0.0, widen(w)
			for i := range g {
				q := float64(g[i])
				wantRow[i/cols] += q * q
				wantCol[i%cols] += q * q
				q *= float64(r[i/cols]) * float64(c[i%cols])
				wantNorm += q * q
				wantW[i] = 0.9*wantW[i] - 0.3*q
			}
			SquareSums(rows, cols, g, row, col)
			norm := OuterNorm(rows, cols, g, r, c)
			OuterMove(rows, cols, 0.9, 0.3, g, r, c, w)
			near(t, "rows", narrow(row), wantRow, 1e-6)
			near(t, "columns", narrow(col), wantCol, 1e-6)
			near(t, "norm", []float32{float32(norm)}, []float64{wantNorm}, 1e-6)
			near(t, "weights", w, wantW, 1e-5)
		}
	})
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// What a step does does not depend on the number of threads.
func TestStepsDoNotDependOnThreads(t *testing.T) {
	defer SetThreads(Threads())
	const rows, cols = 1000, 1000
	run := func(threads int) []float32 {
		SetThreads(threads)
		rng := rand.New(rand.NewPCG(12, 12))
		w, g := random(rng, rows*cols), random(rng, rows*cols)
		m, v := make([]float32, rows*cols), make([]float32, rows*cols)
		row, col := make([]float64, rows), make([]float64, cols)
		for step := range 2 {
			AdamW{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Step: step + 1, Scale: 1}.Run(w, g, m, v)
			SGD{LR: 0.1, Momentum: 0.9, Scale: 1}.Run(w, g, m)
			Lion{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Scale: 1}.Run(w, g, m)
			Blend(0.1, w, m)
			SquareSums(rows, cols, g, row, col)
			OuterMove(rows, cols, 1, OuterNorm(rows, cols, g, narrow(row), narrow(col))/1e12, g, narrow(row), narrow(col), w)
		}
		return append(w, v...)
	}
	one, three := run(1), run(3)
	for i := range one {
		if one[i] != three[i] {
			t.Fatalf("value %d is %v with one thread, %v with three", i, one[i], three[i])
		}
	}
}
