package probe

import (
	"fmt"
	"math"
)

// Features are what a frozen network makes of some rows.
type Features struct {
	X    []float32 // rows x Cols, row-major, finite
	Cols int
}

// Rows is how many there are.
func (f Features) Rows() int {
	if f.Cols < 1 {
		return 0
	}
	return len(f.X) / f.Cols
}

// Row is one row; not a copy.
func (f Features) Row(i int) []float32 { return f.X[i*f.Cols : (i+1)*f.Cols] }

// Select copies some rows, in the order given.
func (f Features) Select(rows []int) Features {
	out := Features{X: make([]float32, 0, len(rows)*f.Cols), Cols: f.Cols}
	for _, r := range rows {
		out.X = append(out.X, f.Row(r)...)
	}
	return out
}

// normalized is a copy in which every row is divided by its L2 norm; a row of zeros stays one.
func (f Features) normalized() Features {
	out := Features{X: make([]float32, len(f.X)), Cols: f.Cols}
	for i := range f.Rows() {
		norm := 0.0
		for _, v := range f.Row(i) {
			norm += float64(v) * float64(v)
		}
		if norm = math.Sqrt(norm); norm == 0 {
			norm = 1
		}
		for j, v := range f.Row(i) {
			out.X[i*f.Cols+j] = float32(float64(v) / norm)
		}
	}
	return out
}

// means are the weighted means of the columns. The weights sum to more than 0.
func (f Features) means(weights []float64) []float64 {
	out, sum := make([]float64, f.Cols), 0.0
	for i, w := range weights {
		sum += w
		for j, v := range f.Row(i) {
			out[j] += w * float64(v)
		}
	}
	for j := range out {
		out[j] /= sum
	}
	return out
}

// check finds features that nothing can be fitted to.
func (f Features) check() error {
	if f.Cols < 1 || len(f.X) == 0 || len(f.X)%f.Cols != 0 {
		return fmt.Errorf("probe: %d values are no rows of %d features", len(f.X), f.Cols)
	}
	for i, v := range f.X {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("probe: feature %d of row %d is %v", i%f.Cols, i/f.Cols, v)
		}
	}
	return nil
}

// rowWeights checks weights of n rows, and makes those that were not given.
func rowWeights(weights []float64, n int) ([]float64, error) {
	out := make([]float64, n)
	if weights == nil {
		for i := range out {
			out[i] = 1
		}
		return out, nil
	}
	if len(weights) != n {
		return nil, fmt.Errorf("probe: %d weights for %d rows", len(weights), n)
	}
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("probe: the weight of row %d is %v, it must be a number of at least 0", i, w)
		}
		out[i] = w
		sum += w
	}
	if sum == 0 {
		return nil, fmt.Errorf("probe: all %d rows have weight 0", n)
	}
	return out, nil
}

// positive checks the strength of a penalty.
func positive(name string, v float64) error {
	if !(v > 0) || math.IsInf(v, 0) {
		return fmt.Errorf("probe: %s is %v, it must be a number above 0", name, v)
	}
	return nil
}
