package finetune

import (
	"context"
	"errors"
	"fmt"

	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// fold trains the epochs of the work order and reports each.
func (s *session) fold(ctx context.Context) (err error) {
	w := s.work
	m, err := s.prepare()
	if err != nil {
		return err
	}
	job, err := m.foldJob(w)
	if err != nil {
		return err
	}
	loop, err := train.New(job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loop.Close()) }()
	if err := s.resume(loop); err != nil {
		return err
	}
	for loop.Done() < w.To.Epoch {
		over, err := s.epoch(ctx, loop, m.table.Classes)
		if err != nil || over {
			return err
		}
	}
	return nil
}

// resume brings the loop to where the work order begins.
func (s *session) resume(loop *train.Loop) error {
	from := s.work.From.Epoch
	if from == 0 {
		return nil
	}
	if s.work.CheckpointIn == "" {
		return fmt.Errorf("the work begins after epoch %d, but there is no checkpoint", from)
	}
	if err := loop.Resume(s.work.CheckpointIn); err != nil {
		return err
	}
	if loop.Done() != from {
		return fmt.Errorf("the checkpoint stands after epoch %d, the work begins after %d", loop.Done(), from)
	}
	return nil
}

// epoch trains one, reports it, reads the decision and, unless that is stop, leaves a checkpoint. over means that the fold
// goes no further in this process.
func (s *session) epoch(ctx context.Context, loop *train.Loop, classes []string) (over bool, err error) {
	began := s.now()
	r, err := loop.Epoch(ctx, s.progress(loop.Done()+1))
	if err != nil {
		return false, err
	}
	s.tellParts(r, loop.Batch())
	verb, err := s.client.Report(protocol.Report{
		Fold: s.work.Fold, Epoch: r.Epoch, Metrics: r.Metrics, Cost: s.now().Sub(began).Seconds(), Last: r.Last,
		Cache: r.Cache, Confusion: s.confusion(r, classes),
	})
	if err != nil {
		return false, gone(err)
	}
	if verb == trial.Stop {
		return true, nil
	}
	if err := loop.Save(s.work.CheckpointOut); err != nil {
		return false, err
	}
	if err := s.client.Checkpoint(r.Epoch); err != nil {
		return false, gone(err)
	}
	return r.Last || verb == trial.Pause, nil
}

// confusion is what the validation rows were taken for, with the names of the classes where a trial begins.
func (s *session) confusion(r *train.Result, classes []string) *trial.Confusion {
	if r.Valid == nil || r.Valid.Confusion == nil {
		return nil
	}
	if s.work.Fold != 0 || r.Epoch != 1 {
		classes = nil
	}
	return trial.NewConfusion(r.Valid.Confusion.Rows(), classes)
}
