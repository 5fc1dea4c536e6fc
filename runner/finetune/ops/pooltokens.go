package ops

import "gorgonia.org/tensor"

// MeanTokens averages x (tokens, H) over the tokens of each sequence.
func (b *Builder[T]) MeanTokens(x *Node) *Node {
	return b.poolTokens("meantokens", x, func(length int) (from, to int, weight T) { return 0, length, 1 / T(length) })
}

// FirstToken takes the first token of each sequence of x (tokens, H).
func (b *Builder[T]) FirstToken(x *Node) *Node {
	return b.poolTokens("firsttoken", x, func(int) (from, to int, weight T) { return 0, 1, 1 })
}

// LastToken takes the last token of each sequence of x (tokens, H).
func (b *Builder[T]) LastToken(x *Node) *Node {
	return b.poolTokens("lasttoken", x, func(length int) (from, to int, weight T) { return length - 1, length, 1 })
}

// poolTokens adds up some tokens of each sequence with a weight; which and how
// much depends on its length.
func (b *Builder[T]) poolTokens(name string, x *Node, of func(length int) (from, to int, weight T)) *Node {
	if !b.ready(name, []int{2}, x) || !b.tokenReady(name, x) {
		return nil
	}
	k, seqs, h := b.k, b.seqs, x.Shape()[1]
	// each calls f for every row that counts in sequence s.
	each := func(f func(s, row int, weight T)) {
		for s := range seqs.Len() {
			from, to, weight := of(int(seqs.starts[s+1] - seqs.starts[s]))
			for t := from; t < to; t++ {
				f(s, int(seqs.starts[s])+t, weight)
			}
		}
	}
	return b.apply(kernel[T]{
		name: name,
		rows: &b.run.rows,
		forward: func(in [][]T, out []T) error {
			clear(out)
			each(func(s, row int, weight T) { k.Axpy(weight, in[0][row*h:(row+1)*h], out[s*h:(s+1)*h]) })
			return nil
		},
		backward: func(_ [][]T, _, grad []T, d [][]T) error {
			clear(d[0][:seqs.tokens*h])
			each(func(s, row int, weight T) { k.Axpy(weight, grad[s*h:(s+1)*h], d[0][row*h:(row+1)*h]) })
			return nil
		},
	}, tensor.Shape{b.batch, h}, x)
}

// Tanh adds y = tanh(x) for x of any shape with the batch first.
func (b *Builder[T]) Tanh(x *Node) *Node {
	if !b.ready("tanh", []int{-1}, x) {
		return nil
	}
	k, width, rows := b.k, rowWidth(x.Shape()), b.rowsOf(x)
	return b.apply(kernel[T]{
		name: "tanh",
		forward: func(in [][]T, out []T) error {
			k.Tanh(in[0], out[:*rows*width])
			return nil
		},
		backward: func(_ [][]T, out, grad []T, d [][]T) error {
			k.TanhGrad(out, grad, d[0][:*rows*width])
			return nil
		},
	}, x.Shape().Clone(), x)
}
