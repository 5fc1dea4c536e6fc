package ops

import "gorgonia.org/tensor"

// Norm is a layer norm before an operation: the operation reads
// gamma*(x-mean)/sqrt(var+eps) + beta in place of x, and its residual is x itself
// ("pre-norm", as in GPT-2 and ViT). It is part of the operation since x has two
// readers then, whose gradients are added up while they are at hand.
type Norm struct {
	Gamma, Beta *Node // (H)
	Eps         float64
}

// prenorm is the layer norm before an operation; nil: there is none.
type prenorm[T Float] struct {
	k         kernels[T]
	h, at     int // width; which input of the operation gamma is, beta follows
	eps       float64
	mean, inv []T
	y, dy     *[]T // what the operation reads, and its gradient
}

// newPrenorm appends the inputs of a norm of x to those of an operation, all of
// which are there: what they say about gradients decides what is kept. y and dy
// number the shared memory it may use.
func newPrenorm[T Float](b *Builder[T], name string, x *Node, c *Norm, in *[]*Node, y, dy int) *prenorm[T] {
	if c == nil || !b.ready(name+" norm", []int{2, 1, 1}, x, c.Gamma, c.Beta) {
		return nil
	}
	n, h := x.Shape()[0], x.Shape()[1]
	if !c.Gamma.Shape().Eq(tensor.Shape{h}) || !c.Beta.Shape().Eq(tensor.Shape{h}) {
		b.fail("%s norm: gamma %v and beta %v for input %v", name, c.Gamma.Shape(), c.Beta.Shape(), x.Shape())
		return nil
	}
	p := &prenorm[T]{k: b.k, h: h, at: len(*in), eps: c.Eps, mean: room[T](b, n), inv: room[T](b, n)}
	*in = append(*in, c.Gamma, c.Beta)
	if b.needs(*in...) {
		kept := room[T](b, n*h)
		p.y, p.dy = &kept, b.shared(dy, n*h)
	} else {
		p.y = b.shared(y, n*h)
	}
	return p
}

// forward returns what the operation reads of n rows.
func (p *prenorm[T]) forward(n int, in [][]T) []T {
	if p == nil {
		return in[0]
	}
	p.k.LayerNorm(n, p.h, p.eps, in[0], in[p.at], in[p.at+1], *p.y, p.mean, p.inv)
	return *p.y
}

// read is what forward has returned.
func (p *prenorm[T]) read(in [][]T) []T {
	if p == nil {
		return in[0]
	}
	return *p.y
}

// gradient is where the gradient of what the operation has read goes; nil where
// nothing below wants it.
func (p *prenorm[T]) gradient(d [][]T) []T {
	switch {
	case p == nil:
		return d[0]
	case d[0] == nil && d[p.at] == nil && d[p.at+1] == nil:
		return nil
	}
	return *p.dy
}

// backward computes the gradients of x, gamma and beta from that of what the
// operation has read. residual, if not nil, is added to that of x.
func (p *prenorm[T]) backward(n int, in, d [][]T, residual []T) {
	if p == nil || p.gradient(d) == nil {
		return
	}
	p.k.LayerNormGrad(n, p.h, in[0], *p.dy, in[p.at], p.mean, p.inv, d[0], d[p.at], d[p.at+1])
	if d[0] != nil && residual != nil {
		p.k.Axpy(1, residual, d[0][:n*p.h])
	}
}
