package finetune

import (
	"context"
	"errors"

	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// Curve trains one fold of a work order from its first epoch to its last in this process, with no runner around it, and returns
// the metrics of every epoch: bit for bit those that [Main] would report on this kind of processor. It is what benchmarks record
// learning curves with. When training diverges, the curve ends before that epoch and the error is a [*train.Diverged].
func Curve(ctx context.Context, w protocol.Work) ([]trial.Metrics, error) { return CurveTo(ctx, w, 0) }

// CurveTo is Curve of no more than so many epochs; 0: all of a fold.
func CurveTo(ctx context.Context, w protocol.Work, epochs int) (curve []trial.Metrics, err error) {
	if epochs == 0 || epochs > w.Epochs {
		epochs = w.Epochs
	}
	m, err := load(w)
	if err != nil {
		return nil, err
	}
	job, err := m.foldJob(w)
	if err != nil {
		return nil, err
	}
	loop, err := train.New(job)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, loop.Close()) }()
	for loop.Done() < epochs {
		r, err := loop.Epoch(ctx, nil)
		if err != nil {
			return curve, err
		}
		curve = append(curve, r.Metrics)
		if r.Last {
			break
		}
	}
	return curve, nil
}
