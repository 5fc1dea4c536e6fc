package ops

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"automl/runner/finetune/pages"
)

// Float is the set of element types.
type Float interface{ float32 | float64 }

// Node is a value in the graph under construction.
type Node = gorgonia.Node

// Builder assembles one graph. Methods that add operations return nil once an
// error has occurred; see Err.
type Builder[T Float] struct {
	graph *gorgonia.ExprGraph
	batch int
	k     kernels[T]
	run   runState
	ops   int            // operations numbered so far; makes every op unique
	grad  map[*Node]bool // nodes with a trainable parameter at or below them
	rows  map[*Node]*int // how many leading rows count, where it is not run.rows
	seqs  *Sequences     // of the tokens; nil without any
	work  []*[]T         // memory that operations share, see shared
	most  []int          // elements of each piece of work
	bytes int64          // of all buffers
	dry   bool           // only measured, see Measure
	// lossRoom is the constant, but in tests.
	lossRoom int
	err      error
}

// runState is what the operations of a graph know about the current run.
type runState struct {
	rows int    // rows of the batch that count
	step uint64 // keys the dropout masks
}

// NewBuilder starts a graph whose activations have batch rows.
func NewBuilder[T Float](batch int) *Builder[T] {
	return &Builder[T]{
		graph: gorgonia.NewGraph(),
		batch: batch,
		k:     kernelsFor[T](),
		run:   runState{rows: batch},
		grad:  map[*Node]bool{},
		rows:  map[*Node]*int{},

		lossRoom: lossRoom,
	}
}

// Err returns the first error of any method.
func (b *Builder[T]) Err() error { return b.err }

// Batch returns the number of rows the graph was built for.
func (b *Builder[T]) Batch() int { return b.batch }

// Input adds a leaf that aliases data, of the given shape, batch first. It has
// no gradient.
func (b *Builder[T]) Input(name string, data []T, shape ...int) *Node {
	return b.Param(name, data, false, shape...)
}

// Param adds a leaf that aliases data. Gradients are available for trainable
// ones only. Names must be unique in the graph: Gorgonia identifies leaves by
// them.
func (b *Builder[T]) Param(name string, data []T, trainable bool, shape ...int) *Node {
	if b.err != nil {
		return nil
	}
	if tensor.Shape(shape).TotalSize() != len(data) || len(data) == 0 {
		return b.fail("%s: %d values do not fill shape %v", name, len(data), shape)
	}
	return b.leaf(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data)), trainable, shape...)
}

// leaf adds a leaf with a value, or without one to a graph that is measured.
func (b *Builder[T]) leaf(name string, value gorgonia.Value, trainable bool, shape ...int) *Node {
	for _, n := range b.graph.AllNodes() {
		if n.Name() == name {
			return b.fail("leaf %q is defined twice", name)
		}
	}
	options := []gorgonia.NodeConsOpt{gorgonia.WithShape(shape...), gorgonia.WithName(name)}
	if value != nil {
		options = append(options, gorgonia.WithValue(value))
	}
	n := gorgonia.NewTensor(b.graph, dtype[T](), len(shape), options...)
	b.grad[n] = trainable
	return n
}

// fail records the first error and returns nil for the caller to return.
func (b *Builder[T]) fail(format string, args ...any) *Node {
	if b.err == nil {
		b.err = fmt.Errorf("ops: "+format, args...)
	}
	return nil
}

// ready reports whether an operation can be added: no error so far and inputs
// of the wanted ranks (batch included).
func (b *Builder[T]) ready(name string, ranks []int, in ...*Node) bool {
	if b.err != nil {
		return false
	}
	for i, n := range in {
		if n == nil {
			b.fail("%s: input %d is missing", name, i)
			return false
		}
		if ranks[i] != n.Dims() && ranks[i] >= 0 {
			b.fail("%s: input %d has shape %v, want %d dimensions", name, i, n.Shape(), ranks[i])
			return false
		}
	}
	return true
}

