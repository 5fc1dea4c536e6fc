package probe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"automl/runner/finetune/metric"
)

// The defaults of Options.
const (
	DefaultTolerance  = 1e-3
	DefaultIterations = 1000
)

// Options set a logistic regression. Only C has no default.
type Options struct {
	C             float64   // inverse strength of the penalty; above 0
	Normalize     bool      // divide each row by its L2 norm first
	NoIntercept   bool      // B is 0
	RowWeights    []float64 // one a row, at least 0; nil: all 1
	ClassWeights  []float64 // one a class, at least 0, multiplied with those of its rows; nil: all 1
	Tolerance     float64   // largest distance to the optimal weights, as a share of their norm; 0: DefaultTolerance
	MaxIterations int       // of L-BFGS; 0: DefaultIterations
}

// Logistic is a fitted multinomial logistic regression: P(class|x) = softmax(W x + B).
type Logistic struct {
	Classes, Cols int
	W             []float32 // Classes x Cols, row-major
	B             []float32 // Classes
	Normalize     bool      // rows are divided by their L2 norm first

	Objective  float64 // C * sum of weighted log losses + |W|^2 / 2
	Iterations int
	Error      float64 // bound of the distance to the optimal weights, as a share of the norm of W (see solve)
	Converged  bool    // Error is within the tolerance
}

// FitLogistic minimizes C * sum_i w_i * -log P(y_i|x_i) + |W|^2 / 2 over W and the unpenalized B: scikit-learn's
// LogisticRegression(C=C), but for two classes, where theirs has one row of weights and equals this one at 2C. y has one class
// below classes a row.
//
// start, if not nil, is a fit of the same shape to begin with, such as that of a nearby C; it changes how long this takes and not,
// within the tolerance, what comes out. A class without a row of positive weight gets weights of 0 and the bias that stands for half
// a row of the rarest class. Separable rows are no special case: the penalty keeps the weights finite.
func FitLogistic(ctx context.Context, f Features, y []int32, classes int, o Options, start *Logistic) (*Logistic, error) {
	d, err := newDesign(f, y, classes, o)
	if err != nil {
		return nil, err
	}
	return d.fit(ctx, o, start)
}

// design is a problem but for C: features centred, so that the intercepts hardly depend on the weights, and the classes that occur.
type design struct {
	x       Features // normalized if asked for, less mean
	mean    []float64
	origin  bool      // no intercepts; the mean is taken for 0
	y       []int32   // index into present
	weights []float64 // by row
	present []int     // classes that have rows
	classes int
	shares  []float64 // of the weights, by index into present
}

func newDesign(f Features, y []int32, classes int, o Options) (*design, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if len(y) != f.Rows() {
		return nil, fmt.Errorf("probe: %d classes for %d rows", len(y), f.Rows())
	}
	d := &design{classes: classes, origin: o.NoIntercept}
	var err error
	if d.weights, err = rowWeights(o.RowWeights, len(y)); err != nil {
		return nil, err
	}
	if o.ClassWeights != nil && len(o.ClassWeights) != classes {
		return nil, fmt.Errorf("probe: %d class weights for %d classes", len(o.ClassWeights), classes)
	}
	total := make([]float64, classes)
	for i, c := range y {
		if c < 0 || int(c) >= classes {
			return nil, fmt.Errorf("probe: row %d has class %d, there are classes 0 to %d", i, c, classes-1)
		}
		if o.ClassWeights != nil {
			w := o.ClassWeights[c]
			if !(w >= 0) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("probe: the weight of class %d is %v, it must be a number of at least 0", c, w)
			}
			d.weights[i] *= w
		}
		total[c] += d.weights[i]
	}
	d.setClasses(y, total)
	if len(d.present) < 2 {
		return nil, fmt.Errorf("probe: rows of %d classes, nothing to tell apart", len(d.present))
	}
	d.setFeatures(f, o.Normalize)
	return d, nil
}

