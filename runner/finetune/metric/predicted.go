package metric

import (
	"cmp"
	"math"

	"automl/trial"
)

// Predicted are rows of one number each, and what a network took it for.
type Predicted struct {
	P      []float64
	Y      []float64
	Scale  float64 // variance that the target was standardized with for training, which "loss" is a share of; 0: 1
	Groups []int32 // the group of each row, from 0; nil: there are none
}

// predicted are the metrics of the family Numbers.
var predicted = []entry[*Predicted]{
	{Metric{Name: "mse", Goal: trial.Minimize, Meaning: "mean squared error; >= 0", Also: []string{"mean_squared_error"}}, (*Predicted).mse},
	{Metric{Name: "rmse", Goal: trial.Minimize, Meaning: "root of the mean squared error, in the unit of the target; >= 0"},
		func(r *Predicted) float64 { return math.Sqrt(r.mse()) }},
	{Metric{Name: "mae", Goal: trial.Minimize, Meaning: "mean absolute error, in the unit of the target; >= 0", Also: []string{"mean_absolute_error"}}, (*Predicted).mae},
	{Metric{Name: "r2", Goal: trial.Maximize, Meaning: "share of the variance explained; <= 1", Also: []string{"r2_score"}}, (*Predicted).r2},
	{Metric{Name: "spearman", Goal: trial.Maximize, Meaning: "correlation of the ranks; -1..1", Also: []string{"spearmanr", "spearman_rho"}}, (*Predicted).spearman},
	{Metric{Name: "loss", Goal: trial.Minimize, Meaning: "mean squared error of the standardized target, as train_loss is; >= 0"},
		func(r *Predicted) float64 { return r.mse() / cmp.Or(r.Scale, 1) }},
	{Metric{Name: "worst_group_mse", Goal: trial.Minimize, Meaning: "mean squared error of the group with the highest; >= 0", Grouped: true},
		func(r *Predicted) float64 { return worst(r.Groups, len(r.Y), r.squared, trial.Minimize) }},
}

// Measure computes all metrics of the family, those of groups where there are some.
func (r *Predicted) Measure() trial.Metrics {
	return measure(predicted, r, len(r.Y), r.Groups != nil)
}

func (r *Predicted) squared(row int) float64 { return (r.P[row] - r.Y[row]) * (r.P[row] - r.Y[row]) }

func (r *Predicted) mse() float64 { return mean(len(r.Y), r.squared) }

func (r *Predicted) mae() float64 {
	return mean(len(r.Y), func(row int) float64 { return math.Abs(r.P[row] - r.Y[row]) })
}

// r2 is the coefficient of determination. Where the targets are constant it is 1 for perfect predictions and 0 for others.
func (r *Predicted) r2() float64 {
	if len(r.Y) < 2 {
		return math.NaN()
	}
	middle := mean(len(r.Y), func(row int) float64 { return r.Y[row] })
	total := mean(len(r.Y), func(row int) float64 { return (r.Y[row] - middle) * (r.Y[row] - middle) })
	switch residual := r.mse(); {
	case total > 0:
		return 1 - residual/total
	case residual == 0:
		return 1
	}
	return 0
}

// spearman is the correlation coefficient of the ranks.
func (r *Predicted) spearman() float64 {
	p, y := ranks(r.P), ranks(r.Y)
	middle := float64(len(y)+1) / 2
	var cross, pp, yy float64
	for i := range y {
		a, b := p[i]-middle, y[i]-middle
		cross += a * b
		pp += a * a
		yy += b * b
	}
	if pp == 0 || yy == 0 {
		return 0
	}
	return cross / math.Sqrt(pp*yy)
}

// mean is that of n values.
func mean(n int, of func(i int) float64) float64 {
	sum := 0.0
	for i := range n {
		sum += of(i)
	}
	return sum / float64(n)
}
