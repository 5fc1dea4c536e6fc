package gp

import "math"

// edge keeps the input warp away from 0 and 1, where its derivatives may be infinite.
const edge = 1e-4

// kumaraswamy is 1 - (1 - x^a)^b, the distribution function of Kumaraswamy, which stretches one end of [0, 1] and squeezes the
// other (the warp of Snoek et al. 2014, arXiv:1402.0929, in the closed form that HEBO and BoTorch use). a = b = 1 is the
// identity, but for the edge.
func kumaraswamy(x, a, b float64) float64 {
	x = edge + (1-2*edge)*x
	return -math.Expm1(b * math.Log1p(-math.Pow(x, a)))
}

// kumaraswamyGrad is the derivatives by x, log a and log b.
func kumaraswamyGrad(x, a, b float64) (byX, byA, byB float64) {
	x = edge + (1-2*edge)*x
	xa := math.Pow(x, a)
	rest := math.Log1p(-xa)              // log(1 - x^a)
	up := b * math.Exp((b-1)*rest)       // d w / d (x^a)
	byX = up * a * xa / x * (1 - 2*edge) // (x^a)' = a x^(a-1)
	byA = up * xa * math.Log(x) * a
	byB = -math.Exp(b*rest) * rest * b
	return byX, byA, byB
}

// warpWork is the warped inputs of a fit.
type warpWork struct {
	value, byA, byB, pull []float64 // (n x numeric)
	width                 int
}

func newWarpWork(n, width int) *warpWork {
	size := n * width
	return &warpWork{make([]float64, size), make([]float64, size), make([]float64, size), make([]float64, size), width}
}

// fill warps the inputs of the evidence by phi and computes their distances.
func (w *warpWork) fill(v *evidence, phi []float64) {
	for j, c := range v.kernel.num {
		a, b := math.Exp(phi[v.layout.warp+2*j]), math.Exp(phi[v.layout.warp+2*j+1])
		for i, x := range v.x {
			q := i*w.width + j
			w.value[q] = math.NaN()
			if !math.IsNaN(x[c.d]) {
				w.value[q] = kumaraswamy(x[c.d], a, b)
				_, w.byA[q], w.byB[q] = kumaraswamyGrad(x[c.d], a, b)
			}
		}
	}
	column := make(map[int]int, len(v.kernel.num))
	for j, c := range v.kernel.num {
		column[c.d] = j
	}
	v.fillPairs(func(i int, c place) float64 { return w.value[i*w.width+column[c.d]] })
}

// gradient adds the derivatives by log a and log b, from what the evidence left in by: the derivative by each pair's squared
// distance.
func (w *warpWork) gradient(v *evidence, theta, grad []float64) {
	clear(w.pull)
	for j, c := range v.kernel.num {
		p := 0
		for i := range v.x {
			a := w.value[i*w.width+j]
			for k := range i {
				if by := v.by[p] * theta[j] * squaredSlope(a, w.value[k*w.width+j], c.conditional); by != 0 {
					w.pull[i*w.width+j] += by
					w.pull[k*w.width+j] -= by
				}
				p++
			}
		}
		for i := range v.x {
			q := i*w.width + j
			grad[v.layout.warp+2*j] += w.pull[q] * w.byA[q]
			grad[v.layout.warp+2*j+1] += w.pull[q] * w.byB[q]
		}
	}
}

// squaredSlope is the derivative of squared by a.
func squaredSlope(a, b float64, conditional bool) float64 {
	switch {
	case !conditional:
		return 2 * (a - b)
	case math.IsNaN(a) || math.IsNaN(b):
		return 0
	}
	return 2 / arc * math.Sin(arc*(a-b))
}
