package train

import (
	"context"
	"fmt"
	"math"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/runner/finetune/metric"
	"automl/runner/finetune/model"
	"automl/runner/finetune/optim"
	"automl/runner/finetune/prefix"
	"automl/runner/finetune/probe"
	"automl/trial"
)

// Job is everything that a training run depends on.
type Job struct {
	Net    *model.Net // trained in place; its input size is that of the inputs, its head fits the target
	Inputs data.Inputs
	Target *Target      // of each row of the inputs
	Train  []int        // rows to train on; at least one
	Folds  []probe.Fold // of the training rows, by their place in Train: what the penalty of a solved head is chosen on; none: it is the usual one
	Valid  []int        // rows to measure on after each epoch; may be empty: then there are no val_ metrics

	Options   Options
	Objective trial.Objective // what early stopping watches
	Epochs    int             // of the whole fold: what the learning-rate schedule spans

	// Every draw derives from these.
	Seed        uint64
	Trial, Fold int

	Memory Memory
	Cache  *prefix.Store // keeps what frozen blocks make of the rows; nil: they run in every epoch
}

// Loop trains a job epoch by epoch. It is not safe for concurrent use.
type Loop struct {
	job       Job
	optimizer *optim.Optimizer
	schedule  optim.Schedule
	factors   []float64 // of the learning rate, by block
	weights   []float32 // by class; nil: all alike
	average   average
	resumed   int // rows that were computed at a time before the checkpoint; 0: as many as fit
	stop      stopper
	epoch     int // done
	step      int // done, over all epochs
	stage     stage
}

// Result is what an epoch brought.
type Result struct {
	Epoch   int
	Metrics trial.Metrics   // val_... as in Evaluation.Metrics, then train_loss and of classes train_accuracy (while training)
	Valid   *Evaluation     // nil without validation rows
	Last    bool            // early stopping: there should be no further epoch
	Cache   *trial.CacheUse // what of the frozen blocks was not computed anew; nil: nothing was cached
	Rows    int             // of a step that were computed at a time: as many as fit the memory; 0: there were no steps
}

// Diverged means that training left the finite numbers. Another attempt would end alike.
type Diverged struct {
	Epoch int
	Step  int    // of the epoch, from 1; 0: after the epoch
	What  string // "loss", "gradient" or "validation loss"
	Value float64
}

// Error is one line.
func (e *Diverged) Error() string {
	at := fmt.Sprintf("epoch %d", e.Epoch)
	if e.Step > 0 {
		at += fmt.Sprintf(" step %d", e.Step)
	}
	return fmt.Sprintf("training diverged: the %s is %v at %s (a lower lr or clip_norm may help)", e.What, e.Value, at)
}

// New prepares a loop at epoch 0.
func New(job Job) (*Loop, error) {
	if len(job.Train) == 0 || job.Epochs < 1 {
		return nil, fmt.Errorf("%d rows and %d epochs: nothing to train", len(job.Train), job.Epochs)
	}
	o, err := optim.New(job.Options.Optimizer)
	if err != nil {
		return nil, err
	}
	l := &Loop{job: job, optimizer: o}
	l.schedule = optim.Schedule{Curve: job.Options.Curve, Warmup: job.Options.Warmup, Power: job.Options.Power,
		Steps: job.Epochs * l.Steps()}
	if err := l.schedule.Validate(); err != nil {
		return nil, err
	}
	l.average = newAverage(job.Net, job.Options.EMADecay)
	l.factors = job.Options.factors(len(job.Net.Blocks()))
	l.stop = stopper{objective: job.Objective, patience: job.Options.Patience}
	l.weights = job.weights()
	return l, nil
}

// Batch is the number of rows of a step: no more than there are.
func (l *Loop) Batch() int { return min(l.job.Options.BatchSize, len(l.job.Train)) }

// Steps is how many steps an epoch has.
func (l *Loop) Steps() int { return (len(l.job.Train) + l.Batch() - 1) / l.Batch() }

// Done is how many epochs were trained.
func (l *Loop) Done() int { return l.epoch }

// Finish leaves in the network the weights that are to be handed over: of ema_decay the average. The loop is of no more use.
func (l *Loop) Finish() { l.average.swap() }

// Close frees the graphs.
func (l *Loop) Close() error { return l.stage.close() }

// Progress is told how far an epoch is, after each step; its error ends the epoch.
type Progress func(step, steps int) error

