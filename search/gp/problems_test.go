package gp

import (
	"math"
	"math/rand/v2"
)

// problem is a function over a space, with minimum 0 or close to it.
type problem struct {
	name  string
	space *Space
	loss  func(x []float64) float64
}

func continuous(d int) *Space { return &Space{Dims: make([]Dim, d)} }

func levels(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = (float64(i) + 0.5) / float64(n)
	}
	return out
}

// branin has three minima in two dimensions.
func branin() problem {
	return problem{"branin", continuous(2), func(u []float64) float64 {
		x, y := 15*u[0]-5, 15*u[1]
		b, c := 5.1/(4*math.Pi*math.Pi), 5/math.Pi
		return math.Pow(y-b*x*x+c*x-6, 2) + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10 - 0.39788735772973816
	}}
}

// hartmann6 is six-dimensional, with six local minima.
func hartmann6() problem {
	alpha := []float64{1, 1.2, 3, 3.2}
	a := [][]float64{{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}}
	q := [][]float64{{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991},
		{2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}}
	return problem{"hartmann6", continuous(6), func(x []float64) float64 {
		value := 3.322368011391339
		for i := range alpha {
			inner := 0.0
			for j := range x {
				inner += a[i][j] * math.Pow(x[j]-q[i][j]*1e-4, 2)
			}
			value -= alpha[i] * math.Exp(-inner)
		}
		return value
	}}
}

// reflect mirrors z at the plane with the normal v: two of them are a rotation.
func reflect(z, v []float64) {
	t := 2 * dot(z, v) / dot(v, v)
	for i := range z {
		z[i] -= t * v[i]
	}
}

// ackley is Ackley's function in d dimensions, rotated, its minimum off the centre.
func ackley(d int) problem {
	v, w := make([]float64, d), make([]float64, d)
	for i := range v {
		v[i], w[i] = math.Sin(float64(i+1)), math.Cos(float64(3*i+1))
	}
	return problem{"ackley", continuous(d), func(x []float64) float64 {
		z := make([]float64, d)
		for i := range z {
			z[i] = 20 * (x[i] - 0.3 - 0.4*float64(i)/float64(d))
		}
		reflect(z, v)
		reflect(z, w)
		square, cos := 0.0, 0.0
		for _, t := range z {
			square += t * t / float64(d)
			cos += math.Cos(2*math.Pi*t) / float64(d)
		}
		return -20*math.Exp(-0.2*math.Sqrt(square)) - math.Exp(cos) + 20 + math.E
	}}
}

// mixed has three continuous coordinates, two with levels and two categorical ones that shift the minimum.
func mixed() problem {
	s := &Space{Dims: []Dim{{}, {}, {}, {Levels: levels(5)}, {Levels: levels(20)}, {Choices: 3}, {Choices: 4}}}
	return problem{"mixed", s, func(x []float64) float64 {
		shift := []float64{0.3, 0.5, 0.75}[int(x[5])]
		loss := []float64{0, 0.15, 0.3}[int(x[5])] + []float64{0.4, 0, 0.2, 0.5}[int(x[6])]
		loss += 6*math.Pow(x[0]-shift, 2) + 2*math.Pow(x[1]-0.6, 2) + 0.5*math.Abs(x[2]-0.2)
		loss += 2*math.Pow(x[3]-0.5, 2) + 3*math.Pow(x[4]-0.725, 2) + 2*math.Pow((x[0]-shift)+(x[4]-0.725), 2)
		return loss
	}}
}

// branches is a choice of three models with parameters of their own, each best elsewhere, and one that all share.
func branches() problem {
	s := &Space{Dims: []Dim{{Choices: 3}, {}}}
	for range 9 {
		s.Dims = append(s.Dims, Dim{Conditional: true})
	}
	s.Active = func(x []float64, d int) bool { return d < 2 || (d-2)/3 == int(x[0]) }
	return problem{"branches", s, func(x []float64) float64 {
		c := int(x[0])
		best, slope := []float64{0.2, 0.5, 0.8}[c], []float64{1, 4, 2}[c]
		loss := []float64{0.3, 0, 0.15}[c] + 3*math.Pow(x[1]-best, 2)
		for i := range 3 {
			loss += slope * math.Pow(x[2+3*c+i]-best+0.1*float64(i), 2)
		}
		return loss
	}}
}

// play is a sequence of the best losses of a loop: startup points of a Halton sequence, then the proposals, each made while
// the last workers - 1 are pending.
func (p problem) play(seed uint64, n, workers int, opt Options) []float64 {
	var o Observations
	var cache Cache
	start := halton(10, len(p.space.Dims), rand.New(rand.NewPCG(seed, 0)))
	best, out := math.Inf(1), []float64(nil)
	for i := range n {
		var x []float64
		if i < len(start) {
			x = p.space.place(start[i])
		} else {
			x = NewModel(p.space, o, opt, &cache).Propose(1, rand.New(rand.NewPCG(seed, uint64(i))))[0]
		}
		best = min(best, p.loss(x))
		out = append(out, best)
		if o.Pending = append(o.Pending, x); len(o.Pending) >= workers {
			o.X, o.Y = append(o.X, o.Pending[0]), append(o.Y, p.loss(o.Pending[0]))
			o.Pending = o.Pending[1:]
		}
	}
	return out
}

// same reports whether two points are equal, absent coordinates being equal to each other.
func same(a, b []float64) bool {
	for d, v := range a {
		if v != b[d] && !(math.IsNaN(v) && math.IsNaN(b[d])) {
			return false
		}
	}
	return true
}
