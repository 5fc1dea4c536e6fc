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

// How a head comes about (Options.Head), and what a trained one begins with (Options.HeadStart).
const (
	TrainedHead = "trained" // step by step, as the rest
	SolvedHead  = "solved"  // a linear probe: solved to convergence on what the frozen blocks make of the rows, in one epoch
	FreshHead   = "fresh"   // drawn at random
)

// solves reports whether the head is solved in an epoch: in the one of a probe, and in those of lp_ft and gradual that train the
// head alone, if it starts solved. There is nothing to train then until the next block thaws.
func (l *Loop) solves(epoch int) bool {
	o := l.job.Options
	if o.Head == SolvedHead {
		return true
	}
	blocks := len(l.job.Net.Blocks())
	return o.HeadStart == SolvedHead && (o.Freeze.Strategy == trial.LPFT || o.Freeze.Strategy == trial.Gradual) &&
		slices.Index(o.Freeze.Trained(epoch, blocks), true) == blocks-1
}

// solve is an epoch in which the head is the regression that fits the training rows best, with everything below frozen. Of classes it
// is a softmax regression, of labels a logistic regression each, of numbers a ridge regression; the features are divided by
// their typical norm first, so that one penalty suits every network, and the head takes that back.
func (l *Loop) solve(ctx context.Context) (pass, error) {
	p := pass{rows: len(l.job.Train)}
	if !l.stage.solved {
		c, err := l.enterSolved(ctx, l.epoch == 0)
		if err != nil {
			return pass{}, err
		}
		p.c = c
	}
	e, err := evaluate(ctx, l.stage.evaluator, l.stage.valid, l.job.Train, l.job.Target)
	if err != nil {
		return pass{}, err
	}
	p.loss = e.Loss * float64(p.rows)
	if accuracy, ok := e.values.Get("accuracy"); ok {
		p.right = int(math.Round(accuracy * float64(p.rows)))
	}
	return p, nil
}

// enterSolved makes a stage without a training graph, and solves the head unless it was read from a checkpoint. c is the penalty,
// if it was chosen here.
func (l *Loop) enterSolved(ctx context.Context, anew bool) (c float64, err error) {
	if err := l.stage.close(); err != nil {
		return 0, err
	}
	top := len(l.job.Net.Blocks()) - 1
	if l.stage.cache, err = l.whole(top); err != nil {
		return 0, err
	}
	if anew {
		if c, err = l.solveHead(ctx); err != nil {
			return 0, fmt.Errorf("solve the head: %w", err)
		}
	}
	if l.stage.evaluator, err = l.job.Net.NewEvaluator(model.EvalOptions{Batch: evalBatch, From: top}); err != nil {
		return 0, fmt.Errorf("build the evaluation graph: %w", err)
	}
	l.stage.valid, l.stage.solved = l.stage.cache.feed(evalBatch), true
	return c, nil
}

// whole is the cache of all rows below the head, in memory of its own where the job's has no room.
func (l *Loop) whole(top int) (*cache, error) {
	rows := slices.Concat(l.job.Train, l.job.Valid)
	batch, err := l.prefixRows(top)
	if err != nil {
		return nil, err
	}
	c, err := newCache(l.job.Cache, l.job.Net, l.job.Inputs, rows, top, batch)
	if err == nil && c == nil {
		c, err = newCache(prefix.New(prefix.Options{Memory: math.MaxInt64}), l.job.Net, l.job.Inputs, rows, top, batch)
	}
	return c, err
}

// solveHead sets the head of the network.
func (l *Loop) solveHead(ctx context.Context) (chosen float64, err error) {
	f, norm := l.stage.cache.features(l.job.Train)
	c := l.job.Options.HeadC
	if c == 0 {
		if c, err = l.choosePenalty(ctx, f); err != nil {
			return 0, err
		}
		chosen = c
	}
	w, b, err := l.fitHead(ctx, f, c)
	if err != nil {
		return 0, err
	}
	weight, bias := l.job.Net.Head()
	for i, v := range w {
		weight.Data[i] = v / norm
	}
	if bias != nil {
		copy(bias.Data, b)
	}
	return chosen, nil
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

// fitHead is the weights (outputs x features) and the biases of the head, given the inverse strength of the penalty.
func (l *Loop) fitHead(ctx context.Context, f probe.Features, c float64) (w, b []float32, err error) {
	t := l.job.Target
	switch t.Kind {
	case trial.Regression:
		o := l.ridgeOptions()
		o.Alpha = 1 / c
		r, err := probe.FitRidge(f, l.numbers(), 1, o)
		if err != nil {
			return nil, nil, err
		}
		return r.W, r.B, nil
	case trial.MultiLabel:
		g, err := probe.FitLabels(ctx, f, at(t.Marks, l.job.Train, t.Outputs), t.Outputs, l.probeOptions(c), nil)
		if err != nil {
			return nil, nil, err
		}
		return g.W, g.B, nil
	}
	g, err := probe.FitLogistic(ctx, f, at(t.Labels, l.job.Train, 1), t.Outputs, l.probeOptions(c), nil)
	if err != nil {
		return nil, nil, err
	}
	return g.W, g.B, nil
}

// numbers are those of the training rows, as they are trained.
func (l *Loop) numbers() []float64 {
	y := make([]float64, len(l.job.Train))
	for i, row := range l.job.Train {
		y[i] = float64(l.job.Target.value(row, 0))
	}
	return y
}

func (l *Loop) probeOptions(c float64) probe.Options {
	_, bias := l.job.Net.Head()
	o := probe.Options{C: c, NoIntercept: bias == nil}
	for _, v := range l.weights {
		o.ClassWeights = append(o.ClassWeights, float64(v))
	}
	return o
}

func (l *Loop) ridgeOptions() probe.RidgeOptions {
	_, bias := l.job.Net.Head()
	return probe.RidgeOptions{NoIntercept: bias == nil}
}
