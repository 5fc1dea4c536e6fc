package tpe

import (
	"math"
	"math/rand/v2"
)

// Dim is one coordinate of the space.
type Dim struct {
	// Choices of a categorical coordinate, whose values are 0, 1, ...; 0 for a coordinate in [0, 1].
	Choices int
	// Cell is, for a coordinate in [0, 1] that has finitely many values, the value nearest to x and the cell it owns; nil for a
	// continuum.
	Cell func(x float64) (center, low, high float64)
	// Fixed coordinates have one value and no density.
	Fixed bool
}

// Tree is a space whose coordinates may exist or not, depending on the coordinates before them. One that does not exist is NaN.
type Tree struct {
	Dims   []Dim
	Active func(x []float64, d int) bool
	// Feasible reports whether a point may be proposed; nil: all may. The densities take no notice.
	Feasible func(x []float64) bool
}

// Mixture is a density over a Tree: one product kernel for each of n observations and one for the prior,
//
//	p(x) = sum_i w_i prod_{d active in x} k_{i,d}(x_d),    i = 0..n, the last one being the prior
//
// (Watanabe 2023, arXiv:2304.11127, eq. 9, the multivariate kernel of BOHB, Falkner et al. 2018, with the prior of Bergstra
// et al. 2011). Where observation i lacks a coordinate that x has, k_{i,d} is the mean of the kernels that have it: an
// observation of another branch of the tree informs about the coordinates it shares, and leaves the rest to the observations
// there, with the prior. The density integrates to one. (A uniform kernel in its place, and a separate model for each group
// of parameters with the same conditions, as in Optuna, both found worse values.)
type Mixture struct {
	tree    Tree
	weights []float64 // (n+1), sum 1
	logw    []float64 // (n+1)
	columns []column  // one a coordinate
}

// Fit makes the density of observations (n x d). Weights (n) are relative to that of the prior, 1; nil means 1 each.
func Fit(t Tree, points [][]float64, weights []float64) *Mixture {
	free := 0
	for _, d := range t.Dims {
		if !d.Fixed {
			free++
		}
	}
	return fit(t, points, weights, bandwidth(len(points), free))
}

func fit(t Tree, points [][]float64, weights []float64, sigma float64) *Mixture {
	n := len(points)
	m := &Mixture{tree: t, weights: make([]float64, n+1), logw: make([]float64, n+1), columns: make([]column, len(t.Dims))}
	sum := 0.0
	for i := range m.weights {
		m.weights[i] = 1
		if weights != nil && i < n {
			m.weights[i] = weights[i]
		}
		sum += m.weights[i]
	}
	for i := range m.weights {
		m.weights[i] /= sum
		m.logw[i] = math.Log(m.weights[i])
	}
	for d, dim := range t.Dims {
		values := make([]float64, n)
		for i, p := range points {
			values[i] = p[d]
		}
		m.columns[d] = newColumn(dim, values, sigma)
	}
	return m
}

// bandwidth is the standard deviation of the kernels of n observations in d coordinates of length 1: Scott's rule on a share of
// the range, and not below a part of Bergstra's "magic clip", 1 / min(100, n + 2). Measured against it: wider kernels (0.2 and
// the whole clip) lost on analytic functions, narrower ones (0.1) on learning curves of real networks, and widths taken from
// the distance between neighbours, as in HyperOpt and Optuna, on both the curves and conditional spaces.
func bandwidth(n, d int) float64 {
	scott := 0.15 * math.Pow(float64(max(n, 1)), -1/float64(d+4))
	return max(scott, 0.3/min(100, float64(n+2)))
}

// Sample draws a point: a kernel by its weight, then each coordinate that exists, given those before, from that kernel.
func (m *Mixture) Sample(source *rand.Rand) []float64 {
	u := source.Float64()
	i := 0
	for ; i < len(m.weights)-1 && u >= m.weights[i]; i++ {
		u -= m.weights[i]
	}
	x := make([]float64, len(m.columns))
	for d := range x {
		x[d] = math.NaN()
		if m.tree.Active(x, d) {
			x[d] = m.columns[d].sample(i, source)
		}
	}
	return x
}

// LogDensity is the logarithm of the density at x; of coordinates with finitely many values, of their probability.
func (m *Mixture) LogDensity(x []float64) float64 { return newScorer(m).logDensity(x) }

// logSumExp is log(sum exp(v)) without overflow.
func logSumExp(v []float64) float64 {
	top := math.Inf(-1)
	for _, x := range v {
		top = max(top, x)
	}
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, x := range v {
		if x > top-40 { // anything below is lost in the rounding of the sum
			sum += math.Exp(x - top)
		}
	}
	return top + math.Log(sum)
}
