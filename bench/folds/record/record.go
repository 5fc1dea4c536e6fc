package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"automl/configs"
	"automl/runner/finetune"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/search"
	"automl/trial"
)

// draw returns the first n draws of the random sampler.
func draw(sweep *configs.Sweep, n int) ([]trial.Params, error) {
	sampler := search.NewRandom(sweep.Space())
	empty := trial.NewState(sweep.Study("record", time.Time{}))
	out := make([]trial.Params, n)
	for i := range out {
		var err error
		if out[i], err = sampler.Sample(empty, search.Source(sweep.Seed, i)); err != nil {
			return nil, fmt.Errorf("draw configuration %d: %w", i, err)
		}
	}
	return out, nil
}

// recording is one table under way.
type recording struct {
	sweep *configs.Sweep
	k     int
	drawn []trial.Params
	file  string // the table, without .gz
	log   io.Writer
}

// run trains what the journal does not have, and writes the table.
func (r *recording) run(ctx context.Context) error {
	id, err := identity(r.sweep, r.k)
	if err != nil {
		return err
	}
	j, err := openJournal(r.file+".part", r.file+".gz", id, r.sweep.Shape.Epochs)
	if err != nil {
		return err
	}
	defer j.close()
	for config := range r.drawn {
		began := time.Now()
		for fold := range r.k {
			if j.has(config, fold) {
				continue
			}
			curve, err := r.curve(ctx, config, fold)
			if err != nil {
				return fmt.Errorf("configuration %d fold %d: %w", config, fold, err)
			}
			if err := j.add(config, fold, curve); err != nil {
				return err
			}
			fmt.Fprintf(r.log, "%s: configuration %d fold %d: %.4f after %.1f s\n",
				r.sweep.Name, config, fold, curve[len(curve)-1], time.Since(began).Seconds())
		}
	}
	if err := writeTable(r.file+".gz", id, j, len(r.drawn), r.k); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// curve is the value of the objective's metric after each epoch of one fold.
func (r *recording) curve(ctx context.Context, config, fold int) ([]float64, error) {
	plan := r.sweep.FoldPlan()
	plan.K = r.k
	epochs := r.sweep.Shape.Epochs
	measured, err := finetune.Curve(ctx, protocol.Work{
		Name: r.sweep.Name, Trial: config, Attempt: 1, Phase: trial.Search, Seed: r.sweep.Seed, Params: r.drawn[config],
		Objective: r.sweep.Objective, Fold: fold, Folds: plan, Epochs: epochs, Threads: 1, Trainer: r.sweep.Trainer,
	})
	var diverged *train.Diverged
	if err != nil && !errors.As(err, &diverged) {
		return nil, err
	}
	if diverged != nil {
		fmt.Fprintf(r.log, "%s: configuration %d fold %d: %v\n", r.sweep.Name, config, fold, diverged)
	}
	out := make([]float64, epochs)
	for i, m := range measured {
		out[i], _ = m.Get(r.sweep.Objective.Metric)
	}
	if err == nil { // early stopping: the fold keeps its last value
		for i := len(measured); i < epochs; i++ {
			out[i] = out[i-1]
		}
	}
	return out, nil
}
