package probe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"automl/trial"
)

// Fold is one of the folds that a penalty is chosen on: the rows to fit to, and those to measure on.
type Fold struct{ Train, Valid []int }

// Strength is how a strength of the penalty did on the folds.
type Strength struct {
	Value float64         // C or alpha, as given
	Folds []trial.Metrics // all metrics of the family, one list a fold
}

// LogisticPath measures values of C on the folds, from the strongest penalty to the weakest, each fit beginning with the last. It
// returns one entry a value, in that order. o.C is not used; o.RowWeights are those of all rows.
func LogisticPath(ctx context.Context, f Features, y []int32, classes int, folds []Fold, values []float64, o Options) ([]Strength, error) {
	if len(y) != f.Rows() {
		return nil, fmt.Errorf("probe: %d classes for %d rows", len(y), f.Rows())
	}
	all := o.RowWeights
	return path(f.Rows(), folds, slices.Sorted(slices.Values(values)), func(fold Fold) (func(float64) (trial.Metrics, error), error) {
		o.RowWeights = pick(all, fold.Train)
		d, err := newDesign(f.Select(fold.Train), pick(y, fold.Train), classes, o)
		if err != nil {
			return nil, err
		}
		x, labels := f.Select(fold.Valid), pick(y, fold.Valid)
		var m *Logistic
		return func(c float64) (trial.Metrics, error) {
			one := o
			one.C = c
			if m, err = d.fit(ctx, one, m); err != nil {
				return nil, err
			}
			rows, err := m.Measure(x, labels)
			if err != nil {
				return nil, err
			}
			return rows.Measure(), nil
		}, nil
	})
}

// RidgePath measures values of alpha on the folds, from the strongest penalty to the weakest, and returns one entry a value in that
// order. y has one number a row. o.Alpha is not used; o.RowWeights are those of all rows.
func RidgePath(f Features, y []float64, folds []Fold, values []float64, o RidgeOptions) ([]Strength, error) {
	if len(y) != f.Rows() {
		return nil, fmt.Errorf("probe: %d targets for %d rows", len(y), f.Rows())
	}
	all := o.RowWeights
	values = slices.Sorted(slices.Values(values))
	slices.Reverse(values)
	return path(f.Rows(), folds, values, func(fold Fold) (func(float64) (trial.Metrics, error), error) {
		o.RowWeights = pick(all, fold.Train)
		s, err := newNormal(f.Select(fold.Train), pick(y, fold.Train), 1, o)
		if err != nil {
			return nil, err
		}
		x, targets := f.Select(fold.Valid), pick(y, fold.Valid)
		return func(alpha float64) (trial.Metrics, error) {
			one := o
			one.Alpha = alpha
			m, err := s.solve(one)
			if err != nil {
				return nil, err
			}
			rows, err := m.Measure(x, targets)
			if err != nil {
				return nil, err
			}
			return rows.Measure(), nil
		}, nil
	})
}

// path measures each value on each fold, in the order given; open prepares a fold. There are n rows.
func path(n int, folds []Fold, values []float64, open func(Fold) (func(float64) (trial.Metrics, error), error)) ([]Strength, error) {
	if len(folds) == 0 || len(values) == 0 {
		return nil, fmt.Errorf("probe: %d values on %d folds: nothing to choose from", len(values), len(folds))
	}
	out := make([]Strength, len(values))
	for i, v := range values {
		out[i].Value = v
	}
	for i, fold := range folds {
		if err := fold.check(n); err != nil {
			return nil, fmt.Errorf("fold %d: %w", i, err)
		}
		measure, err := open(fold)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", i, err)
		}
		for j := range out {
			m, err := measure(out[j].Value)
			if err != nil {
				return nil, fmt.Errorf("fold %d: %w", i, err)
			}
			out[j].Folds = append(out[j].Folds, m)
		}
	}
	return out, nil
}

func (f Fold) check(n int) error {
	if len(f.Valid) == 0 {
		return errors.New("probe: no rows to measure on")
	}
	for _, r := range slices.Concat(f.Train, f.Valid) {
		if r < 0 || r >= n {
			return fmt.Errorf("probe: row %d of %d", r, n)
		}
	}
	return nil
}

// Score is the folds' values of an objective's metric put together; NaN without the metric, or where one is not finite.
func (s Strength) Score(o trial.Objective) float64 {
	var values []float64
	for _, m := range s.Folds {
		if v, ok := m.Get(o.Metric); ok {
			values = append(values, v)
		}
	}
	return o.Combine(values)
}

// Best is the strength with the best score, the first of equal ones: that with the stronger penalty. It is an error when none has a
// finite score.
func Best(strengths []Strength, o trial.Objective) (Strength, error) {
	best, at := Strength{}, math.NaN()
	for _, s := range strengths {
		if v := s.Score(o); o.Better(v, at) {
			best, at = s, v
		}
	}
	if math.IsNaN(at) {
		return Strength{}, fmt.Errorf("probe: no strength of the penalty has a finite %s", o.Metric)
	}
	return best, nil
}

// pick copies some entries; of nil it is nil.
func pick[T any](of []T, rows []int) []T {
	if of == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of[r]
	}
	return out
}
