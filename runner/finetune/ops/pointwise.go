package ops

import (
	"math/rand/v2"

	"gorgonia.org/tensor"
)

// ReLU adds y = max(x, 0), for x of any shape with the batch first.
func (b *Builder[T]) ReLU(x *Node) *Node {
	if !b.ready("relu", []int{-1}, x) {
		return nil
	}
	k, width, run := b.k, rowWidth(x.Shape()), &b.run
	return b.apply(kernel[T]{
		name: "relu",
		forward: func(in [][]T, out []T) error {
			n := run.rows * width
			k.ReLU(in[0][:n], out[:n])
			return nil
		},
		backward: func(_ [][]T, out, grad []T, d [][]T) error {
			n := run.rows * width
			k.ReLUGrad(out[:n], grad[:n], d[0][:n])
			return nil
		},
	}, x.Shape().Clone(), x)
}

// Add adds y = x1 + x2 for two inputs of one shape.
func (b *Builder[T]) Add(x1, x2 *Node) *Node { return b.add("add", x1, x2, false) }

// AddReLU adds y = max(x1 + x2, 0): the end of a residual block.
func (b *Builder[T]) AddReLU(x1, x2 *Node) *Node { return b.add("addrelu", x1, x2, true) }

func (b *Builder[T]) add(name string, x1, x2 *Node, relu bool) *Node {
	if !b.ready(name, []int{-1, -1}, x1, x2) {
		return nil
	}
	if !x1.Shape().Eq(x2.Shape()) {
		return b.fail("%s: shapes %v and %v differ", name, x1.Shape(), x2.Shape())
	}
	k, width, run := b.k, rowWidth(x1.Shape()), &b.run
	return b.apply(kernel[T]{
		name:     name,
		sameGrad: true,
		forward: func(in [][]T, out []T) error {
			n := run.rows * width
			k.AddReLU(in[0][:n], in[1][:n], relu, out[:n])
			return nil
		},
		backward: func(_ [][]T, out, grad []T, d [][]T) error {
			n := run.rows * width
			dx := d[0]
			if dx == nil {
				dx = d[1]
			}
			if !relu {
				copy(dx[:n], grad)
				return nil
			}
			k.ReLUGrad(out[:n], grad[:n], dx[:n])
			return nil
		},
	}, x1.Shape().Clone(), x1, x2)
}

// Dropout zeroes each element with probability p and scales the others by
// 1/(1-p), so that the expectation is unchanged (Srivastava et al. 2014, in
// the inverted form). 0 <= p < 1; p = 0 adds nothing.
//
// The mask is a function of seed, the run's step and number. The caller numbers
// its dropouts by their place in the network, so that a graph which starts
// higher up, on cached activations, draws the same masks.
func (b *Builder[T]) Dropout(x *Node, p float64, seed, number uint64) *Node {
	if !b.ready("dropout", []int{-1}, x) {
		return nil
	}
	if !(p >= 0 && p < 1) {
		return b.fail("dropout: probability %v, want 0 <= p < 1", p)
	}
	if p == 0 {
		return x
	}
	width, run := rowWidth(x.Shape()), &b.run
	mask := make([]T, x.Shape().TotalSize())
	// The golden-ratio multiple keeps the streams of neighbouring numbers apart.
	key := seed ^ (number+1)*0x9e3779b97f4a7c15
	return b.apply(kernel[T]{
		name: "dropout",
		forward: func(in [][]T, out []T) error {
			n := run.rows * width
			rng, keep := rand.New(rand.NewPCG(key, run.step)), T(1/(1-p))
			for i, v := range in[0][:n] {
				mask[i] = 0
				if rng.Float64() >= p {
					mask[i] = keep
				}
				out[i] = v * mask[i]
			}
			return nil
		},
		backward: func(_ [][]T, _, grad []T, d [][]T) error {
			for i := range run.rows * width {
				d[0][i] = grad[i] * mask[i]
			}
			return nil
		},
	}, x.Shape().Clone(), x)
}

// rowWidth is the number of elements per batch row.
func rowWidth(s tensor.Shape) int { return s.TotalSize() / s[0] }