// apply adds an operation with the given inputs and output shape.
func (b *Builder[T]) apply(o kernel[T], shape tensor.Shape, in ...*Node) *Node {
	op := &fused[T]{kernel: o, builder: b, id: b.ops, need: make([]bool, len(in)), in: make([][]T, len(in))}
	b.ops++
	any := false
	for i, n := range in {
		op.shapes = append(op.shapes, n.Shape().Clone())
		op.need[i] = b.grad[n]
		any = any || op.need[i]
	}
	op.out = newBuffer(b, shape, room[T, T])
	n, err := gorgonia.ApplyOp(op, in...)
	if err != nil {
		return b.fail("%s: %w", o.name, err)
	}
	b.grad[n] = any
	if o.rows == nil {
		o.rows = b.rowsOf(in[0])
	}
	b.rows[n] = o.rows
	return n
}

// rowsOf returns where the number of a node's rows that count is kept: rows of
// the batch, or tokens.
func (b *Builder[T]) rowsOf(n *Node) *int {
	if rows := b.rows[n]; rows != nil {
		return rows
	}
	return &b.run.rows
}

// needs reports whether any of the nodes has a gradient.
func (b *Builder[T]) needs(nodes ...*Node) bool {
	return slices.ContainsFunc(nodes, func(n *Node) bool { return b.grad[n] })
}

// shared returns memory of at least size elements for what lives no longer than
// one pass of one operation. There is one piece for each number; operations run
// one after the other, so they all share it.
func (b *Builder[T]) shared(number, size int) *[]T {
	for len(b.work) <= number {
		b.work, b.most = append(b.work, new([]T)), append(b.most, 0)
	}
	if more := size - b.most[number]; more > 0 {
		b.most[number] = size
		b.bytes += int64(more) * int64(unsafe.Sizeof(T(0)))
		if !b.dry {
			*b.work[number] = pages.Huge(make([]T, size))
		}
	}
	return b.work[number]
}

// Values returns the live buffer of an operation's result or of a gradient,
// valid until the graph is dropped and rewritten by every run.
func Values[T Float](n *Node) ([]T, error) {
	if n == nil {
		return nil, fmt.Errorf("ops: no node")
	}
	if op, ok := n.Op().(interface{ Result() []T }); ok {
		return op.Result(), nil
	}
	return nil, fmt.Errorf("ops: %v is not the result of an operation of this package", n)
}

// Gradients adds the backward pass of a scalar loss and returns one gradient
// node per parameter, each of which must be trainable and used exactly once.
func (b *Builder[T]) Gradients(loss *Node, params ...*Node) ([]*Node, error) {
	if b.err != nil {
		return nil, b.err
	}
	for _, p := range params {
		if !b.grad[p] {
			return nil, fmt.Errorf("ops: %s is not trainable", p.Name())
		}
	}
	grads, err := gorgonia.Grad(loss, params...)
	if err != nil {
		return nil, fmt.Errorf("ops: differentiate: %w", err)
	}
	for i, g := range grads {
		if _, err := Values[T](g); err != nil {
			return nil, fmt.Errorf("ops: gradient of %s: %w", params[i].Name(), err)
		}
	}
	return grads, nil
}

// Machine runs a finished graph.
type Machine[T Float] struct {
	b  *Builder[T]
	vm gorgonia.VM
}

// Compile turns the graph into a program. Nothing may be added afterwards.
func (b *Builder[T]) Compile() (m *Machine[T], err error) {
	if b.err != nil {
		return nil, b.err
	}
	if b.dry {
		return nil, errors.New("ops: compile: the graph is only measured")
	}
	defer func() {
		// NewTapeMachine reports a bad graph by panicking.
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("ops: compile: %v", r)
		}
	}()
	return &Machine[T]{b: b, vm: gorgonia.NewTapeMachine(b.graph)}, nil
}

// Run computes everything in the graph once, for the first rows rows of the
// batch. The step keys dropout masks.
func (m *Machine[T]) Run(rows int, step uint64) error {
	if rows < 1 || rows > m.b.batch {
		return fmt.Errorf("ops: %d rows, the graph holds 1 to %d", rows, m.b.batch)
	}
	if s := m.b.seqs; s != nil && s.Len() != rows {
		return fmt.Errorf("ops: %d rows and %d sequences", rows, s.Len())
	}
	m.b.run = runState{rows: rows, step: step}
	m.vm.Reset()
	if err := m.vm.RunAll(); err != nil {
		return fmt.Errorf("ops: run: %w", err)
	}
	return nil
}

// Close frees the machine.
func (m *Machine[T]) Close() error { return m.vm.Close() }
