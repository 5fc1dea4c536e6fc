package train

import (
	"fmt"
	"math"
	"sort"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/model"
	"automl/runner/finetune/optim"
	"automl/runner/finetune/prefix"
)

// Memory is what a job may take.
type Memory struct {
	Limit int64 // bytes of the whole process; 0: it is not known
	Used  int64 // of these, before the loop begins: by the program, the data and the network
}

// spare is what there is for the loop. A part of the limit is kept for what nobody counts: stacks, and what is garbage for a while.
func (m Memory) spare() int64 {
	if m.Limit == 0 {
		return math.MaxInt64
	}
	return m.Limit - m.Limit/16 - m.Used
}

// OutOfMemory means that a job does not fit its memory even one row at a time, by what the shapes say.
type OutOfMemory struct {
	Need, Limit int64 // bytes
	Graph       int64 // of Need: gradients and activations
	Moments     int64 // of Need: what the optimizer remembers, and averages of weights
}

// Error is one line.
func (e *OutOfMemory) Error() string {
	return fmt.Sprintf("out of memory: training takes %s one row at a time (gradients and activations %s, optimizer %s), the limit is %s",
		size(e.Need), size(e.Graph), size(e.Moments), size(e.Limit))
}

// size is a number of bytes for a person.
func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
}

// Cache is the most that a cache of what frozen blocks make of rows may take, as an option of a prefix.Store: half of what there is.
func (m Memory) Cache() int64 {
	if m.Limit == 0 {
		return 0 // its default
	}
	if half := m.spare() / 2; half > 0 {
		return min(half, prefix.DefaultMemory)
	}
	return -1
}

// prefixRows is how many rows go through the bottom k blocks at a time.
func (l *Loop) prefixRows(k int) (int, error) {
	rows := prefixBatch
	for l.job.Memory.Limit > 0 && rows > 1 {
		bytes, err := l.job.Net.PrefixBytes(k, rows)
		if err != nil {
			return 0, err
		}
		if bytes <= l.job.Memory.spare()/2 {
			break
		}
		rows /= 2
	}
	return rows, nil
}

// divide sets how many rows the graphs of a stage hold: as many of a batch as fit, in equal parts, given the options of the two for
// a whole batch.
func (l *Loop) divide(t *model.TrainOptions, e *model.EvalOptions) (err error) {
	moments, cached := l.moments(t.Trained), int64(0)
	if l.job.Cache != nil {
		cached = l.job.Cache.Held()
	}
	spare := l.job.Memory.spare() - cached - moments
	batch, evaluated, least := t.Batch, e.Batch, int64(0)
	set := func(rows int) {
		t.Batch, e.Batch = rows, evaluated
		if rows < batch {
			e.Batch = min(evaluated, rows)
		}
		l.limitTokens(t, e)
	}
	fits := func(parts int) bool {
		if l.job.Memory.Limit == 0 || err != nil {
			return true
		}
		set((batch + parts - 1) / parts)
		least, err = l.graphs(t, e, parts > 1)
		return err != nil || least <= spare
	}
	parts := 1
	if !fits(1) {
		parts = 2 + sort.Search(batch-1, func(i int) bool { return fits(i + 2) })
	}
	if err != nil {
		return err
	}
	if parts > max(1, batch) {
		m := l.job.Memory
		return &OutOfMemory{Need: m.Used + cached + moments + least, Limit: m.Limit, Graph: least, Moments: moments}
	}
	rows := (batch + parts - 1) / parts
	if l.resumed > 0 { // the parts that it began with, if they fit
		rows = min(rows, l.resumed)
	}
	set(rows)
	return nil
}

// graphs is the memory of the two graphs of a stage, and of the sums of gradients where a batch has parts.
func (l *Loop) graphs(t *model.TrainOptions, e *model.EvalOptions, parts bool) (int64, error) {
	bytes, err := l.job.Net.TrainBytes(*t)
	if err != nil {
		return 0, err
	}
	if parts {
		for _, p := range l.job.Net.Params() {
			if p.Trainable && t.Trained[p.Block] {
				bytes += 4 * int64(len(p.Data))
			}
		}
	}
	if len(l.job.Valid) > 0 {
		measured, err := l.job.Net.EvalBytes(*e)
		if err != nil {
			return 0, err
		}
		bytes += measured
	}
	return bytes, nil
}

// limitTokens bounds the tokens of both graphs by the longest texts that a batch can have.
func (l *Loop) limitTokens(t *model.TrainOptions, e *model.EvalOptions) {
	t.MaxTokens, e.MaxTokens = mostTokens(l.job.Inputs, l.job.Train, t.Batch), mostTokens(l.job.Inputs, l.job.Valid, e.Batch)
}

// moments is what is remembered of the blocks that train: by the optimizer, and as an average.
func (l *Loop) moments(trained []bool) int64 {
	sum := int64(0)
	for _, p := range l.job.Net.Params() {
		if !trained[p.Block] {
			continue
		}
		if p.Trainable {
			sum += l.optimizer.Bytes(optim.Tensor{Shape: p.Shape, Data: p.Data})
		}
		if l.average.decay > 0 && !p.Fixed {
			sum += 4 * int64(len(p.Data))
		}
	}
	return sum
}

// gradient computes loss and gradients of the rows of a step, and counts those that came out right. Rows that do not fit the graph
// at once are computed in parts, whose gradients are added in proportion to what each contributes to the mean: the sum is that of
// the whole, unless a batch norm normalizes each part by its own statistics, or dropout draws a mask for each.
func (l *Loop) gradient(in feed, rows []int, y *goal) (loss float64, right int, err error) {
	s, t := &l.stage, l.job.Target
	if s.sums == nil {
		loss, outputs, err := in.step(s.trainer, rows, t.goal(rows, y), uint64(l.step))
		if err != nil {
			return 0, 0, err
		}
		return loss, t.hits(outputs, y), nil
	}
	for _, sum := range s.sums {
		clear(sum)
	}
	total := l.mass(rows)
	for part := 0; part*s.rows < len(rows); part++ {
		some := rows[part*s.rows : min((part+1)*s.rows, len(rows))]
		one, outputs, err := in.step(s.trainer, some, t.goal(some, y), uint64(l.step)|uint64(part)<<32)
		if err != nil {
			return 0, 0, err
		}
		right += t.hits(outputs, y)
		if mass := l.mass(some); mass > 0 {
			loss += mass / total * one
			for i, g := range s.trainer.Grads() {
				blas.Axpy(float32(mass/total), g.Data, s.sums[i])
			}
		}
	}
	return loss, right, nil
}

// mass is what the loss of rows is divided by: the number of their predictions, or the weights of their classes.
func (l *Loop) mass(rows []int) float64 {
	if l.weights == nil || l.job.Target.loss() != model.CrossEntropy || l.job.Options.Mixup > 0 {
		return float64(l.job.Target.count(rows))
	}
	sum := 0.0
	for _, row := range rows {
		sum += float64(l.weights[l.job.Target.Labels[row]])
	}
	return sum
}