// setClasses numbers the classes that have weight.
func (d *design) setClasses(y []int32, total []float64) {
	index, sum := make([]int32, len(total)), 0.0
	for c, w := range total {
		if w > 0 {
			index[c] = int32(len(d.present))
			d.present = append(d.present, c)
			d.shares = append(d.shares, w)
			sum += w
		}
	}
	for i := range d.shares {
		d.shares[i] /= sum
	}
	d.y = make([]int32, len(y))
	for i, c := range y {
		d.y[i] = index[c] // that of a class without weight does not matter: its rows have none
	}
}

// setFeatures normalizes and centres.
func (d *design) setFeatures(f Features, normalize bool) {
	if normalize {
		f = f.normalized()
	}
	d.mean = f.means(d.weights)
	if d.origin {
		clear(d.mean)
	}
	d.x = Features{X: make([]float32, len(f.X)), Cols: f.Cols}
	for i, v := range f.X {
		d.x.X[i] = float32(float64(v) - d.mean[i%f.Cols])
	}
}

// fit solves for one C.
func (d *design) fit(ctx context.Context, o Options, start *Logistic) (*Logistic, error) {
	if err := positive("C", o.C); err != nil {
		return nil, err
	}
	if o.Tolerance == 0 {
		o.Tolerance = DefaultTolerance
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = DefaultIterations
	}
	if start != nil && (start.Classes != d.classes || start.Cols != d.x.Cols) {
		return nil, fmt.Errorf("probe: a fit of %d classes and %d features cannot start one of %d and %d", start.Classes, start.Cols, d.classes, d.x.Cols)
	}
	v := newVariables(d, o.C)
	return d.solve(ctx, o, newObjective(d, o.C, v), d.begin(v, start))
}

// begin is the first guess: a given fit, or no weights and the intercepts that fit the shares of the classes.
func (d *design) begin(v *variables, start *Logistic) []float64 {
	k, cols := len(d.present), d.x.Cols
	w, b := make([]float32, k*cols), make([]float64, k)
	for i, c := range d.present {
		if start == nil {
			b[i] = math.Log(d.shares[i])
			continue
		}
		row := start.W[c*cols : (c+1)*cols]
		copy(w[i*cols:], row)
		b[i] = float64(start.B[c]) + dot(row, d.mean)
	}
	if d.origin {
		clear(b) // where they stay: their gradient is taken for 0
	}
	return v.from(w, b)
}

// finish spreads weights of the present classes of centred features over all classes and the features themselves.
func (d *design) finish(w []float32, b []float64) *Logistic {
	cols := d.x.Cols
	m := &Logistic{Classes: d.classes, Cols: cols, W: make([]float32, d.classes*cols), B: make([]float32, d.classes)}
	if d.origin {
		for i, c := range d.present {
			copy(m.W[c*cols:], w[i*cols:(i+1)*cols])
		}
		return m
	}
	middle := 0.0
	for i := range b {
		b[i] -= dot(w[i*cols:(i+1)*cols], d.mean)
		middle += b[i] / float64(len(b))
	}
	absent := slices.Min(b) - middle - math.Log(2*float64(len(d.y)))
	for c := range m.B {
		m.B[c] = float32(absent)
	}
	for i, c := range d.present {
		copy(m.W[c*cols:], w[i*cols:(i+1)*cols])
		m.B[c] = float32(b[i] - middle) // only differences of intercepts count
	}
	return m
}

// Logits computes rows x Classes.
func (m *Logistic) Logits(f Features) ([]float32, error) {
	return linear(f, m.Classes, m.Cols, m.W, m.B, m.Normalize)
}

// Measure predicts rows whose classes are known.
func (m *Logistic) Measure(f Features, y []int32) (*metric.Classified, error) {
	logits, err := m.Logits(f)
	if err != nil {
		return nil, err
	}
	if len(y) != f.Rows() {
		return nil, fmt.Errorf("probe: %d classes for %d rows", len(y), f.Rows())
	}
	out := &metric.Classified{K: m.Classes, P: make([]float64, len(logits)), Y: y}
	for i := range y {
		metric.Softmax(out.P[i*m.Classes:(i+1)*m.Classes], logits[i*m.Classes:(i+1)*m.Classes])
	}
	return out, nil
}

func dot(a []float32, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * b[i]
	}
	return sum
}
