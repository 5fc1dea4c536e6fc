package ops

import (
	"math"

	"automl/runner/finetune/blas"
)

// AttentionParams are the projections of multi-head attention: weights (H, H),
// stored out x in, and biases (H).
type AttentionParams struct {
	QueryW, QueryB, KeyW, KeyB, ValueW, ValueB, OutW, OutB *Node

	QueryLoRA, KeyLoRA, ValueLoRA, OutLoRA *LoRA // nil: none
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
	for i, l := range []*LoRA{p.QueryLoRA, p.KeyLoRA, p.ValueLoRA, p.OutLoRA} {
		a.lora[i] = newAdapter(b, "attention", n, in[1+i], l, &in, 4)
	}
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
	lora         [4]*adapter[T] // of query, key, value and output
	qkv, mixed   *[]T           // projections of the input, and what the heads make of them
	dqkv, dmixed *[]T           // their gradients
	dropped      *[]T           // the result, or its gradient, on the other side of the dropout
	bias         []T            // of query, key and value
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
		beta := a.lora[i].forward(n, in, x, qkv[i*h:], 3*h)
		a.k.GemmFinish(false, true, n, h, h, 1, x, h, in[1+i], h, beta, qkv[i*h:], 3*h, finish[T]{Bias: in[5+i]})
	}
	a.k.Attend(a.core(), a.seqs.starts, qkv, mixed)
	project(a.k, n, a.cfg.Residual, a.cfg.Out.mask(a.run), a.dropped, a.lora[3], in, in[0], mixed, in[4], in[8], out)
	return nil
}

// project computes out = [x +] drop(mixed w^T + bias) for n rows, with the low-rank
// update of w if there is one.
func project[T Float](k kernels[T], n int, residual bool, drop blas.Dropout, scratch *[]T, lora *adapter[T], in [][]T, x, mixed, w, bias, out []T) {
	h := len(bias)
	width := len(w) / h
	if !residual {
		x = nil
	}
	if drop.P == 0 {
		beta := lora.forward(n, in, mixed, out, h)
		k.GemmFinish(false, true, n, h, width, 1, mixed, width, w, width, beta, out, h, finish[T]{Bias: bias, Add: x})
		return
	}
	beta := lora.forward(n, in, mixed, *scratch, h)
	k.GemmFinish(false, true, n, h, width, 1, mixed, width, w, width, beta, *scratch, h, finish[T]{Bias: bias})
	k.Dropout(drop, *scratch, x, out[:n*h])
}

// projectGrad computes the gradients of project's mixed, w and bias, and of what
// updates w, where they are wanted; that of mixed is multiplied with times, unless
// that is nil.
func projectGrad[T Float](k kernels[T], n int, drop blas.Dropout, scratch *[]T, lora *adapter[T], in, d [][]T, mixed, w, grad, times, dmixed, dw, db []T, h int) {
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
	var beta T
	if lora != nil && dmixed != nil {
		clear(dmixed[:n*width])
		beta = 1
	}
	lora.backward(n, in, mixed, grad, h, d, dmixed)
	if dmixed != nil {
		k.GemmFinish(false, false, n, width, h, 1, grad, h, w, width, beta, dmixed, width, finish[T]{Times: times})
	}
}

func (a *attention[T]) backward(in [][]T, _, grad []T, d [][]T) error {
	n, h, x, dx := a.seqs.tokens, a.h, a.norm.read(in), a.norm.gradient(d)
	dqkv, dmixed := *a.dqkv, *a.dmixed
	projectGrad(a.k, n, a.cfg.Out.mask(a.run), a.dropped, a.lora[3], in, d, *a.mixed, in[4], grad, nil, dmixed, d[4], d[8], h)
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
		a.lora[i].backward(n, in, x, part, 3*h, d, dx)
	}
	a.norm.backward(n, in, d, residual)
	return nil
}
