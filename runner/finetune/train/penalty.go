package train

import (
	"context"
	"strings"

	"automl/runner/finetune/probe"
	"automl/trial"
)

// usualC is the inverse strength of a solved head's penalty where there are too few rows to choose it. On features of norm 1 it is
// seldom far from the best.
const usualC = 10

// penalties are the inverse strengths that are chosen from.
var penalties = []float64{0.1, 1, 3, 10, 30, 100}

// choosePenalty finds the penalty that does best on folds of the training rows alone, by the study's objective, or where that has
// no value, by the loss. The rows that the trial is measured on have no part in it.
func (l *Loop) choosePenalty(ctx context.Context, f probe.Features) (float64, error) {
	if len(l.job.Folds) == 0 {
		return usualC, nil
	}
	strengths, err := l.path(ctx, f)
	if err != nil {
		return 0, err
	}
	o := l.job.Objective
	o.Metric = strings.TrimPrefix(o.Metric, "val_")
	for _, o := range []trial.Objective{o, {Metric: "loss", Goal: trial.Minimize}} {
		if best, err := probe.Best(strengths, o); err == nil {
			if l.job.Target.Kind == trial.Regression {
				return 1 / best.Value, nil
			}
			return best.Value, nil
		}
	}
	return usualC, nil
}

// path measures every penalty on the folds.
func (l *Loop) path(ctx context.Context, f probe.Features) ([]probe.Strength, error) {
	t, folds := l.job.Target, l.job.Folds
	switch t.Kind {
	case trial.Regression:
		alphas := make([]float64, len(penalties))
		for i, c := range penalties {
			alphas[i] = 1 / c
		}
		return probe.RidgePath(f, l.numbers(), folds, alphas, l.ridgeOptions())
	case trial.MultiLabel:
		return probe.LabelsPath(ctx, f, at(t.Marks, l.job.Train, t.Outputs), t.Outputs, folds, penalties, l.probeOptions(0))
	}
	return probe.LogisticPath(ctx, f, at(t.Labels, l.job.Train, 1), t.Outputs, folds, penalties, l.probeOptions(0))
}
