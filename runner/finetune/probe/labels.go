package probe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"automl/runner/finetune/metric"
	"automl/trial"
)

// Labels is a logistic regression for each of several labels: P(label|x) = sigmoid(W x + B).
type Labels struct {
	Labels, Cols int
	W            []float32 // Labels x Cols, row-major
	B            []float32 // Labels
	Normalize    bool      // rows are divided by their L2 norm first

	fits []*Logistic // by label; nil for one that all rows have, or none
}

// FitLabels fits each label for itself, as scikit-learn's OneVsRestClassifier(LogisticRegression(C=C)) does. marks has one a label a
// row. o.ClassWeights, if there are some, are those of the rows that have a label, one a label. start is as for [FitLogistic]. A label
// that no row has, or every row, gets weights of 0 and the bias that stands for half a row of the other kind.
func FitLabels(ctx context.Context, f Features, marks []bool, labels int, o Options, start *Labels) (*Labels, error) {
	if labels < 1 || len(marks) != f.Rows()*labels {
		return nil, fmt.Errorf("probe: %d marks for %d rows of %d labels", len(marks), f.Rows(), labels)
	}
	if o.ClassWeights != nil && len(o.ClassWeights) != labels {
		return nil, fmt.Errorf("probe: %d class weights for %d labels", len(o.ClassWeights), labels)
	}
	weights := o.ClassWeights
	o.C /= 2 // of two classes with a row of weights each, see FitLogistic
	out := &Labels{Labels: labels, Cols: f.Cols, W: make([]float32, labels*f.Cols), B: make([]float32, labels), Normalize: o.Normalize, fits: make([]*Logistic, labels)}
	y := make([]int32, f.Rows())
	for k := range labels {
		have := 0
		for i := range y {
			if y[i] = 0; marks[i*labels+k] {
				y[i] = 1
				have++
			}
		}
		if have == 0 || have == len(y) {
			if o.NoIntercept {
				continue
			}
			out.B[k] = float32(math.Log((float64(have) + 0.5) / (float64(len(y)-have) + 0.5)))
			continue
		}
		if o.ClassWeights = nil; weights != nil {
			o.ClassWeights = []float64{1, weights[k]}
		}
		var before *Logistic
		if start != nil {
			before = start.fits[k]
		}
		m, err := FitLogistic(ctx, f, y, 2, o, before)
		if err != nil {
			return nil, fmt.Errorf("label %d: %w", k, err)
		}
		out.fits[k] = m
		for j := range f.Cols {
			out.W[k*f.Cols+j] = m.W[f.Cols+j] - m.W[j]
		}
		out.B[k] = m.B[1] - m.B[0]
	}
	return out, nil
}

// Measure compares what is predicted of rows with their marks.
func (m *Labels) Measure(f Features, marks []bool) (*metric.Labelled, error) {
	z, err := linear(f, m.Labels, m.Cols, m.W, m.B, m.Normalize)
	if err != nil {
		return nil, err
	}
	p := make([]float64, len(z))
	metric.Sigmoid(p, z)
	return &metric.Labelled{K: m.Labels, P: p, Y: marks}, nil
}

// LabelsPath is [LogisticPath] for labels: marks has one a label a row.
func LabelsPath(ctx context.Context, f Features, marks []bool, labels int, folds []Fold, values []float64, o Options) ([]Strength, error) {
	if labels < 1 || len(marks) != f.Rows()*labels {
		return nil, fmt.Errorf("probe: %d marks for %d rows of %d labels", len(marks), f.Rows(), labels)
	}
	return path(f.Rows(), folds, slices.Sorted(slices.Values(values)), func(fold Fold) (func(float64) (trial.Metrics, error), error) {
		train, own := f.Select(fold.Train), rowsOf(marks, fold.Train, labels)
		x, theirs := f.Select(fold.Valid), rowsOf(marks, fold.Valid, labels)
		var m *Labels
		return func(c float64) (trial.Metrics, error) {
			one := o
			one.C = c
			var err error
			if m, err = FitLabels(ctx, train, own, labels, one, m); err != nil {
				return nil, err
			}
			rows, err := m.Measure(x, theirs)
			if err != nil {
				return nil, err
			}
			return rows.Measure(), nil
		}, nil
	})
}

// rowsOf copies the entries of some rows that have width of them.
func rowsOf[T any](of []T, rows []int, width int) []T {
	out := make([]T, 0, len(rows)*width)
	for _, r := range rows {
		out = append(out, of[r*width:(r+1)*width]...)
	}
	return out
}
