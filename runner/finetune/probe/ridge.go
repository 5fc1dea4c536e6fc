package probe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/metric"
)

// RidgeOptions set a ridge regression. Only Alpha has no default.
type RidgeOptions struct {
	Alpha       float64   // strength of the penalty; above 0
	Normalize   bool      // divide each row by its L2 norm first
	NoIntercept bool      // B is 0
	RowWeights  []float64 // one a row, at least 0; nil: all 1
}

// Ridge is a fitted ridge regression: y = W x + B.
type Ridge struct {
	Outputs, Cols int
	W             []float32 // Outputs x Cols, row-major
	B             []float32 // Outputs
	Normalize     bool      // rows are divided by their L2 norm first
}

// FitRidge minimizes sum_i w_i |y_i - W x_i - B|^2 + alpha |W|^2 over W and the unpenalized B in closed form: scikit-learn's
// Ridge(alpha). y has outputs numbers a row.
func FitRidge(f Features, y []float64, outputs int, o RidgeOptions) (*Ridge, error) {
	s, err := newNormal(f, y, outputs, o)
	if err != nil {
		return nil, err
	}
	return s.solve(o)
}

// normal are the normal equations but for alpha, of centred features and targets.
type normal struct {
	cols, outputs int
	mean, middle  []float64 // of the features and of the targets
	gram          []float64 // cols x cols: sum over rows of weight * x x^T
	cross         []float64 // cols x outputs: sum of weight * x y^T
}

func newNormal(f Features, y []float64, outputs int, o RidgeOptions) (*normal, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	n, cols := f.Rows(), f.Cols
	if outputs < 1 || len(y) != n*outputs {
		return nil, fmt.Errorf("probe: %d targets for %d rows of %d", len(y), n, outputs)
	}
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("probe: target %d of row %d is %v", i%outputs, i/outputs, v)
		}
	}
	weights, err := rowWeights(o.RowWeights, n)
	if err != nil {
		return nil, err
	}
	if o.Normalize {
		f = f.normalized()
	}
	s := &normal{cols: cols, outputs: outputs, mean: f.means(weights), middle: make([]float64, outputs),
		gram: make([]float64, cols*cols), cross: make([]float64, cols*outputs)}
	total := 0.0
	for i, w := range weights {
		total += w
		for j := range s.middle {
			s.middle[j] += w * y[i*outputs+j]
		}
	}
	for j := range s.middle {
		s.middle[j] /= total
	}
	if o.NoIntercept {
		clear(s.mean)
		clear(s.middle)
	}
	a, b := make([]float64, n*cols), make([]float64, n*outputs)
	for i, w := range weights {
		root := math.Sqrt(w)
		for j, v := range f.Row(i) {
			a[i*cols+j] = root * (float64(v) - s.mean[j])
		}
		for j := range outputs {
			b[i*outputs+j] = root * (y[i*outputs+j] - s.middle[j])
		}
	}
	blas.Gemm64(true, false, cols, cols, n, 1, a, cols, a, cols, 0, s.gram, cols)
	blas.Gemm64(true, false, cols, outputs, n, 1, a, cols, b, outputs, 0, s.cross, outputs)
	return s, nil
}

// solve solves for one alpha.
func (s *normal) solve(o RidgeOptions) (*Ridge, error) {
	if err := positive("alpha", o.Alpha); err != nil {
		return nil, err
	}
	a := mat.NewSymDense(s.cols, nil)
	for i := range s.cols {
		for j := i; j < s.cols; j++ {
			a.SetSym(i, j, s.gram[i*s.cols+j])
		}
		a.SetSym(i, i, a.At(i, i)+o.Alpha)
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		return nil, fmt.Errorf("probe: alpha %v is too small for features of this size", o.Alpha)
	}
	var w mat.Dense
	// An error here says that the equations are ill-conditioned; the penalty is what makes the solution a sensible one still.
	_ = chol.SolveTo(&w, mat.NewDense(s.cols, s.outputs, s.cross))
	m := &Ridge{Outputs: s.outputs, Cols: s.cols, W: make([]float32, s.outputs*s.cols), B: make([]float32, s.outputs), Normalize: o.Normalize}
	for k := range s.outputs {
		b := s.middle[k]
		for j := range s.cols {
			m.W[k*s.cols+j] = float32(w.At(j, k))
			b -= w.At(j, k) * s.mean[j]
		}
		m.B[k] = float32(b)
	}
	return m, nil
}

// Predict computes rows x Outputs.
func (m *Ridge) Predict(f Features) ([]float32, error) {
	return linear(f, m.Outputs, m.Cols, m.W, m.B, m.Normalize)
}

// Measure predicts rows whose one target is known.
func (m *Ridge) Measure(f Features, y []float64) (*metric.Predicted, error) {
	if m.Outputs != 1 || len(y) != f.Rows() {
		return nil, fmt.Errorf("probe: %d targets for %d rows of %d predictions", len(y), f.Rows(), m.Outputs)
	}
	p, err := m.Predict(f)
	if err != nil {
		return nil, err
	}
	out := &metric.Predicted{P: make([]float64, len(p)), Y: y}
	for i, v := range p {
		out.P[i] = float64(v)
	}
	return out, nil
}

// linear computes W x + B of every row: rows x outputs.
func linear(f Features, outputs, cols int, w, b []float32, normalize bool) ([]float32, error) {
	if f.Cols != cols || len(f.X)%cols != 0 {
		return nil, fmt.Errorf("probe: %d values of rows of %d features, the fit has %d", len(f.X), f.Cols, cols)
	}
	if normalize {
		f = f.normalized()
	}
	out := make([]float32, 0, f.Rows()*outputs)
	for range f.Rows() {
		out = append(out, b...)
	}
	blas.Gemm(false, true, f.Rows(), outputs, cols, 1, f.X, cols, w, cols, 1, out, outputs)
	return out, nil
}
