package gp

import "math"

// prior is independent normal densities on phi, and the box phi stays in.
type prior struct {
	centre, sigma, low, high []float64
}

// Bounds of the hyperparameters, as logarithms.
var (
	lengthBounds = [2]float64{math.Log(0.01), math.Log(100)}
	weightBounds = [2]float64{math.Log(1e-3), math.Log(20)}
	scaleBounds  = [2]float64{math.Log(0.05), math.Log(50)}
	noiseBounds  = [2]float64{math.Log(1e-6), math.Log(1)}
	warpBounds   = [2]float64{math.Log(0.25), math.Log(4)}
)

// newPrior makes the prior of a space of n free coordinates. A lengthscale l has the density LogNormal(sqrt2 + log(n)/2,
// sqrt3) of Hvarfner et al. 2024, arXiv:2402.02229, with the values of BoTorch, as a density of l; as a function of log l,
// which is what phi holds, that is normal around its mode. The rest is weak.
func newPrior(s *Space, l phiLayout) prior {
	p := prior{make([]float64, l.size), make([]float64, l.size), make([]float64, l.size), make([]float64, l.size)}
	n := float64(max(s.free(), 1))
	set := func(i int, centre, sigma float64, bounds [2]float64) {
		p.centre[i], p.sigma[i], p.low[i], p.high[i] = centre, sigma, bounds[0], bounds[1]
	}
	for i := range l.size {
		switch {
		case i < l.cat:
			set(i, math.Sqrt2+0.5*math.Log(n)-3, math.Sqrt(3), lengthBounds)
		case i == l.gap:
			set(i, math.Log(0.3), 1.5, weightBounds)
		case i == l.scale:
			set(i, 0, 1, scaleBounds)
		case i == l.noise:
			set(i, math.Log(1e-3), 2.5, noiseBounds)
		case l.warp >= 0 && i >= l.warp:
			set(i, 0, 0.5, warpBounds)
		default:
			set(i, 0, 1.5, weightBounds)
		}
	}
	return p
}

// add is the negative logarithm of the density, up to a constant, whose gradient it adds.
func (p prior) add(phi, grad []float64) float64 {
	value := 0.0
	for i, v := range phi {
		t := (v - p.centre[i]) / p.sigma[i]
		value += 0.5 * t * t
		grad[i] += t / p.sigma[i]
	}
	return value
}
