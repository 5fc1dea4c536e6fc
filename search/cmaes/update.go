package cmaes

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Point is one point of a generation. Where in its cell a number lies is drawn from Source.
type Point struct {
	X      []float64
	Source *rand.Rand
}

// Next is the distribution after a generation, whose points stand from the best to the worst. Improved says that the best one
// is better than all before. There may be more or fewer points than Lambda; a single one changes nothing.
func (d *Distribution) Next(points []Point, improved bool) *Distribution {
	next := *d
	next.generation++
	if next.still++; improved {
		next.still = 0
	}
	if len(points) < 2 {
		return &next
	}
	c := newConstants(len(d.numbers), len(points))
	next.q = d.nextChoices(points, c)
	if len(d.numbers) > 0 {
		next.move(d, points, c)
		next.keepMargin()
	}
	return &next
}

// move is the update of the normal distribution. On entry it is a copy of what it was before.
func (d *Distribution) move(was *Distribution, points []Point, c constants) {
	n := len(d.numbers)
	steps := make([]step, len(points))
	for k, p := range points {
		steps[k] = was.step(p)
	}
	mean, known, all := make([]float64, n), make([]float64, n), 0.0 // <y>_w (41)
	for k, w := range c.weights[:c.mu] {
		for i, y := range steps[k].y {
			if !steps[k].missing[i] {
				mean[i] += w * y
				known[i] += w * w * c.mueff
				all += w * w * c.mueff
			}
		}
	}
	d.mean = slices.Clone(was.mean)
	for i := range mean {
		d.mean[i] += was.sigma * was.scale[i] * mean[i] // (42), c_m = 1
	}
	white := was.rotate(mean, inverse, true)       // C^(-1/2) <y>_w
	long := math.Sqrt(float64(n) / max(all, 1e-9)) // makes up for what is missing, so that chance moves keep their length
	d.psigma = make([]float64, n)
	for i := range white {
		d.psigma[i] = (1-c.csigma)*was.psigma[i] + long*math.Sqrt(c.csigma*(2-c.csigma)*c.mueff)*white[i] // (43)
	}
	length := norm(d.psigma)
	d.sigma = was.sigma * math.Exp(min(1, c.csigma/c.dsigma*(length/c.chi-1))) // (44), at most by e
	h := 0.0                                                                   // h_sigma
	if length/math.Sqrt(1-math.Pow(1-c.csigma, 2*float64(d.generation))) < (1.4+2/(float64(n)+1))*c.chi {
		h = 1
	}
	d.pc = make([]float64, n)
	for i := range mean {
		d.pc[i] = (1-c.cc)*was.pc[i] + h*math.Sqrt(c.cc*(2-c.cc)*c.mueff)*mean[i] // (45)
	}
	d.adapt(was, steps, known, h, c)
}

// adapt is the update of the covariance (46), (47). Where a point does not have a coordinate, the variance that it is expected
// to have there stands in: it says nothing about it. Known is the share of the points that have one, of each.
func (d *Distribution) adapt(was *Distribution, steps []step, known []float64, h float64, c constants) {
	n := len(d.numbers)
	weights, sum := slices.Clone(c.weights), 0.0
	for k, w := range c.weights {
		sum += w
		if w < 0 {
			weights[k] *= float64(n) / max(steps[k].square, 1e-20) // (46)
		}
	}
	delta := (1 - h) * c.cc * (2 - c.cc)
	cov := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			v := (1+c.c1*delta-c.c1-c.cmu*sum)*was.cov.At(i, j) + c.c1*d.pc[i]*d.pc[j] // (47)
			if i == j {
				v += c.c1 * (1 - known[i]) * was.cov.At(i, i)
			}
			for k, s := range steps {
				switch {
				case !s.missing[i] && !s.missing[j]:
					v += c.cmu * weights[k] * s.y[i] * s.y[j]
				case i == j:
					v += c.cmu * weights[k] * was.cov.At(i, i)
				}
			}
			cov.SetSym(i, j, v)
		}
	}
	d.cov = cov
	d.decompose()
	for i := range n { // no wider than the cube
		if s := d.deviation(i); s > 1 {
			d.sigma /= s
		}
	}
}

// step is a point as y = A^(-1) (x - m) / sigma, 0 in the coordinates it does not have.
type step struct {
	y       []float64
	missing []bool
	square  float64 // ||C^(-1/2) y||^2, and 1 for each coordinate that is missing
}

// step is the way from the mean to a point. One that is further away than any that is drawn is brought nearer (Hansen 2011,
// equations 3 and 4).
func (d *Distribution) step(p Point) step {
	n := len(d.numbers)
	s := step{y: make([]float64, n), missing: make([]bool, n)}
	for i, j := range d.numbers {
		if s.missing[i] = math.IsNaN(p.X[j]); s.missing[i] {
			s.square++
			continue
		}
		s.y[i] = (d.complete(i, p.X[j], p.Source) - d.mean[i]) / (d.sigma * d.scale[i])
	}
	length := norm(d.rotate(s.y, inverse, true))
	if longest := math.Sqrt(float64(n)) + 2*float64(n)/float64(n+2); length > longest {
		for i := range s.y {
			s.y[i] *= longest / length
		}
		length = longest
	}
	s.square += length * length
	return s
}

// complete is where number i of a point lies: drawn from the distribution of this coordinate inside the cell of x, if it has one.
func (d *Distribution) complete(i int, x float64, source *rand.Rand) float64 {
	if d.dims[d.numbers[i]].Cell == nil {
		return x
	}
	s := d.deviation(i)
	low, high := d.cell(i, x)
	return d.mean[i] + s*truncated((low-d.mean[i])/s, (high-d.mean[i])/s, source.Float64())
}

// nextChoices moves the probabilities of each choice towards those of the better points, by a rate as large as the points are
// many for what is to be learned, and keeps each above a margin.
func (d *Distribution) nextChoices(points []Point, c constants) [][]float64 {
	out := make([][]float64, len(d.q))
	for k, j := range d.choices {
		size := len(d.q[k])
		seen, total := make([]float64, size), 0.0
		for i, p := range points[:c.mu] {
			if x := p.X[j]; !math.IsNaN(x) {
				seen[int(x)] += c.weights[i]
				total += c.weights[i]
			}
		}
		rate := total * c.mueff / (c.mueff + 2*float64(size))
		out[k] = slices.Clone(d.q[k])
		for v := range out[k] {
			if total > 0 {
				out[k][v] += rate * (seen[v]/total - out[k][v])
			}
		}
		keepChance(out[k], (1-math.Pow(choiceMode, 1/float64(len(d.choices))))/float64(size-1))
	}
	return out
}

func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}
