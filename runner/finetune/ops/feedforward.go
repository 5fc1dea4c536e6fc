package ops

import "automl/runner/finetune/blas"

// FeedForwardParams are the two linear layers of a feed-forward network:
// weights (F, H) and (H, F), stored out x in, and biases (F) and (H).
type FeedForwardParams struct {
	InW, InB, OutW, OutB *Node

	InLoRA, OutLoRA *LoRA // nil: none
}

// FeedForwardConfig sets a feed-forward network.
type FeedForwardConfig struct {
	Tanh     bool  // GELU in its approximation by a hyperbolic tangent
	Residual bool  // add the input to the result
	Out      Drop  // of the result, before the residual is added
	Norm     *Norm // before it; nil: none
}

// FeedForward adds y = [x +] Out(W2 gelu(W1 x + b1) + b2) for x (N, H), with the
// exact GELU x*F(x) of Hendrycks and Gimpel 2016 unless Tanh. If there is a Norm,
// W1 is applied to x normalized.
func (b *Builder[T]) FeedForward(x *Node, p FeedForwardParams, c FeedForwardConfig) *Node {
	in := []*Node{x, p.InW, p.InB, p.OutW, p.OutB}
	if !b.ready("feedforward", []int{2, 2, 1, 2, 1}, in...) || !b.dropReady("feedforward", c.Out) {
		return nil
	}
	n, h, f := x.Shape()[0], x.Shape()[1], p.InW.Shape()[0]
	if p.InW.Shape()[1] != h || p.InB.Shape()[0] != f || p.OutW.Shape()[0] != h || p.OutW.Shape()[1] != f || p.OutB.Shape()[0] != h {
		return b.fail("feedforward: input %v, weights %v and %v and biases %v and %v do not agree",
			x.Shape(), p.InW.Shape(), p.OutW.Shape(), p.InB.Shape(), p.OutB.Shape())
	}
	ff := &feedForward[T]{k: b.k, run: &b.run, rows: b.rowsOf(x), cfg: c, h: h, f: f}
	ff.lora[0] = newAdapter(b, "feedforward", n, p.InW, p.InLoRA, &in, 3)
	ff.lora[1] = newAdapter(b, "feedforward", n, p.OutW, p.OutLoRA, &in, 3)
	ff.norm = newPrenorm(b, "feedforward", x, c.Norm, &in, 1, 1)
	if b.err != nil {
		return nil
	}
	if ff.train = b.needs(in...); ff.train {
		hidden, slope := room[T](b, n*f), room[T](b, n*f)
		ff.hidden, ff.slope, ff.dhidden = &hidden, &slope, b.shared(0, n*f)
	} else {
		ff.hidden = b.shared(0, n*f)
	}
	if c.Out.P > 0 {
		ff.dropped = b.shared(2, n*h)
	}
	return b.apply(kernel[T]{name: "feedforward", forward: ff.forward, backward: ff.backward}, x.Shape().Clone(), in...)
}

type feedForward[T Float] struct {
	k       kernels[T]
	run     *runState
	rows    *int
	cfg     FeedForwardConfig
	h, f    int
	train   bool
	norm    *prenorm[T]
	lora    [2]*adapter[T] // of the two layers
	hidden  *[]T           // what GELU returns
	slope   *[]T           // its derivative there, which the backward pass multiplies with
	dhidden *[]T
	dropped *[]T // the result, or its gradient, on the other side of the dropout
}

func (ff *feedForward[T]) forward(in [][]T, out []T) error {
	n, h, f, hidden, x := *ff.rows, ff.h, ff.f, *ff.hidden, ff.norm.forward(*ff.rows, in)
	var slope []T
	if ff.train {
		slope = *ff.slope
	}
	beta := ff.lora[0].forward(n, in, x, hidden, f)
	if ff.cfg.Tanh {
		ff.k.Gemm(false, true, n, f, h, 1, x, h, in[1], h, beta, hidden, f)
		ff.k.TanhGELU(n, hidden, in[2], hidden, slope)
	} else {
		ff.k.GemmFinish(false, true, n, f, h, 1, x, h, in[1], h, beta, hidden, f, finish[T]{Bias: in[2], GELU: true, Slope: slope})
	}
	project(ff.k, n, ff.cfg.Residual, ff.mask(), ff.dropped, ff.lora[1], in, in[0], hidden, in[3], in[4], out)
	return nil
}

func (ff *feedForward[T]) mask() blas.Dropout { return ff.cfg.Out.mask(ff.run) }

func (ff *feedForward[T]) backward(in [][]T, _, grad []T, d [][]T) error {
	n, h, f, dh, dx := *ff.rows, ff.h, ff.f, *ff.dhidden, ff.norm.gradient(d)
	if dx == nil && d[1] == nil && d[2] == nil && !ff.lora[0].wanted(d) {
		dh = nil
	}
	projectGrad(ff.k, n, ff.mask(), ff.dropped, ff.lora[1], in, d, *ff.hidden, in[3], grad, *ff.slope, dh, d[3], d[4], h)
	if dh == nil {
		return nil
	}
	residual := grad
	if !ff.cfg.Residual {
		residual = nil
	}
	if d[2] != nil {
		ff.k.ColumnSum(n, f, dh, d[2])
	}
	if d[1] != nil {
		ff.k.Gemm(true, false, f, h, n, 1, dh, f, ff.norm.read(in), h, 0, d[1], h)
	}
	if dx != nil {
		var after finish[T]
		if ff.norm == nil {
			after.Add = residual
		}
		ff.k.GemmFinish(false, false, n, h, f, 1, dh, f, in[1], h, 0, dx, h, after)
	}
	ff.lora[0].backward(n, in, ff.norm.read(in), dh, f, d, dx)
	ff.norm.backward(n, in, d, residual)
	return nil
}
