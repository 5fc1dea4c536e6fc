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
func Curve(ctx context.Context, w protocol.Work) (curve []trial.Metrics, err error) {
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
	for loop.Done() < w.Epochs {
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
