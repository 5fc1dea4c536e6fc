package tpe

import (
	"math"
	"math/rand/v2"
)

// column is the kernels of the n observations and, last, the prior's, in one coordinate.
type column interface {
	// logs sets the i-th of out to the logarithm of the i-th kernel at v, NaN where its observation lacks the coordinate.
	logs(v float64, out []float64)
	// sample draws from the i-th kernel, or from any that has the coordinate when that one lacks it.
	sample(i int, source *rand.Rand) float64
}

// newColumn makes the column of a coordinate from the observed values, NaN where an observation lacks it.
func newColumn(d Dim, values []float64, sigma float64) column {
	switch {
	case d.Fixed:
		return fixed{}
	case d.Choices > 0:
		return newCategorical(d.Choices, values)
	case d.Cell != nil:
		return newCells(d, values, sigma)
	}
	return newNormals(values, sigma)
}

// fixed is a coordinate with one value.
type fixed struct{}

func (fixed) logs(_ float64, out []float64)  { clear(out) }
func (fixed) sample(int, *rand.Rand) float64 { return 0.5 }

// normals are normal kernels cut to [0, 1]. The prior is centred and as wide as the range.
type normals struct {
	mean  []float64 // (n+1), NaN: the observation lacks the coordinate
	sigma []float64 // (n+1)
	mass  []float64 // (n+1), logarithm of what the uncut normal has inside
	scale []float64 // (n+1), logarithm of the density at the mean
	whole bool      // no observation lacks the coordinate
}

func newNormals(values []float64, sigma float64) *normals {
	n := len(values)
	c := &normals{make([]float64, n+1), make([]float64, n+1), make([]float64, n+1), make([]float64, n+1), true}
	for i := range c.mean {
		c.mean[i], c.sigma[i] = 0.5, 1
		if i < n {
			c.mean[i], c.sigma[i] = values[i], sigma
			c.whole = c.whole && !math.IsNaN(values[i])
		}
		c.mass[i] = logMass(-c.mean[i]/c.sigma[i], (1-c.mean[i])/c.sigma[i])
		c.scale[i] = logNormal(c.mean[i], c.mean[i], c.sigma[i], c.mass[i])
	}
	return c
}

func (c *normals) logs(v float64, out []float64) {
	for i, mean := range c.mean {
		z := (v - mean) / c.sigma[i]
		out[i] = c.scale[i] - 0.5*z*z
	}
}

// add adds the logarithms of the kernels at v to the terms, where all of them are there.
func (c *normals) add(v float64, terms []float64) {
	mean, sigma, scale := c.mean[:len(terms)], c.sigma[:len(terms)], c.scale[:len(terms)]
	for i := range terms {
		z := (v - mean[i]) / sigma[i]
		terms[i] += scale[i] - 0.5*z*z
	}
}

func (c *normals) sample(i int, source *rand.Rand) float64 {
	for math.IsNaN(c.mean[i]) {
		i = source.IntN(len(c.mean))
	}
	u := source.Float64()
	return cutNormal(u, c.mean[i], c.sigma[i])
}

// cells are cut normal kernels over a coordinate with finitely many values: a value's probability is the kernel's mass over
// its cell. Observations share few values, so that the mass is computed once for each of them.
type cells struct {
	*normals
	cell  func(x float64) (center, low, high float64)
	first []int // (n+1), the first kernel equal to the i-th
}

func newCells(d Dim, values []float64, sigma float64) *cells {
	c := &cells{normals: newNormals(values, sigma), cell: d.Cell, first: make([]int, len(values)+1)}
	known := make(map[float64]int, len(values))
	for i := range c.first {
		c.first[i] = i
		if i == len(values) || math.IsNaN(c.mean[i]) { // the prior has a width of its own, no NaN equals another
			continue
		}
		if k, ok := known[c.mean[i]]; ok {
			c.first[i] = k
		} else {
			known[c.mean[i]] = i
		}
	}
	return c
}

func (c *cells) logs(v float64, out []float64) {
	_, low, high := c.cell(v)
	for i, mean := range c.mean {
		if k := c.first[i]; k < i {
			out[i] = out[k]
		} else {
			out[i] = logMass((low-mean)/c.sigma[i], (high-mean)/c.sigma[i]) - c.mass[i]
		}
	}
}

func (c *cells) sample(i int, source *rand.Rand) float64 {
	center, _, _ := c.cell(c.normals.sample(i, source))
	return center
}

// categorical is kernels over choices: Laplace smoothing with the prior's weight spread over all kernels, as in Optuna,
//
//	k_i(c) = (1[c = c_i] + 1/(n+1)) / (1 + C/(n+1))
type categorical struct {
	observed  []float64 // (n), NaN: the observation lacks the coordinate
	choices   int
	hit, miss float64 // probabilities
}

func newCategorical(choices int, values []float64) *categorical {
	extra := 1 / float64(len(values)+1)
	whole := 1 + float64(choices)*extra
	return &categorical{values, choices, (1 + extra) / whole, extra / whole}
}

func (c *categorical) logs(v float64, out []float64) {
	hit, miss := math.Log(c.hit), math.Log(c.miss)
	for i, o := range c.observed {
		switch {
		case math.IsNaN(o):
			out[i] = o
		case o == v:
			out[i] = hit
		default:
			out[i] = miss
		}
	}
	out[len(c.observed)] = -math.Log(float64(c.choices))
}

func (c *categorical) sample(i int, source *rand.Rand) float64 {
	for i < len(c.observed) && math.IsNaN(c.observed[i]) {
		i = source.IntN(len(c.observed) + 1)
	}
	u := source.Float64()
	if i == len(c.observed) {
		return math.Floor(u * float64(c.choices))
	}
	// Each choice has miss of the mass, and the observed one what is left of 1.
	if k := math.Floor(u / c.miss); k < float64(c.choices) {
		return k
	}
	return c.observed[i]
}
