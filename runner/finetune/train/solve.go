package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"automl/runner/finetune/model"
	"automl/runner/finetune/prefix"
	"automl/runner/finetune/probe"
	"automl/trial"
)

// How a head comes about.
const (
	TrainedHead = "trained" // step by step, as the rest
	SolvedHead  = "solved"  // a linear probe: solved to convergence on what the frozen blocks make of the rows, in one epoch
)

// solve replaces the head by the regression that fits the training rows best, with everything below frozen, and ends the fold: more
// epochs would bring the same. Of classes it is a softmax regression, of numbers a ridge regression; the features are divided by
// their typical norm first, so that one penalty suits every network, and the head takes that back.
func (l *Loop) solve(ctx context.Context) (pass, error) {
	top := len(l.job.Net.Blocks()) - 1
	rows := slices.Concat(l.job.Train, l.job.Valid)
	batch, err := l.prefixRows(top)
	if err != nil {
		return pass{}, err
	}
	c, err := newCache(l.job.Cache, l.job.Net, l.job.Inputs, rows, top, batch)
	if err == nil && c == nil {
		c, err = newCache(prefix.New(prefix.Options{Memory: math.MaxInt64}), l.job.Net, l.job.Inputs, rows, top, batch)
	}
	if err != nil {
		return pass{}, err
	}
	l.stage.cache = c
	f, norm := c.features(l.job.Train)
	w, b, err := l.fitHead(ctx, f)
	if err != nil {
		return pass{}, err
	}
	weight, bias := l.job.Net.Head()
	for i, v := range w {
		weight.Data[i] = v / norm
	}
	if bias != nil {
		copy(bias.Data, b)
	}
	if l.stage.evaluator, err = l.job.Net.NewEvaluator(model.EvalOptions{Batch: evalBatch, From: top}); err != nil {
		return pass{}, fmt.Errorf("build the evaluation graph: %w", err)
	}
	l.stage.valid = c.feed(evalBatch)
	e, err := evaluate(ctx, l.stage.evaluator, l.stage.valid, l.job.Train, l.job.Target)
	if err != nil {
		return pass{}, err
	}
	p := pass{loss: e.Loss * float64(len(l.job.Train)), rows: len(l.job.Train)}
	if accuracy, ok := e.values.Get("accuracy"); ok {
		p.right = int(math.Round(accuracy * float64(p.rows)))
	}
	return p, nil
}

// features are the entries of rows divided by the root of their mean squared norm, which is returned, too.
func (c *cache) features(rows []int) (probe.Features, float32) {
	f := probe.Features{X: make([]float32, 0, len(rows)*c.per), Cols: c.per}
	square := 0.0
	for _, row := range rows {
		n := len(f.X)
		f.X = c.append(f.X, row)
		for _, x := range f.X[n:] {
			square += float64(x) * float64(x) / float64(len(rows))
		}
	}
	norm := float32(math.Sqrt(square))
	if !(norm > 0) {
		norm = 1
	}
	for i := range f.X {
		f.X[i] /= norm
	}
	return f, norm
}

// fitHead is the weights (outputs x features) and the biases of the head.
func (l *Loop) fitHead(ctx context.Context, f probe.Features) (w, b []float32, err error) {
	t := l.job.Target
	_, bias := l.job.Net.Head()
	if t.Kind == trial.Regression {
		y := make([]float64, len(l.job.Train))
		for i, row := range l.job.Train {
			y[i] = float64(t.value(row, 0))
		}
		r, err := probe.FitRidge(f, y, 1, probe.RidgeOptions{Alpha: 1 / l.job.Options.HeadC, NoIntercept: bias == nil})
		if err != nil {
			return nil, nil, err
		}
		return r.W, r.B, nil
	}
	o := probe.Options{C: l.job.Options.HeadC, NoIntercept: bias == nil}
	for _, v := range l.weights {
		o.ClassWeights = append(o.ClassWeights, float64(v))
	}
	g, err := probe.FitLogistic(ctx, f, at(t.Labels, l.job.Train, 1), t.Outputs, o, nil)
	if err != nil {
		return nil, nil, err
	}
	return g.W, g.B, nil
}
