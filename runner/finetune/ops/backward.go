package ops

import (
	"fmt"
	"hash"
	"io"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// backward computes all wanted gradients of a fused op at once. Its children
// are the op's inputs, its result and the result's gradient, so it cannot run
// before them. Its own value is the first wanted gradient.
type backward[T Float] struct {
	plainOp
	of    *fused[T]
	first int
	bufs  []buffer[T] // per input; empty where not wanted
	d     [][]T       // the same as slices; nil where not wanted
	in    [][]T       // scratch for Do
}

var _ gorgonia.Op = (*backward[float32])(nil)

func newBackward[T Float](of *fused[T]) *backward[T] {
	n := len(of.shapes)
	b := &backward[T]{of: of, first: -1, bufs: make([]buffer[T], n), d: make([][]T, n), in: make([][]T, n+2)}
	for i, s := range of.shapes {
		if !of.need[i] || (of.sameGrad && b.first >= 0) {
			continue
		}
		if b.first < 0 {
			b.first = i
		}
		space := room[T, T]
		if of.sparse[i] != nil {
			space = thinRoom[T, T]
		}
		b.bufs[i] = newBuffer(of.builder, s, space)
		b.d[i] = b.bufs[i].data
	}
	if of.bind != nil {
		of.bind(b.d)
	}
	return b
}

func (o *backward[T]) Result() []T           { return o.d[o.first] }
func (o *backward[T]) Rows() *[]int32        { return o.of.sparse[o.first] }
func (o *backward[T]) Arity() int            { return len(o.of.shapes) + 2 }
func (o *backward[T]) String() string        { return o.of.String() + ".backward" }
func (o *backward[T]) WriteHash(h hash.Hash) { io.WriteString(h, o.String()) }
func (o *backward[T]) Hashcode() uint32      { return hashOf(o) }

// Type is that of inputs, result and its gradient, to the first gradient.
func (o *backward[T]) Type() hm.Type {
	in := append(o.of.shapes[:len(o.of.shapes):len(o.of.shapes)], o.of.out.shape, o.of.out.shape)
	return opType[T](o.of.shapes[o.first], in...)
}

// InferShape returns the shape of the input whose gradient this is.
func (o *backward[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.of.shapes[o.first].Clone(), nil
}

// Do computes every wanted gradient and returns the first.
func (o *backward[T]) Do(values ...gorgonia.Value) (gorgonia.Value, error) {
	if err := views(o.in, values); err != nil {
		return nil, err
	}
	n := len(o.of.shapes)
	if err := o.of.backward(o.in[:n], o.in[n], o.in[n+1], o.d); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	return o.bufs[o.first].load(), nil
}

// pick hands out a further gradient that its child has computed.
type pick[T Float] struct {
	plainOp
	back  *backward[T]
	index int
}

var _ gorgonia.Op = (*pick[float32])(nil)

func (o *pick[T]) Result() []T           { return o.back.d[o.index] }
func (o *pick[T]) Rows() *[]int32        { return o.back.of.sparse[o.index] }
func (o *pick[T]) Arity() int            { return 1 }
func (o *pick[T]) String() string        { return fmt.Sprintf("%s.pick%d", o.back, o.index) }
func (o *pick[T]) WriteHash(h hash.Hash) { io.WriteString(h, o.String()) }
func (o *pick[T]) Hashcode() uint32      { return hashOf(o) }

// Type maps the backward op's own gradient to the picked one.
func (o *pick[T]) Type() hm.Type {
	return opType[T](o.back.of.shapes[o.index], o.back.of.shapes[o.back.first])
}

// InferShape returns the shape of the input whose gradient this is.
func (o *pick[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.back.of.shapes[o.index].Clone(), nil
}

// Do returns the gradient; the child has computed it.
func (o *pick[T]) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return o.back.bufs[o.index].load(), nil
}

// SparseRows returns, for the gradient of a table of embeddings, the rows that
// may differ from zero: ascending, live, and rewritten by every run. It is nil
// for other gradients.
func SparseRows(grad *Node) *[]int32 {
	if op, ok := grad.Op().(interface{ Rows() *[]int32 }); ok {
		return op.Rows()
	}
	return nil
}
