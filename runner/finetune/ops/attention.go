package ops

import (
	"math"

	"automl/runner/finetune/blas"
)

// AttentionParams are the projections of multi-head attention: weights (H, H),
// stored out x in, and biases (H).
type AttentionParams struct {
	QueryW, QueryB, KeyW, KeyB, ValueW, ValueB, OutW, OutB *Node
}

// AttentionConfig sets a multi-head attention.
type AttentionConfig struct {
	Heads    int   // a divisor of H
	Causal   bool  // a token sees itself and those before it only
	Residual bool  // add the input to the result
	Weights  Drop  // of the attention weights
	Out      Drop  // of the result, before the residual is added
	Norm     *Norm // before it; nil: none
}

// SelfAttention adds multi-head self-attention within each sequence (Vaswani et
// al. 2017, section 3.2) with its projections:
//
//	y = [x +] Out(Wo concat_h(Weights(softmax(Q_h K_h^T / sqrt(H/Heads))) V_h) + bo)
//
// for x (tokens, H), which is normalized before the projections if there is a
// Norm. The residual is part of the operation: it is added while a
// product's result is in the cache, forward and backward, and no activation has
// two readers whose gradients would have to be added up.
func (b *Builder[T]) SelfAttention(x *Node, p AttentionParams, c AttentionConfig) *Node {
	in := []*Node{x, p.QueryW, p.KeyW, p.ValueW, p.OutW, p.QueryB, p.KeyB, p.ValueB, p.OutB}
	if !b.ready("attention", []int{2, 2, 2, 2, 2, 1, 1, 1, 1}, in...) || !b.tokenReady("attention", x) ||
		!b.dropReady("attention", c.Weights, c.Out) {
		return nil
	}
	n, h := x.Shape()[0], x.Shape()[1]
	for i, node := range in[1:] {
		if s := node.Shape(); s[0] != h || s[len(s)-1] != h {
			return b.fail("attention: parameter %d has shape %v for input %v", i, s, x.Shape())
		}
	}
	if c.Heads < 1 || h%c.Heads != 0 {
		return b.fail("attention: %d heads do not divide a width of %d", c.Heads, h)
	}
	a := &attention[T]{k: b.k, run: &b.run, seqs: b.seqs, cfg: c, h: h, bias: make([]T, 3*h)}
	a.norm = newPrenorm(b, "attention", x, c.Norm, &in, 3, 3)
	if b.err != nil {
		return nil
	}
	// Kept for the backward pass, or gone after the forward pass.
	if b.needs(in...) {
		qkv, mixed := room[T](b, n*3*h), room[T](b, n*h)
		a.qkv, a.mixed = &qkv, &mixed
		a.dqkv, a.dmixed = b.shared(0, n*3*h), b.shared(1, n*h)
	} else {
		a.qkv, a.mixed = b.shared(0, n*3*h), b.shared(1, n*h)
	}
	if c.Out.P > 0 {
		a.dropped = b.shared(2, n*h)
	}
	return b.apply(kernel[T]{name: "attention", forward: a.forward, backward: a.backward}, x.Shape().Clone(), in...)
}

type attention[T Float] struct {
	k            kernels[T]
	run          *runState
	seqs         *Sequences
	cfg          AttentionConfig
	h            int
	norm         *prenorm[T]
	qkv, mixed   *[]T // projections of the input, and what the heads make of them
	dqkv, dmixed *[]T // their gradients
	dropped      *[]T // the result, or its gradient, on the other side of the dropout
	bias         []T  // of query, key and value
}

func (a *attention[T]) core() blas.Attention {
	dim := a.h / a.cfg.Heads
	return blas.Attention{Heads: a.cfg.Heads, Dim: dim, Scale: float32(1 / math.Sqrt(float64(dim))),
		Causal: a.cfg.Causal, Drop: a.cfg.Weights.mask(a.run)}
}

func (a *attention[T]) forward(in [][]T, out []T) error {
	n, h, qkv, mixed := a.seqs.tokens, a.h, *a.qkv, *a.mixed
	x := a.norm.forward(n, in)
	for i := range 3 {
		a.k.GemmFinish(false, true, n, h, h, 1, x, h, in[1+i], h, 0, qkv[i*h:], 3*h, finish[T]{Bias: in[5+i]})
	}
	a.k.Attend(a.core(), a.seqs.starts, qkv, mixed)
	project(a.k, n, a.cfg.Residual, a.cfg.Out.mask(a.run), a.dropped, in[0], mixed, in[4], in[8], out)
	return nil
}

// project computes out = [x +] drop(mixed w^T + bias) for n rows.
func project[T Float](k kernels[T], n int, residual bool, drop blas.Dropout, scratch *[]T, x, mixed, w, bias, out []T) {
	h := len(bias)
	width := len(w) / h
	if !residual {
		x = nil
	}
	if drop.P == 0 {
		k.GemmFinish(false, true, n, h, width, 1, mixed, width, w, width, 0, out, h, finish[T]{Bias: bias, Add: x})
		return
	}
	k.GemmFinish(false, true, n, h, width, 1, mixed, width, w, width, 0, *scratch, h, finish[T]{Bias: bias})
	k.Dropout(drop, *scratch, x, out[:n*h])
}

// projectGrad computes the gradients of project's mixed, w and bias, where they
// are wanted; that of mixed is multiplied with times, unless that is nil.
func projectGrad[T Float](k kernels[T], n int, drop blas.Dropout, scratch *[]T, mixed, w, grad, times, dmixed, dw, db []T, h int) {
	width := len(w) / h
	if drop.P > 0 {
		k.Dropout(drop, grad, nil, (*scratch)[:n*h])
		grad = *scratch
	}
	if dw != nil {
		k.Gemm(true, false, h, width, n, 1, grad, h, mixed, width, 0, dw, width)
	}
	if db != nil {
		k.ColumnSum(n, h, grad, db)
	}
	if dmixed != nil {
		k.GemmFinish(false, false, n, width, h, 1, grad, h, w, width, 0, dmixed, width, finish[T]{Times: times})
	}
}

func (a *attention[T]) backward(in [][]T, _, grad []T, d [][]T) error {
	n, h, x, dx := a.seqs.tokens, a.h, a.norm.read(in), a.norm.gradient(d)
	dqkv, dmixed := *a.dqkv, *a.dmixed
	projectGrad(a.k, n, a.cfg.Out.mask(a.run), a.dropped, *a.mixed, in[4], grad, nil, dmixed, d[4], d[8], h)
	a.k.AttendGrad(a.core(), a.seqs.starts, *a.qkv, dmixed[:n*h], dqkv[:3*n*h])
	residual := grad
	if !a.cfg.Residual {
		residual = nil
	}
	var beta T
	var f finish[T]
	if a.norm == nil {
		f.Add = residual
	}
	a.k.ColumnSum(n, 3*h, dqkv, a.bias)
	for i := range 3 {
		part := dqkv[i*h:]
		if dx != nil {
			a.k.GemmFinish(false, false, n, h, h, 1, part, 3*h, in[1+i], h, beta, dx, h, f)
			beta, f.Add = 1, nil
		}
		if d[1+i] != nil {
			a.k.Gemm(true, false, h, h, n, 1, part, 3*h, x, h, 0, d[1+i], h)
		}
		if d[5+i] != nil {
			copy(d[5+i], a.bias[i*h:])
		}
	}
	a.norm.backward(n, in, d, residual)
	return nil
}
