package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/model"
	"automl/runner/finetune/optim"
	"automl/trial"
)

// stage is a run of epochs in which the same blocks train: the graphs for it, and where their inputs come from.
type stage struct {
	trained   []bool // by block; nil before the first epoch
	trainer   *model.Trainer
	evaluator *model.Evaluator // nil without validation rows
	inputs    feed             // of training
	augmented changing         // what they come from; nil: they are not augmented
	valid     feed
	cache     *cache      // of the frozen blocks; nil: none
	rows      int         // of a step that are computed at a time
	solved    bool        // the head is solved, nothing trains
	sums      [][]float32 // of the gradients of the parts of a step; nil: there is one part
}

func (s *stage) close() error {
	var errs []error
	if s.cache != nil {
		errs = append(errs, s.cache.close())
	}
	if s.trainer != nil {
		errs = append(errs, s.trainer.Close())
	}
	if s.evaluator != nil {
		errs = append(errs, s.evaluator.Close())
	}
	*s = stage{}
	return errors.Join(errs...)
}

// cacheUse is what the cache was good for since it was last asked; nil: there is none.
func (s *stage) cacheUse() *trial.CacheUse {
	if s.cache == nil {
		return nil
	}
	use := s.cache.use
	s.cache.use = trial.CacheUse{}
	return &use
}

// feed is the training input of the epoch that key names.
func (s *stage) feed(key augment.Key) feed {
	if s.augmented != nil {
		s.augmented.at(key)
	}
	return s.inputs
}

// enter makes the stage that an epoch belongs to, unless the loop is in it.
func (l *Loop) enter(epoch int) error {
	trained := l.trained(epoch)
	if slices.Equal(trained, l.stage.trained) {
		return nil
	}
	if l.epoch == 0 || !slices.Equal(trained, l.trained(l.epoch)) {
		l.resumed = 0 // that was another stage
	}
	if err := l.stage.close(); err != nil {
		return err
	}
	trainFrom, validFrom, err := l.inputs(slices.Index(trained, true))
	if err != nil {
		return err
	}
	if err := l.build(trained, trainFrom, validFrom); err != nil {
		return err
	}
	l.stage.trained = trained
	l.average.begin(trained)
	return l.bind()
}

// build makes the graphs of a stage.
func (l *Loop) build(trained []bool, trainFrom, validFrom int) (err error) {
	o, s := l.job.Options, &l.stage
	t := model.TrainOptions{
		Batch: l.Batch(), Loss: l.job.Target.loss(), Trained: trained, Dropout: o.Dropout, LabelSmoothing: o.LabelSmoothing,
		ClassWeights: l.weights, Seed: augment.Mix(l.job.Seed, uint64(l.job.Trial), uint64(l.job.Fold)), From: trainFrom,
		NormMomentum: o.NormMomentum, HiddenDropout: o.HiddenDropout, AttentionDropout: o.AttentionDropout, LoRADropout: o.LoRA.Dropout,
	}
	e := model.EvalOptions{Batch: evalBatch, From: validFrom}
	if err := l.divide(&t, &e); err != nil {
		return fmt.Errorf("plan the memory: %w", err)
	}
	if s.rows = t.Batch; s.rows < l.Batch() {
		// The parts of a batch move running statistics together as far as the whole would.
		parts := (l.Batch() + s.rows - 1) / s.rows
		t.NormMomentum = 1 - math.Pow(1-o.NormMomentum, 1/float64(parts))
	}
	if s.trainer, err = l.job.Net.NewTrainer(t); err != nil {
		return fmt.Errorf("build the training graph: %w", err)
	}
	if len(l.job.Valid) > 0 {
		if s.evaluator, err = l.job.Net.NewEvaluator(e); err != nil {
			return fmt.Errorf("build the evaluation graph: %w", err)
		}
	}
	return nil
}

// inputs decides where the graphs of training and validation begin, k blocks at the bottom being frozen: above these with
// cached activations where that is possible, with the job's inputs otherwise. Augmented inputs differ in every epoch, so training
// on them cannot be cached; validation still can.
func (l *Loop) inputs(k int) (trainFrom, validFrom int, err error) {
	s := &l.stage
	if s.inputs, err = newFeed(l.job.Inputs, l.Batch()); err != nil {
		return 0, 0, err
	}
	if s.valid, err = newFeed(l.job.Inputs, evalBatch); err != nil {
		return 0, 0, err
	}
	rows := slices.Clone(l.job.Valid)
	changed, by, err := l.augment()
	if err != nil {
		return 0, 0, err
	}
	if changed != nil {
		s.inputs, s.augmented = changed, by
	} else {
		rows = append(rows, l.job.Train...)
	}
	if k == 0 || len(rows) == 0 {
		return 0, 0, nil
	}
	batch, err := l.prefixRows(k)
	if err != nil {
		return 0, 0, err
	}
	c, err := newCache(l.job.Cache, l.job.Net, l.job.Inputs, rows, k, batch)
	if err != nil || c == nil {
		return 0, 0, err
	}
	s.cache = c
	s.valid = c.feed(evalBatch)
	if s.augmented != nil {
		return 0, k, nil
	}
	s.inputs = c.feed(l.Batch())
	return k, k, nil
}

// bind hands the gradients of the stage to the optimizer.
func (l *Loop) bind() error {
	grads := l.stage.trainer.Grads()
	tensors := make([]optim.Tensor, len(grads))
	for i, g := range grads {
		tensors[i] = optim.Tensor{Name: g.Param.Name, Shape: g.Param.Shape, Data: g.Param.Data, Grad: g.Data, Factor: l.factors[g.Param.Block], Decay: g.Param.Decay,
			Rows: g.Rows, Width: g.Param.Shape[len(g.Param.Shape)-1]}
		if l.stage.rows < l.Batch() {
			tensors[i].Grad, tensors[i].Rows = make([]float32, len(g.Data)), nil
			l.stage.sums = append(l.stage.sums, tensors[i].Grad)
		}
	}
	return l.optimizer.Bind(tensors)
}

func (l *Loop) validate(ctx context.Context) (*Evaluation, error) {
	return evaluate(ctx, l.stage.evaluator, l.stage.valid, l.job.Valid, l.job.Target)
}
