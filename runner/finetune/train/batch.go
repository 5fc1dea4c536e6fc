package train

import (
	"math/rand/v2"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/trial"
)

// source writes the input of one row: what the graph reads, Size floats. The inputs of a job are one.
type source interface {
	Size() int
	Write(dst []float32, row int)
}

// augmented is an image changed at random; key is that of the epoch, without the row.
type augmented struct {
	images   *data.Images
	aug      *augment.Augmenter
	key      augment.Key
	src, dst []float32 // one image each
}

func (a *augmented) Size() int { return a.images.Size() }

func (a *augmented) Write(dst []float32, row int) {
	key := a.key
	key.Row = row
	a.images.Load(a.src, row)
	a.aug.Apply(a.dst, a.src, key)
	a.images.Spread(dst, a.dst)
}

// shuffleStream sets the draw of the row order apart from every other draw of an epoch.
const shuffleStream = 0x73687566666c65

// order returns the rows in the order of an epoch.
func order(rows []int, seed uint64, trial, fold, epoch int) []int {
	out := append([]int(nil), rows...)
	rng := rand.New(rand.NewPCG(augment.Mix(seed, uint64(trial), uint64(fold)), augment.Mix(uint64(epoch), shuffleStream)))
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// batch is the input of one step.
type batch struct {
	x      []float32 // batch x size
	labels []int32   // classification: -1 is padding
	values []float32 // other targets: batch x outputs
}

func newBatch(rows, size int, t *Target) *batch {
	b := &batch{x: make([]float32, rows*size)}
	if t.Kind == trial.Classification {
		b.labels = make([]int32, rows)
	} else {
		b.values = make([]float32, rows*t.Outputs)
	}
	return b
}

// fill writes the rows order[at:], as many as a batch has or there are, and returns them. What is missing at the end of an epoch is
// padding, which the network leaves out of everything: loss, gradients and batch statistics.
func (b *batch) fill(s source, order []int, t *Target, at int) []int {
	n := s.Size()
	rows := order[at:min(at+len(b.x)/n, len(order))]
	for i, row := range rows {
		s.Write(b.x[i*n:(i+1)*n], row)
		if b.labels != nil {
			b.labels[i] = t.Labels[row]
			continue
		}
		for out := range t.Outputs {
			b.values[i*t.Outputs+out] = t.value(row, out)
		}
	}
	for i := len(rows); i < len(b.labels); i++ {
		b.labels[i] = -1
	}
	return rows
}
