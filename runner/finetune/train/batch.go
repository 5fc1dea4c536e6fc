package train

import (
	"math/rand/v2"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
)

// source writes the input of one row: what the graph reads, Size floats. The inputs of a job are one.
type source interface {
	Size() int
	Write(dst []float32, row int)
}

// augmented is an image changed at random; key is that of the epoch, without the row.
type augmented struct {
	images *data.Images
	aug    *augment.Augmenter
	key    augment.Key
	buf    []float32 // one image
}

func (a *augmented) Size() int { return a.images.Size() }

func (a *augmented) Write(dst []float32, row int) {
	key := a.key
	key.Row = row
	a.aug.Apply(a.buf, a.images.Row(row), key)
	a.images.Spread(dst, a.buf)
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
	x []float32 // batch x size
	y []int32   // -1: padding
}

func newBatch(rows, size int) *batch {
	return &batch{x: make([]float32, rows*size), y: make([]int32, rows)}
}

// fill writes the rows order[at:] and returns how many there were. What is missing at the end of an epoch is padding, which the
// network leaves out of everything: loss, gradients and batch statistics.
func (b *batch) fill(s source, order []int, labels []int32, at int) (rows int) {
	n := s.Size()
	rows = min(len(b.y), len(order)-at)
	for i, row := range order[at : at+rows] {
		s.Write(b.x[i*n:(i+1)*n], row)
		b.y[i] = labels[row]
	}
	for i := rows; i < len(b.y); i++ {
		b.y[i] = -1
	}
	return rows
}
