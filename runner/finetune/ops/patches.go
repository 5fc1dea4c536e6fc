package ops

import "gorgonia.org/tensor"

// PatchParams are the embedding of an image's patches: the projection's weight
// (H, C, P, Q) and bias (H), the class token (1, 1, H), and the positions
// (1, 1+patches, H).
type PatchParams struct {
	Weight, Bias, Class, Position *Node
}

// PatchEmbed cuts images x (N, C, R, S) into patches of P x Q pixels, row by row,
// and makes a sequence of tokens of each image (Dosovitskiy et al. 2021, equation
// 1): the class token, then its patches through one linear layer, plus positions.
//
//	(N, C, R, S)  ->  (N*(1+patches), H)
//
// The graph's sequences hold exactly that many tokens. Pixels beyond the last
// whole patch are left out. Images have no gradient.
func (b *Builder[T]) PatchEmbed(x *Node, p PatchParams) *Node {
	in := []*Node{x, p.Weight, p.Bias, p.Class, p.Position}
	if !b.ready("patches", []int{4, 4, 1, 3, 3}, in...) {
		return nil
	}
	xs, ws := x.Shape(), p.Weight.Shape()
	e := &patchEmbed[T]{k: b.k, run: &b.run, c: xs[1], h: xs[2], w: xs[3], ph: ws[2], pw: ws[3], width: ws[0]}
	e.n, e.size = (e.h/e.ph)*(e.w/e.pw), e.c*e.ph*e.pw
	switch pos := p.Position.Shape(); {
	case b.grad[x]:
		return b.fail("patches: images have no gradient")
	case ws[1] != e.c || e.n < 1:
		return b.fail("patches: weight %v does not fit images %v", ws, xs)
	case p.Bias.Shape()[0] != e.width || p.Class.Shape().TotalSize() != e.width || pos[1] != 1+e.n || pos.TotalSize() != (1+e.n)*e.width:
		return b.fail("patches: bias %v, class token %v and positions %v for %d patches of width %d", p.Bias.Shape(), p.Class.Shape(), pos, e.n, e.width)
	case b.seqs == nil || b.seqs.limit != xs[0]*(1+e.n):
		return b.fail("patches: the graph's sequences do not hold %d images of %d tokens", xs[0], 1+e.n)
	}
	if b.needs(in...) {
		patches := room[T](b, xs[0]*e.n*e.size)
		e.patches, e.sum = &patches, room[T](b, (1+e.n)*e.width)
	} else {
		e.patches = b.shared(0, xs[0]*e.n*e.size)
	}
	return b.apply(kernel[T]{name: "patches", forward: e.forward, backward: e.backward, rows: &b.seqs.tokens},
		tensor.Shape{b.seqs.limit, e.width}, in...)
}

type patchEmbed[T Float] struct {
	k       kernels[T]
	run     *runState
	c, h, w int // of an image
	ph, pw  int // of a patch
	n, size int // patches of an image, values of a patch
	width   int
	patches *[]T
	sum     []T // of the gradients of all images
}

func (e *patchEmbed[T]) forward(in [][]T, out []T) error {
	e.cut(in[0])
	for i := range e.run.rows {
		y := out[i*(1+e.n)*e.width:][:(1+e.n)*e.width]
		for j, v := range in[3] {
			y[j] = v + in[4][j]
		}
		e.k.GemmFinish(false, true, e.n, e.width, e.size, 1, (*e.patches)[i*e.n*e.size:], e.size, in[1], e.size,
			0, y[e.width:], e.width, finish[T]{Bias: in[2], Add: in[4][e.width:]})
	}
	return nil
}

// cut copies the patches, each channel by channel as the weights have it.
func (e *patchEmbed[T]) cut(x []T) {
	to := *e.patches
	for i := range e.run.rows {
		for py := range e.h / e.ph {
			for px := range e.w / e.pw {
				for row := range e.c * e.ph { // of the patch: channel, then height
					c, y := row/e.ph, py*e.ph+row%e.ph
					to = to[copy(to, x[((i*e.c+c)*e.h+y)*e.w+px*e.pw:][:e.pw]):]
				}
			}
		}
	}
}

func (e *patchEmbed[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	clear(e.sum)
	var beta T
	for i := range e.run.rows {
		g := grad[i*(1+e.n)*e.width:][:(1+e.n)*e.width]
		e.k.Axpy(1, g, e.sum)
		if d[1] != nil {
			e.k.Gemm(true, false, e.width, e.size, e.n, 1, g[e.width:], e.width, (*e.patches)[i*e.n*e.size:], e.size, beta, d[1], e.size)
			beta = 1
		}
	}
	if d[2] != nil {
		e.k.ColumnSum(e.n, e.width, e.sum[e.width:], d[2])
	}
	for i := 3; i <= 4; i++ { // copy stops at the class token's end, which is the first position
		if d[i] != nil {
			copy(d[i], e.sum)
		}
	}
	return nil
}
