package ops

import "gorgonia.org/tensor"

// LoRA is a low-rank update of the weight W (O, I) of a linear layer (Hu et al.
// 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1): the
// layer computes
//
//	x W^T + Scale (Drop(x) A^T) B^T
//
// with A (R, I) and B (O, R). The product B A is never formed, nor a gradient of
// W's size.
type LoRA struct {
	A, B  *Node
	Scale float64 // alpha / R
	Drop  Drop    // of what A reads
}

// adapter is the low-rank part of one linear layer of an operation; nil: there is
// none.
type adapter[T Float] struct {
	k             kernels[T]
	run           *runState
	at            int // which input of the operation A is, B follows
	in, out, rank int
	scale         T
	drop          Drop
	low, dlow     *[]T // Drop(x) A^T, and its gradient
	dropped       *[]T // Drop(x), or its gradient; nil: nothing is dropped
}

// newAdapter appends A and B to the inputs of an operation, for a layer of n rows
// with weight w. number and the one after it are shared memory that it may use.
func newAdapter[T Float](b *Builder[T], name string, n int, w *Node, c *LoRA, in *[]*Node, number int) *adapter[T] {
	if c == nil || !b.ready(name+" lora", []int{2, 2}, c.A, c.B) || !b.dropReady(name+" lora", c.Drop) {
		return nil
	}
	l := &adapter[T]{k: b.k, run: &b.run, drop: c.Drop, at: len(*in), in: w.Shape()[1], out: w.Shape()[0], rank: c.A.Shape()[0], scale: T(c.Scale)}
	if !c.A.Shape().Eq(tensor.Shape{l.rank, l.in}) || !c.B.Shape().Eq(tensor.Shape{l.out, l.rank}) {
		b.fail("%s lora: factors %v and %v for weight %v", name, c.B.Shape(), c.A.Shape(), w.Shape())
		return nil
	}
	*in = append(*in, c.A, c.B)
	low := room[T](b, n*l.rank)
	l.low, l.dlow = &low, b.shared(number, n*l.rank)
	if c.Drop.P > 0 {
		l.dropped = b.shared(number+1, n*l.in)
	}
	return l
}

// reads is what A is applied to for n rows.
func (l *adapter[T]) reads(n int, x []T) []T {
	if l.dropped == nil {
		return x
	}
	y := (*l.dropped)[:n*l.in]
	l.k.Dropout(l.drop.mask(l.run), x, nil, y)
	return y
}

// forward begins the layer's result, y = Scale (Drop(x) A^T) B^T for n rows that are ldy
// apart, and returns the beta with which the product with W is added: 0 where
// there is no adapter, and nothing was written.
func (l *adapter[T]) forward(n int, in [][]T, x, y []T, ldy int) (beta T) {
	if l == nil {
		return 0
	}
	l.k.Gemm(false, true, n, l.rank, l.in, 1, l.reads(n, x), l.in, in[l.at], l.in, 0, *l.low, l.rank)
	l.k.Gemm(false, true, n, l.out, l.rank, l.scale, *l.low, l.rank, in[l.at+1], l.rank, 0, y, ldy)
	return 1
}

// wanted reports whether A or B has a gradient.
func (l *adapter[T]) wanted(d [][]T) bool { return l != nil && (d[l.at] != nil || d[l.at+1] != nil) }

// backward computes the gradients of A and B from that of the layer's result, whose
// rows are ldy apart, and adds to dx, unless it is nil, what comes from them.
func (l *adapter[T]) backward(n int, in [][]T, x, dy []T, ldy int, d [][]T, dx []T) {
	if l == nil {
		return
	}
	if d[l.at+1] != nil {
		l.k.Gemm(true, false, l.out, l.rank, n, l.scale, dy, ldy, *l.low, l.rank, 0, d[l.at+1], l.rank)
	}
	if d[l.at] == nil && dx == nil {
		return
	}
	l.k.Gemm(false, false, n, l.rank, l.out, l.scale, dy, ldy, in[l.at+1], l.rank, 0, *l.dlow, l.rank)
	if d[l.at] != nil {
		l.k.Gemm(true, false, l.rank, l.in, n, 1, *l.dlow, l.rank, l.reads(n, x), l.in, 0, d[l.at], l.in)
	}
	switch {
	case dx == nil:
	case l.dropped == nil:
		l.k.Gemm(false, false, n, l.in, l.rank, 1, *l.dlow, l.rank, in[l.at], l.in, 1, dx, l.in)
	default:
		through := (*l.dropped)[:n*l.in]
		l.k.Gemm(false, false, n, l.in, l.rank, 1, *l.dlow, l.rank, in[l.at], l.in, 0, through, l.in)
		l.k.Dropout(l.drop.mask(l.run), through, dx[:n*l.in], dx[:n*l.in])
	}
}
