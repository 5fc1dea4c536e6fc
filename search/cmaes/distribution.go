package cmaes

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Dim is one coordinate.
type Dim struct {
	Choices int // of a categorical coordinate; 0: a number
	// Cell is the part of [0, 1] whose points mean the same value as x; nil for a continuum. Not for categorical coordinates.
	Cell  func(x float64) (low, high float64)
	Fixed bool // it has one value: left at 0.5
}

// Distribution is what points are drawn from: a normal distribution m + sigma * A * N(0, C) over the n numbers, A being
// diagonal, and independent probabilities for each choice.
type Distribution struct {
	dims    []Dim
	numbers []int // the coordinates that are numbers: n of them
	choices []int // the coordinates that are choices
	lambda  int

	mean       []float64     // n
	sigma      float64       // the step size
	scale      []float64     // n: the diagonal of A, which the margin keeps above zero
	cov        *mat.SymDense // n x n: C
	basis      *mat.Dense    // n x n: B, the eigenvectors of C in columns
	axes       []float64     // n: D, the roots of the eigenvalues of C
	psigma, pc []float64     // n: evolution paths
	q          [][]float64   // of each choice, the probabilities
	generation int           // since the start or the last restart
	still      int           // generations without progress
}

// startSigma is the first step size: small enough to make use of a start at the best of the points known.
const startSigma = 0.15

// New is the distribution of a search, with lambda points a generation. It begins around the first of the points, which stand
// from the best to the worst; coordinates that do not exist there, or without points all, begin in the middle. Choices begin
// with equal probabilities, moved by the points.
func New(dims []Dim, points []Point, lambda int) *Distribution {
	d := &Distribution{dims: dims, lambda: lambda, sigma: startSigma}
	around := slices.Repeat([]float64{0.5}, len(dims))
	if len(points) > 0 {
		around = points[0].X
	}
	for j, dim := range dims {
		switch {
		case dim.Fixed:
		case dim.Choices > 0:
			d.choices = append(d.choices, j)
			d.q = append(d.q, slices.Repeat([]float64{1 / float64(dim.Choices)}, dim.Choices))
		default:
			d.numbers = append(d.numbers, j)
			x := around[j]
			if math.IsNaN(x) {
				x = 0.5
			}
			d.mean = append(d.mean, x)
		}
	}
	n := len(d.numbers)
	if len(points) > 1 {
		d.q = d.nextChoices(points, newConstants(n, len(points)))
	}
	d.scale, d.psigma, d.pc = slices.Repeat([]float64{1}, n), make([]float64, n), make([]float64, n)
	if n > 0 {
		d.cov = mat.NewSymDense(n, nil)
		for i := range n {
			d.cov.SetSym(i, i, 1)
		}
		d.decompose()
	}
	return d
}

// Lambda is how many points make a generation.
func (d *Distribution) Lambda() int { return d.lambda }

// Restart is the distribution of a new search with twice as many points a generation (IPOP), around a random point.
func (d *Distribution) Restart(source *rand.Rand) *Distribution {
	around := make([]float64, len(d.dims))
	for i := range around {
		around[i] = source.Float64()
	}
	return New(d.dims, []Point{{X: around}}, 2*d.lambda)
}

// decompose computes B and D of C = B D^2 B^T.
func (d *Distribution) decompose() {
	n := len(d.numbers)
	var e mat.EigenSym
	if !e.Factorize(d.cov, true) {
		panic("cmaes: a covariance that is not finite") // the updates keep it so
	}
	d.axes = e.Values(nil)
	for i, v := range d.axes {
		d.axes[i] = math.Sqrt(max(v, 1e-20))
	}
	d.basis = mat.NewDense(n, n, nil)
	e.VectorsTo(d.basis)
}

// rotate is B * diag(f) * v, or B * diag(f) * B^T * v: with f = D a draw from N(0, C), with f = 1/D its standardization.
func (d *Distribution) rotate(v []float64, f func(axis float64) float64, both bool) []float64 {
	n := len(v)
	in := v
	if both {
		in = make([]float64, n)
		for k := range n {
			for i := range n {
				in[k] += d.basis.At(i, k) * v[i]
			}
		}
	}
	out := make([]float64, n)
	for k := range n {
		w := f(d.axes[k]) * in[k]
		for i := range n {
			out[i] += d.basis.At(i, k) * w
		}
	}
	return out
}

func identity(axis float64) float64 { return axis }
func inverse(axis float64) float64  { return 1 / axis }

// deviation is the standard deviation of number i.
func (d *Distribution) deviation(i int) float64 {
	return d.sigma * d.scale[i] * math.Sqrt(d.cov.At(i, i))
}

// Sample draws a point ((38) to (40)). Numbers outside [0, 1] are mirrored at its ends; those with cells, which go on beyond, are
// cut off.
func (d *Distribution) Sample(source *rand.Rand) []float64 {
	z := make([]float64, len(d.numbers))
	for i := range z {
		z[i] = source.NormFloat64()
	}
	x := slices.Repeat([]float64{0.5}, len(d.dims))
	for i, y := range d.rotate(z, identity, false) {
		v := d.mean[i] + d.sigma*d.scale[i]*y
		if d.dims[d.numbers[i]].Cell == nil {
			v = mirror(v)
		}
		x[d.numbers[i]] = min(max(v, 0), 1)
	}
	for k, j := range d.choices {
		x[j] = float64(draw(d.q[k], source.Float64()))
	}
	return x
}

// mirror folds the line onto [0, 1].
func mirror(v float64) float64 {
	v = math.Abs(math.Mod(v, 2))
	if v > 1 {
		return 2 - v
	}
	return v
}

// draw is the index whose part of [0, 1) u lies in.
func draw(q []float64, u float64) int {
	for k, p := range q {
		if u -= p; u < 0 {
			return k
		}
	}
	return len(q) - 1
}
