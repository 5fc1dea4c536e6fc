package ops

import (
	"gorgonia.org/tensor"

	"automl/runner/finetune/blas"
)

// ConvConfig is the geometry of a convolution beyond the shapes of its inputs.
// Padding is given for each side, as TensorFlow's "same" rule pads unevenly.
type ConvConfig struct {
	StrideH, StrideW                     int
	PadTop, PadBottom, PadLeft, PadRight int
}

// SamePad returns the padding of TensorFlow's "same" rule in one direction:
// the output has ceil(in/stride) elements, and an odd total puts the extra
// element after.
func SamePad(in, kernel, stride int) (before, after int) {
	out := (in + stride - 1) / stride
	total := max((out-1)*stride+kernel-in, 0)
	return total / 2, total - total/2
}

// Conv2D adds a two-dimensional cross-correlation.
//
//	x (N, C, H, W), w (O, C, KH, KW), bias (O) or nil  ->  (N, O, H', W')
//	H' = (H + PadTop + PadBottom - KH)/StrideH + 1, W' likewise
func (b *Builder[T]) Conv2D(x, w, bias *Node, c ConvConfig) *Node {
	in := []*Node{x, w}
	if bias != nil {
		in = append(in, bias)
	}
	if !b.ready("conv2d", []int{4, 4, 1}, in...) {
		return nil
	}
	xs, ws := x.Shape(), w.Shape()
	s := blas.ConvShape{
		Batch: xs[0], InC: xs[1], H: xs[2], W: xs[3], OutC: ws[0], KH: ws[2], KW: ws[3],
		StrideH: c.StrideH, StrideW: c.StrideW,
		PadTop: c.PadTop, PadBottom: c.PadBottom, PadLeft: c.PadLeft, PadRight: c.PadRight,
	}
	if ws[1] != xs[1] || (bias != nil && bias.Shape()[0] != ws[0]) {
		return b.fail("conv2d: input %v, kernel %v and bias do not agree", xs, ws)
	}
	bytes, err := s.Bytes(b.grad[x], b.grad[w])
	if err != nil {
		return b.fail("conv2d: %w", err)
	}
	b.bytes += bytes
	var conv convolution[T]
	if !b.dry {
		if conv, err = b.k.Conv(s); err != nil {
			return b.fail("conv2d: %w", err)
		}
	}
	shape := tensor.Shape{xs[0], ws[0], s.OutH(), s.OutW()}
	return b.apply(convKernel(conv, &b.run), shape, in...)
}

func convKernel[T Float](conv convolution[T], run *runState) kernel[T] {
	return kernel[T]{
		name: "conv2d",
		forward: func(in [][]T, out []T) error {
			var bias []T
			if len(in) == 3 {
				bias = in[2]
			}
			conv.Forward(run.rows, in[0], in[1], bias, out)
			return nil
		},
		backward: func(in [][]T, _, grad []T, d [][]T) error {
			var db []T
			if len(in) == 3 {
				db = d[2]
			}
			conv.Backward(run.rows, in[1], grad, d[0], d[1], db)
			return nil
		},
	}
}
