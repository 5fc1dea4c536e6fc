package ops

import (
	"unsafe"

	"gorgonia.org/tensor"

	"automl/runner/finetune/pages"
)

// Measure makes the graph under construction one that is only measured: its
// operations get no memory, and it cannot be compiled. It comes first.
func (b *Builder[T]) Measure() { b.dry = true }

// Bytes is the memory of all buffers of the graph so far: inputs, results,
// gradients and what operations keep between their passes. Parameters are not
// the graph's.
func (b *Builder[T]) Bytes() int64 { return b.bytes }

// room is memory of the graph: n elements, or none in a graph that is measured.
func room[E any, T Float](b *Builder[T], n int) []E { return pages.Huge(thinRoom[E](b, n)) }

// thinRoom is room most of which is never touched: the gradient of a table. What
// is not touched costs nothing, unless it shares a large page with what is.
func thinRoom[E any, T Float](b *Builder[T], n int) []E {
	var one E
	b.bytes += int64(n) * int64(unsafe.Sizeof(one))
	if b.dry {
		return nil
	}
	return make([]E, n)
}

// InputBuffer is Input with memory of the graph, which is returned; nil in a
// graph that is measured.
func (b *Builder[T]) InputBuffer(name string, shape ...int) (*Node, []T) {
	data := room[T](b, tensor.Shape(shape).TotalSize())
	if b.dry {
		return b.leaf(name, nil, false, shape...), nil
	}
	return b.Input(name, data, shape...), data
}

// TokenBuffer is InputBuffer with a row of width elements per token.
func (b *Builder[T]) TokenBuffer(name string, width int) (*Node, []T) {
	if b.seqs == nil {
		return b.fail("%s: the graph has no tokens", name), nil
	}
	n, data := b.InputBuffer(name, b.seqs.limit, width)
	b.rows[n] = &b.seqs.tokens
	return n, data
}
