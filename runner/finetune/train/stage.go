package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/optim"
)

// stage is a run of epochs in which the same blocks train: the graphs for it, and where their inputs come from.
type stage struct {
	trained   []bool // by block; nil before the first epoch
	trainer   *model.Trainer
	evaluator *model.Evaluator // nil without validation rows
	inputs    source           // of training, unless augmented
	augmented *augmented
	valid     source
}

func (s *stage) close() error {
	var errs []error
	if s.trainer != nil {
		errs = append(errs, s.trainer.Close())
	}
	if s.evaluator != nil {
		errs = append(errs, s.evaluator.Close())
	}
	*s = stage{}
	return errors.Join(errs...)
}

// source is the training input of the epoch that key names.
func (s *stage) source(key augment.Key) source {
	if s.augmented != nil {
		s.augmented.key = key
		return s.augmented
	}
	return s.inputs
}

// enter makes the stage that an epoch belongs to, unless the loop is in it.
func (l *Loop) enter(epoch int) error {
	trained := l.job.Options.Freeze.Trained(epoch, len(l.job.Net.Blocks()))
	if slices.Equal(trained, l.stage.trained) {
		return nil
	}
	if err := l.stage.close(); err != nil {
		return err
	}
	trainFrom, validFrom, err := l.inputs(slices.Index(trained, true))
	if err != nil {
		return err
	}
	s := &l.stage
	s.trainer, err = l.job.Net.NewTrainer(model.TrainOptions{
		Batch: l.batch(), Loss: l.job.Target.loss(), Trained: trained, Dropout: l.job.Options.Dropout, LabelSmoothing: l.job.Options.LabelSmoothing,
		ClassWeights: l.weights, Seed: augment.Mix(l.job.Seed, uint64(l.job.Trial), uint64(l.job.Fold)), From: trainFrom,
		NormMomentum: l.job.Options.NormMomentum,
	})
	if err != nil {
		return fmt.Errorf("build the training graph: %w", err)
	}
	if len(l.job.Valid) > 0 {
		if s.evaluator, err = l.job.Net.NewEvaluator(model.EvalOptions{Batch: evalBatch, From: validFrom}); err != nil {
			return fmt.Errorf("build the evaluation graph: %w", err)
		}
	}
	s.trained = trained
	return l.bind()
}

// inputs decides where the graphs of training and validation begin, k blocks at the bottom being frozen: above these with
// cached activations where that is possible, with the job's inputs otherwise. Augmented images differ in every epoch, so training
// on them cannot be cached; validation still can.
func (l *Loop) inputs(k int) (trainFrom, validFrom int, err error) {
	s := &l.stage
	s.inputs, s.valid = l.job.Inputs, l.job.Inputs
	rows := slices.Clone(l.job.Valid)
	if l.job.Options.Augment.Enabled() {
		images, ok := l.job.Inputs.(*data.Images)
		if !ok {
			return 0, 0, errors.New("only images can be augmented")
		}
		in := images.Input
		s.augmented = &augmented{
			images: images,
			aug:    augment.New(l.job.Options.Augment, images.Channels, in.Height, in.Width),
			src:    make([]float32, images.Floats()),
			dst:    make([]float32, images.Floats()),
		}
	} else {
		rows = append(rows, l.job.Train...)
	}
	if k == 0 || len(rows) == 0 {
		return 0, 0, nil
	}
	c, err := newCache(l.job.Net, l.job.Inputs, rows, k, l.job.CacheBytes)
	if err != nil || c == nil {
		return 0, 0, err
	}
	s.valid = c
	if s.augmented != nil {
		return 0, k, nil
	}
	s.inputs = c
	return k, k, nil
}

// step runs the training graph on the first rows of a batch.
func (s *stage) step(b *batch, rows int, step uint64) (loss float64, outputs []float32, err error) {
	if b.labels != nil {
		return s.trainer.Step(b.x, b.labels, step)
	}
	return s.trainer.StepValues(b.x, b.values, rows, step)
}

// bind hands the gradients of the stage to the optimizer.
func (l *Loop) bind() error {
	grads := l.stage.trainer.Grads()
	tensors := make([]optim.Tensor, len(grads))
	for i, g := range grads {
		tensors[i] = optim.Tensor{Name: g.Param.Name, Data: g.Param.Data, Grad: g.Data, Factor: l.factors[g.Param.Block], Decay: g.Param.Decay}
	}
	return l.optimizer.Bind(tensors)
}

func (l *Loop) validate(ctx context.Context) (*Evaluation, error) {
	return evaluate(ctx, l.stage.evaluator, l.stage.valid, l.job.Valid, l.job.Target)
}
