package probe

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"

	"automl/runner/finetune/blas"
)

// objective is what is minimized, and its gradient, at one point at a time.
type objective struct {
	d *design
	c float64
	v *variables

	at       []float64 // the point that the fields below belong to; nil: none yet
	value    float64
	gradient []float64 // by the variables
	bound    float64   // see solve
	w, gw    []float32 // k x cols: weights, and the gradient by them
	b, gb    []float64 // k
	logits   []float32 // rows x k; then the losses' gradient by them
}

func newObjective(d *design, c float64, v *variables) *objective {
	k, n := len(d.present), len(d.present)*d.x.Cols
	return &objective{d: d, c: c, v: v, gradient: make([]float64, v.size()), w: make([]float32, n), gw: make([]float32, n),
		b: make([]float64, k), gb: make([]float64, k), logits: make([]float32, len(d.y)*k)}
}

// visit computes everything at a point, unless it was the last one.
func (o *objective) visit(point []float64) {
	if o.at != nil && equal(o.at, point) {
		return
	}
	o.at = append(o.at[:0], point...)
	o.v.to(o.w, o.b, point)
	n, k, cols := len(o.d.y), len(o.d.present), o.d.x.Cols
	blas.Gemm(false, true, n, k, cols, 1, o.d.x.X, cols, o.w, cols, 0, o.logits, k)
	o.value = o.c * o.losses()
	blas.Gemm(true, false, k, cols, n, 1, o.logits, k, o.d.x.X, cols, 0, o.gw, cols)
	square, size := 0.0, 0.0
	for i, w := range o.w {
		o.gw[i] += w
		size += float64(w) * float64(w)
		square += float64(o.gw[i]) * float64(o.gw[i])
	}
	o.value += size / 2
	o.bound = math.Sqrt(square / size)
	if square == 0 {
		o.bound = 0
	}
	if o.d.origin {
		clear(o.gb)
	}
	o.v.gradient(o.gradient, o.gw, o.gb)
}

// losses sums up the weighted log losses, and puts C times their gradient in the place of the logits and into gb.
func (o *objective) losses() float64 {
	n, k := len(o.d.y), len(o.d.present)
	b, gaps := make([]float32, k), make([]float64, n)
	for j, v := range o.b {
		b[j] = float32(v)
	}
	for i, y := range o.d.y {
		row := o.logits[i*k : (i+1)*k]
		for j := range row {
			row[j] += b[j]
		}
		gaps[i] = float64(slices.Max(row)) - float64(row[y])
	}
	blas.Softmax(n, k, 1, o.logits, nil, o.logits)
	clear(o.gb)
	sum := 0.0
	for i, y := range o.d.y {
		row := o.logits[i*k : (i+1)*k]
		loss, others := surprise(row, int(y), gaps[i])
		sum += o.d.weights[i] * loss
		row[y] = float32(-others)
		for j := range row {
			row[j] *= float32(o.c * o.d.weights[i])
			o.gb[j] += float64(row[j])
		}
	}
	return sum
}

// surprise is -log p[y], and the sum of the other probabilities: 1-p[y], but exact where that is small. gap is how far the largest
// logit is above that of y: where p[y] has no digits left, it still has.
func surprise(p []float32, y int, gap float64) (loss, others float64) {
	top := float32(0)
	for j, q := range p {
		if j != y {
			others += float64(q)
		}
		top = max(top, q)
	}
	if others < 0.5 {
		return -math.Log1p(-others), others
	}
	return gap - math.Log(float64(top)), others
}

// solve minimizes from a point. The objective is strongly convex in the weights, with modulus 1 from the penalty, so that their
// distance to the optimal ones is at most the norm of the gradient: this over the norm of the weights is the bound that ends the
// search. Where float32 does not get there, it ends when nothing gets better.
func (d *design) solve(ctx context.Context, opts Options, o *objective, begin []float64) (*Logistic, error) {
	problem := optimize.Problem{
		Func: func(x []float64) float64 { o.visit(x); return o.value },
		Grad: func(dst, x []float64) { o.visit(x); copy(dst, o.gradient) },
		Status: func() (optimize.Status, error) {
			if ctx.Err() != nil {
				return optimize.Failure, context.Cause(ctx)
			}
			return optimize.NotTerminated, nil
		},
	}
	settings := &optimize.Settings{MajorIterations: opts.MaxIterations, Converger: &converger{o: o, tolerance: opts.Tolerance}}
	result, err := optimize.Minimize(problem, begin, settings, &optimize.LBFGS{Linesearcher: &lineSearch{}, Store: 10})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if result == nil {
		return nil, err
	}
	o.visit(result.X) // an error here is a line search at the end of float32's precision, which the bound shows
	m := d.finish(o.w, o.b)
	m.Normalize = opts.Normalize
	m.Objective, m.Iterations, m.Error, m.Converged = o.value, result.MajorIterations, o.bound, o.bound <= opts.Tolerance
	return m, nil
}

// lineSearch is that of More and Thuente, and takes a step, too, that satisfies the approximate Wolfe conditions of Hager and Zhang ("A
// new conjugate gradient method with guaranteed descent and an efficient line search", 2005, section 4): close to the
// optimum the objective changes by less than its rounding errors, and only slopes tell where it is lowest.
type lineSearch struct {
	optimize.MoreThuente
	value, slope float64 // at the start
}

// The constants of lineSearch: delta and sigma of the conditions, and the rounding error of a value.
const (
	armijo    = 0.1
	curvature = 0.9
	rounding  = 1e-6
)

func (s *lineSearch) Init(value, slope, step float64) optimize.Operation {
	s.value, s.slope = value, slope
	return s.MoreThuente.Init(value, slope, step)
}

func (s *lineSearch) Iterate(value, slope float64) (optimize.Operation, float64, error) {
	if value <= s.value+rounding*math.Abs(s.value) && slope >= curvature*s.slope && slope <= (2*armijo-1)*s.slope {
		return optimize.MajorIteration, 0, nil
	}
	return s.MoreThuente.Iterate(value, slope)
}

// converger ends the search by the bound.
type converger struct {
	o         *objective
	tolerance float64
}

func (*converger) Init(int) {}

func (c *converger) Converged(l *optimize.Location) optimize.Status {
	c.o.visit(l.X)
	if c.o.bound <= c.tolerance {
		return optimize.GradientThreshold
	}
	return optimize.NotTerminated
}

func equal(a, b []float64) bool {
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}