// Epoch trains the next epoch and measures. When ctx ends it stops after the step it is at, with the cause of ctx. After an
// error the loop is of no more use.
func (l *Loop) Epoch(ctx context.Context, progress Progress) (*Result, error) {
	epoch := l.epoch + 1
	if epoch > l.job.Epochs {
		return nil, fmt.Errorf("epoch %d of %d", epoch, l.job.Epochs)
	}
	pass, err := l.learn(ctx, epoch, progress)
	if err != nil {
		return nil, err
	}
	r := &Result{Epoch: epoch, Rows: l.stage.rows}
	if len(l.job.Valid) > 0 {
		l.average.swap() // what is measured is what would be handed over
		r.Valid, err = l.validate(ctx)
		l.average.swap()
		if err != nil {
			return nil, err
		}
		if !finite(r.Valid.Loss) {
			return nil, &Diverged{Epoch: epoch, What: "validation loss", Value: r.Valid.Loss}
		}
		r.Metrics = r.Valid.Metrics("val_")
	}
	r.Metrics = append(r.Metrics, pass.metrics(l.job.Target.Kind)...)
	if value, ok := r.Metrics.Get(l.job.Objective.Metric); ok {
		r.Last = l.stop.see(value)
	}
	r.Last = r.Last || l.job.Options.Head == SolvedHead
	r.Cache = l.stage.cacheUse()
	if l.epoch = epoch; l.stage.solved {
		l.step = epoch * l.Steps() // those of a trained head, so that the schedule is where it would be
	}
	return r, nil
}

// learn does what an epoch consists of.
func (l *Loop) learn(ctx context.Context, epoch int, progress Progress) (pass, error) {
	if l.solves(epoch) {
		return l.solve(ctx)
	}
	if l.epoch == 0 && l.job.Options.HeadStart == SolvedHead {
		if _, err := l.enterSolved(ctx, true); err != nil {
			return pass{}, err
		}
	}
	if err := l.enter(epoch); err != nil {
		return pass{}, err
	}
	return l.train(ctx, epoch, progress)
}

// pass sums up an epoch's steps.
type pass struct {
	loss        float64 // sum over predictions
	rows, right int     // predictions: one a row, but of generation
	c           float64 // the penalty that was chosen for a solved head; 0: none was
}

func (p pass) metrics(kind trial.TargetKind) trial.Metrics {
	n := float64(p.rows)
	out := trial.Metrics{{Name: "train_loss", Value: p.loss / n}}
	if kind == trial.Classification || kind == trial.Generation {
		out = append(out, trial.Metric{Name: "train_accuracy", Value: float64(p.right) / n})
	}
	if p.c > 0 {
		out = append(out, trial.Metric{Name: "head_c", Value: p.c})
	}
	return out
}

// train runs the steps of an epoch.
func (l *Loop) train(ctx context.Context, epoch int, progress Progress) (pass, error) {
	var p pass
	rows := order(l.job.Train, l.job.Seed, l.job.Trial, l.job.Fold, epoch)
	in := l.stage.feed(augment.Key{Seed: l.job.Seed, Trial: l.job.Trial, Fold: l.job.Fold, Epoch: epoch})
	var y goal
	for s := range l.Steps() {
		if ctx.Err() != nil {
			return p, context.Cause(ctx)
		}
		some := rows[s*l.Batch() : min((s+1)*l.Batch(), len(rows))]
		loss, right, err := l.gradient(in, some, &y)
		if err != nil {
			return p, fmt.Errorf("train epoch %d step %d: %w", epoch, s+1, err)
		}
		if !finite(loss) {
			return p, &Diverged{Epoch: epoch, Step: s + 1, What: "loss", Value: loss}
		}
		if norm := l.optimizer.Step(l.job.Options.LR * l.schedule.Factor(l.step)); !finite(norm) {
			return p, &Diverged{Epoch: epoch, Step: s + 1, What: "gradient", Value: norm}
		}
		l.average.follow(l.step)
		l.step++
		n := l.job.Target.count(some)
		p.rows += n
		p.loss += loss * float64(n)
		p.right += right
		if progress != nil {
			if err := progress(s+1, l.Steps()); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// hits counts the predictions that are right: of classes those whose largest logit is that of the class.
func (t *Target) hits(outputs []float32, y *goal) int {
	n := 0
	if t.Kind == trial.Generation {
		for i := 1; i < len(outputs); i += model.Scores {
			n += int(outputs[i])
		}
		return n
	}
	for i, c := range y.labels {
		if metric.Argmax(outputs[i*t.Outputs:(i+1)*t.Outputs]) == int(c) {
			n++
		}
	}
	return n
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
