package ops

import "gorgonia.org/tensor"

// Linear adds y = x w^T + bias.
//
//	x (N, I), w (O, I), bias (O) or nil  ->  (N, O)
func (b *Builder[T]) Linear(x, w, bias *Node) *Node { return b.LinearLoRA(x, w, bias, nil) }

// LinearLoRA is Linear with a low-rank update of w; nil: none.
func (b *Builder[T]) LinearLoRA(x, w, bias *Node, c *LoRA) *Node {
	in := []*Node{x, w}
	if bias != nil {
		in = append(in, bias)
	}
	if !b.ready("linear", []int{2, 2, 1}, in...) {
		return nil
	}
	l := &linear[T]{k: b.k, rows: b.rowsOf(x), in: x.Shape()[1], out: w.Shape()[0]}
	if w.Shape()[1] != l.in || (bias != nil && bias.Shape()[0] != l.out) {
		return b.fail("linear: input %v, weight %v and bias do not agree", x.Shape(), w.Shape())
	}
	l.biased = bias != nil
	if l.lora = newAdapter(b, "linear", x.Shape()[0], w, c, &in, 1); b.err != nil {
		return nil
	}
	return b.apply(kernel[T]{name: "linear", forward: l.forward, backward: l.backward},
		tensor.Shape{x.Shape()[0], l.out}, in...)
}

type linear[T Float] struct {
	k       kernels[T]
	rows    *int
	in, out int
	biased  bool
	lora    *adapter[T]
}

func (l *linear[T]) forward(in [][]T, out []T) error {
	rows := *l.rows
	var f finish[T]
	if l.biased {
		f.Bias = in[2]
	}
	beta := l.lora.forward(rows, in, in[0], out, l.out)
	l.k.GemmFinish(false, true, rows, l.out, l.in, 1, in[0], l.in, in[1], l.in, beta, out, l.out, f)
	return nil
}

func (l *linear[T]) backward(in [][]T, _, grad []T, d [][]T) error {
	rows := *l.rows
	if d[0] != nil {
		l.k.Gemm(false, false, rows, l.in, l.out, 1, grad, l.out, in[1], l.in, 0, d[0], l.in)
	}
	if d[1] != nil {
		l.k.Gemm(true, false, l.out, l.in, rows, 1, grad, l.out, in[0], l.in, 0, d[1], l.in)
	}
	if l.biased && d[2] != nil {
		l.k.ColumnSum(rows, l.out, grad, d[2])
	}
	l.lora.backward(rows, in, in[0], grad, l.out, d, d[0])
	return nil
}
