package train

import (
	"math/rand/v2"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
)

// source writes the input of one row: what the graph reads, size floats.
type source interface {
	size() int
	write(dst []float32, row int)
}

// plain is an image as it is.
type plain struct{ images *data.Images }

func (p plain) size() int                    { return p.images.Input.Size() }
func (p plain) write(dst []float32, row int) { p.images.Write(dst, p.images.Row(row)) }

// augmented is an image changed at random; key is that of the epoch, without the row.
type augmented struct {
	images *data.Images
	aug    *augment.Augmenter
	key    augment.Key
	buf    []float32 // one image
}

func (a *augmented) size() int { return a.images.Input.Size() }

func (a *augmented) write(dst []float32, row int) {
	key := a.key
	key.Row = row
	a.aug.Apply(a.buf, a.images.Row(row), key)
	a.images.Write(dst, a.buf)
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
	n := s.size()
	rows = min(len(b.y), len(order)-at)
	for i, row := range order[at : at+rows] {
		s.write(b.x[i*n:(i+1)*n], row)
		b.y[i] = labels[row]
	}
	for i := rows; i < len(b.y); i++ {
		b.y[i] = -1
	}
	return rows
}
