package ops

import "automl/runner/finetune/blas"

// Drop is a dropout: it zeroes each element with probability P and scales the
// others by 1/(1-P), so that the expectation is unchanged (Srivastava et al.
// 2014, in the inverted form). The zero value drops nothing.
//
// The mask is a function of Seed, the run's step and Number. The caller numbers
// its dropouts by their place in the network, so that a graph which starts
// higher up, on cached activations, draws the same masks.
type Drop struct {
	P            float64 // [0, 1)
	Seed, Number uint64
}

// mask is the mask in a run.
func (d Drop) mask(run *runState) blas.Dropout {
	// The golden-ratio multiple keeps the streams of neighbouring numbers apart.
	return blas.Dropout{P: d.P, Key: d.Seed ^ (d.Number+1)*0x9e3779b97f4a7c15, Step: run.step}
}

// dropReady reports probabilities out of range.
func (b *Builder[T]) dropReady(name string, drops ...Drop) bool {
	for _, d := range drops {
		if !(d.P >= 0 && d.P < 1) {
			b.fail("%s: dropout with probability %v, want 0 <= p < 1", name, d.P)
			return false
		}
	}
	return true
}

// Dropout adds y = d(x) for x of any shape with the batch first. Nothing is
// added for a probability of 0.
func (b *Builder[T]) Dropout(x *Node, d Drop) *Node {
	if !b.ready("dropout", []int{-1}, x) || !b.dropReady("dropout", d) {
		return nil
	}
	if d.P == 0 {
		return x
	}
	k, width, rows, run := b.k, rowWidth(x.Shape()), b.rowsOf(x), &b.run
	return b.apply(kernel[T]{
		name: "dropout",
		forward: func(in [][]T, out []T) error {
			k.Dropout(d.mask(run), in[0], nil, out[:*rows*width])
			return nil
		},
		backward: func(_ [][]T, _, grad []T, g [][]T) error {
			k.Dropout(d.mask(run), grad, nil, g[0][:*rows*width])
			return nil
		},
	}, x.Shape().Clone(), x)
}
