package train

import (
	"math/rand/v2"

	"automl/runner/finetune/augment"
)

// source writes the input of one row: what the graph reads, Size floats. Inputs of one size are one.
type source interface {
	Size() int
	Write(dst []float32, row int)
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
