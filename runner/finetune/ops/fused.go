package ops

import (
	"fmt"
	"hash"
	"hash/fnv"
	"io"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// kernel is the arithmetic of one operation.
type kernel[T Float] struct {
	name string
	// forward computes out from the inputs.
	forward func(in [][]T, out []T) error
	// backward writes the gradient of every input i with d[i] != nil, from the
	// same inputs, the forward result and the gradient of that result. It
	// always runs after forward in the same run, so the two may share state.
	backward func(in [][]T, out, grad []T, d [][]T) error
	// bind, if not nil, is told d when the graph is made, for a forward pass that
	// computes gradients on its way.
	bind func(d [][]T)
	// rows is where the number of result rows that count is kept; nil: where that
	// of the first input is.
	rows *int
	// sparse lists, for inputs whose gradient is zero in most rows, the rows where
	// it may not be, in ascending order, as of the last backward.
	sparse map[int]*[]int32
	// sameGrad says that all inputs have one and the same gradient, so that
	// backward fills the first wanted d only.
	sameGrad bool
}

// buffer is a persistent result: a slice and the tensor that aliases it.
type buffer[T Float] struct {
	data  []T
	value gorgonia.Value
	shape tensor.Shape
}

// newBuffer makes one with room for the elements of a shape.
func newBuffer[T Float](b *Builder[T], shape tensor.Shape, room func(*Builder[T], int) []T) buffer[T] {
	out := buffer[T]{shape: shape}
	switch {
	case shape.Dims() == 0:
		var v T
		out.data = make([]T, 1)
		out.value, _, _ = anyScalar(v)
	default:
		if out.data = room(b, shape.TotalSize()); out.data != nil {
			out.value = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(out.data))
		}
	}
	return out
}

// load returns the value to hand to Gorgonia; a scalar lives outside of data
// and is brought up to date here.
func (b *buffer[T]) load() gorgonia.Value {
	switch v := b.value.(type) {
	case *gorgonia.F32:
		*v = gorgonia.F32(b.data[0])
	case *gorgonia.F64:
		*v = gorgonia.F64(b.data[0])
	}
	return b.value
}

// anyScalar makes a Gorgonia scalar of T's type.
func anyScalar[T Float](v T) (gorgonia.Value, tensor.Dtype, error) {
	switch v := any(v).(type) {
	case float32:
		return gorgonia.NewF32(v), tensor.Float32, nil
	case float64:
		return gorgonia.NewF64(v), tensor.Float64, nil
	}
	return nil, tensor.Dtype{}, fmt.Errorf("ops: unsupported type %T", v)
}

// dtype returns T's Gorgonia type.
func dtype[T Float]() tensor.Dtype {
	var v T
	_, dt, _ := anyScalar(v)
	return dt
}

// view returns the elements behind a Gorgonia value without copying (a scalar
// is copied, and is never written to).
func view[T Float](v gorgonia.Value) ([]T, error) {
	switch d := v.Data().(type) {
	case []T:
		return d, nil
	case T:
		return []T{d}, nil
	}
	return nil, fmt.Errorf("ops: value of type %s, want %s", v.Dtype(), dtype[T]())
}

// views fills dst with the elements behind every value.
func views[T Float](dst [][]T, values []gorgonia.Value) error {
	for i, v := range values {
		var err error
		if dst[i], err = view[T](v); err != nil {
			return err
		}
	}
	return nil
}

// opType builds the signature of an operation for Gorgonia's type checker.
// The checker recycles it, so every call makes a new one.
func opType[T Float](out tensor.Shape, in ...tensor.Shape) hm.Type {
	ts := make([]hm.Type, 0, len(in)+1)
	for _, s := range append(in[:len(in):len(in)], out) {
		if s.Dims() == 0 {
			ts = append(ts, dtype[T]())
		} else {
			ts = append(ts, gorgonia.TensorType{Dims: s.Dims(), Of: dtype[T]()})
		}
	}
	return hm.NewFnType(ts...)
}

// plainOp gives the answers that all our ops share: results are persistent
// buffers that nobody may overwrite and that need no preallocation.
type plainOp struct{}

func (plainOp) ReturnsPtr() bool     { return true }
func (plainOp) CallsExtern() bool    { return false }
func (plainOp) OverwritesInput() int { return -1 }

func hashOf(s fmt.Stringer) uint32 {
	h := fnv.New32a()
	io.WriteString(h, s.String())
	return h.Sum32()
}

// fused is an operation in the forward graph.
type fused[T Float] struct {
	plainOp
	kernel[T]
	builder *Builder[T]
	id      int
	shapes  []tensor.Shape // of the inputs
	need    []bool         // per input: has a trainable parameter at or below it
	out     buffer[T]
	in      [][]T // scratch for Do
}

var _ gorgonia.SDOp = (*fused[float32])(nil)

func (o *fused[T]) Result() []T           { return o.out.data }
func (o *fused[T]) Arity() int            { return len(o.shapes) }
func (o *fused[T]) Type() hm.Type         { return opType[T](o.out.shape, o.shapes...) }
func (o *fused[T]) String() string        { return fmt.Sprintf("%s#%d", o.name, o.id) }
func (o *fused[T]) WriteHash(h hash.Hash) { io.WriteString(h, o.String()) }
func (o *fused[T]) Hashcode() uint32      { return hashOf(o) }
func (o *fused[T]) DiffWRT(int) []bool    { return o.need }

// InferShape returns the shape fixed when the graph was built.
func (o *fused[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return o.out.shape.Clone(), nil
}

// Do computes the result into the persistent buffer.
func (o *fused[T]) Do(values ...gorgonia.Value) (gorgonia.Value, error) {
	if err := views(o.in, values); err != nil {
		return nil, err
	}
	if err := o.forward(o.in, o.out.data); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	return o.out.load(), nil
}

// SymDiff adds one backward op, and a pick op for each wanted gradient beyond
// its first. Unwanted gradients are nil, which Gorgonia skips.
func (o *fused[T]) SymDiff(inputs gorgonia.Nodes, output, grad *Node) (gorgonia.Nodes, error) {
	back := newBackward(o)
	children := append(inputs[:len(inputs):len(inputs)], output, grad)
	first, err := gorgonia.ApplyOp(back, children...)
	if err != nil {
		return nil, err
	}
	out := make(gorgonia.Nodes, len(inputs))
	for i := range inputs {
		switch {
		case !o.need[i]:
		case i == back.first || o.sameGrad:
			out[i] = first
		default:
			if out[i], err = gorgonia.ApplyOp(&pick[T]{back: back, index: i}, first); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
