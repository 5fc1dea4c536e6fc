package train

import (
	"math/rand/v2"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
)

// source writes the input of one row: what the graph reads, Size floats. Inputs of one size are one.
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
