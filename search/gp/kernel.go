package gp

import "math"

// Params are the hyperparameters of the model, in the units of the warped outputs.
type Params struct {
	Shared float64 // share of the observations' own noise that near points have in common
	// Length is (d), of a coordinate in [0, 1] its lengthscale, of a categorical one its weight w.
	Length []float64
	// Gap is the squared distance, in lengthscales, that a conditional coordinate adds when it exists in one of two points
	// alone, beyond the arc's radius.
	Gap float64
	// Scale is the variance of the function, Noise that of the observations, Mean what the function is without data.
	Scale, Noise, Mean float64
	// A and B are (d), the exponents of Kumaraswamy's input warp; nil: none.
	A, B []float64
}

// arc is the angle that the range [0, 1] of a conditional coordinate covers.
const arc = math.Pi / 2

// Kernel is the covariance
//
//	k(x, x') = s^2 M(r) exp(-sum_c w_c [x_c != x'_c]),    M(r) = (1 + sqrt5 r + 5/3 r^2) exp(-sqrt5 r)
//
// Matern-5/2 with a lengthscale for each coordinate in [0, 1] (Rasmussen & Williams 2006, eq. 4.17) times an exponentiated
// Hamming distance on the categorical ones. A conditional coordinate lies on an arc (Swersky et al. 2013, "Raiders of the lost
// architecture", arXiv:1409.4011, section 3): x becomes (sin(arc x), cos(arc x)) / (arc l), and a point that lacks the
// coordinate stands on the axis through the arc's centre, at height sqrt(Gap). So two points without it are at distance 0, one
// with and one without at a learned distance that does not depend on x, and since everything is a Euclidean distance of
// embedded points, the kernel is positive semidefinite. A categorical coordinate has absence as one choice more.
type Kernel struct {
	space *Space
	p     Params
	num   []place // where the coordinates in [0, 1] are embedded
	cat   []int
	width int // of the embedding
}

// place says that coordinate d has its embedding at columns at, at+1, at+2, or at alone when it is unconditional.
type place struct {
	d, at       int
	conditional bool
}

// NewKernel makes the kernel of a space.
func NewKernel(s *Space, p Params) *Kernel {
	k := &Kernel{space: s, p: p}
	for d, dim := range s.Dims {
		switch {
		case dim.fixed():
		case !dim.numeric():
			k.cat = append(k.cat, d)
		default:
			k.num = append(k.num, place{d, k.width, dim.Conditional})
			k.width++
			if dim.Conditional {
				k.width += 2
			}
		}
	}
	return k
}

// points are n embedded points.
type points struct {
	n   int
	num []float64 // (n x width)
	cat []float64 // (n x categorical), -1 where absent
}

// embed embeds points (n x d).
func (k *Kernel) embed(x [][]float64) *points {
	e := &points{n: len(x), num: make([]float64, len(x)*k.width), cat: make([]float64, len(x)*len(k.cat))}
	for i := range x {
		k.embedOne(x[i], e.num[i*k.width:(i+1)*k.width], e.cat[i*len(k.cat):(i+1)*len(k.cat)])
	}
	return e
}

func (k *Kernel) embedOne(x, num, cat []float64) {
	for _, c := range k.num {
		l, v := k.p.Length[c.d], k.warped(c.d, x[c.d])
		switch {
		case !c.conditional:
			num[c.at] = v / l
		case math.IsNaN(v):
			num[c.at], num[c.at+1], num[c.at+2] = 0, 0, math.Sqrt(k.p.Gap)
		default:
			sin, cos := math.Sincos(arc * v)
			num[c.at], num[c.at+1], num[c.at+2] = sin/(arc*l), cos/(arc*l), 0
		}
	}
	for j, d := range k.cat {
		cat[j] = x[d]
		if math.IsNaN(x[d]) {
			cat[j] = -1
		}
	}
}

// warped is x after the input warp.
func (k *Kernel) warped(d int, x float64) float64 {
	if k.p.A == nil || math.IsNaN(x) {
		return x
	}
	return kumaraswamy(x, k.p.A[d], k.p.B[d])
}

var sqrt5 = math.Sqrt(5)

// matern is M(r) exp(-h) for r^2 = r2 and its derivative by r2.
func matern(r2, h float64) (value, slope float64) {
	r := sqrt5 * math.Sqrt(r2)
	e := decay(-r - h)
	return (1 + r + 5*r2/3) * e, -5.0 / 6 * (1 + r) * e
}

// cross writes k(x, e_i) for an embedded point x, and the derivatives by the squared distance unless slope is nil.
func (k *Kernel) cross(num, cat []float64, e *points, out, slope []float64) {
	w, c := k.width, len(k.cat)
	for i := range e.n {
		r2, h := 0.0, 0.0
		row := e.num[i*w : (i+1)*w]
		for j, v := range num {
			t := v - row[j]
			r2 += t * t
		}
		for j, v := range cat {
			if v != e.cat[i*c+j] {
				h += k.p.Length[k.cat[j]]
			}
		}
		value, by := matern(r2, h)
		out[i] = k.p.Scale * value
		if slope != nil {
			slope[i] = k.p.Scale * by
		}
	}
}

// Value is k(a, b).
func (k *Kernel) Value(a, b []float64) float64 {
	e, f := k.embed([][]float64{a}), k.embed([][]float64{b})
	var out [1]float64
	k.cross(e.num, e.cat, f, out[:], nil)
	return out[0]
}

// gram writes the lower triangle of the covariances of e to m.
func (k *Kernel) gram(e *points, m matrix) {
	w, c := k.width, len(k.cat)
	for i := range e.n {
		part := &points{n: i + 1, num: e.num, cat: e.cat}
		k.cross(e.num[i*w:(i+1)*w], e.cat[i*c:(i+1)*c], part, m.row(i), nil)
	}
}

// pull turns a gradient by the embedding of x into one by x (d); categorical, absent and fixed coordinates have none.
func (k *Kernel) pull(x, byNum, grad []float64) {
	clear(grad)
	for _, c := range k.num {
		if math.IsNaN(x[c.d]) {
			continue
		}
		l, v := k.p.Length[c.d], k.warped(c.d, x[c.d])
		if c.conditional {
			sin, cos := math.Sincos(arc * v)
			grad[c.d] = (byNum[c.at]*cos - byNum[c.at+1]*sin) / l
		} else {
			grad[c.d] = byNum[c.at] / l
		}
		if k.p.A != nil {
			byX, _, _ := kumaraswamyGrad(x[c.d], k.p.A[c.d], k.p.B[c.d])
			grad[c.d] *= byX
		}
	}
}
