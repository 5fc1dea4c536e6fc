package ops

// LayerNorm adds y = gamma*(x-mean)/sqrt(var+eps) + beta with the mean and the
// biased variance of each row (Ba et al. 2016).
//
//	x (N, H), gamma (H), beta (H)  ->  (N, H)
func (b *Builder[T]) LayerNorm(x, gamma, beta *Node, eps float64) *Node {
	if !b.ready("layernorm", []int{2, 1, 1}, x, gamma, beta) {
		return nil
	}
	n, width := x.Shape()[0], x.Shape()[1]
	if gamma.Shape()[0] != width || beta.Shape()[0] != width {
		return b.fail("layernorm: gamma %v and beta %v for input %v", gamma.Shape(), beta.Shape(), x.Shape())
	}
	k, rows := b.k, b.rowsOf(x)
	mean, inv := room[T](b, n), room[T](b, n)
	return b.apply(kernel[T]{
		name: "layernorm",
		forward: func(in [][]T, out []T) error {
			k.LayerNorm(*rows, width, eps, in[0], in[1], in[2], out, mean, inv)
			return nil
		},
		backward: func(in [][]T, _, grad []T, d [][]T) error {
			k.LayerNormGrad(*rows, width, in[0], grad, in[1], mean, inv, d[0], d[1], d[2])
			return nil
		},
	}, x.Shape().Clone(), x, gamma, beta)
}
