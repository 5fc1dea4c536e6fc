package model

import (
	"fmt"

	"automl/runner/finetune/ops"
)

// EvalOptions sets an evaluation graph.
type EvalOptions struct {
	Batch int
	// From, if above 0, starts the graph at that block: Logits then takes the
	// activations that enter it.
	From int
}

// Evaluator computes logits, or the activations below a block. It must not run
// while another graph of the same Net does.
type Evaluator struct {
	g       *graphBuilder
	machine *ops.Machine[float32]
	x, out  []float32
}

// NewEvaluator builds the graph of the logits: batch norm with running
// statistics, no dropout.
func (n *Net) NewEvaluator(o EvalOptions) (*Evaluator, error) {
	if err := n.checkRange("evaluate", o.From, o.Batch); err != nil {
		return nil, err
	}
	return n.newEvaluator(o.From, len(n.arch.blocks()), o.Batch)
}

// NewPrefix builds the graph of blocks 0 to k-1, for which Logits returns the
// activations that enter block k. With k = 0 there is nothing to compute, which
// is an error.
func (n *Net) NewPrefix(k int, batch int) (*Evaluator, error) {
	if err := n.checkRange("prefix", k, batch); err != nil {
		return nil, err
	}
	if k == 0 {
		return nil, fmt.Errorf("model: the prefix below block 0 is empty")
	}
	return n.newEvaluator(0, k, batch)
}

func (n *Net) newEvaluator(from, to, batch int) (*Evaluator, error) {
	g := newGraph(n, batch, make([]bool, len(n.arch.blocks())))
	e := &Evaluator{g: g}
	var x node
	x, e.x = g.input(from)
	out := g.stack(from, to, x)
	var err error
	if e.machine, err = g.Compile(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if e.out, err = ops.Values[float32](out); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return e, nil
}

// Logits returns the outputs (rows x classes, or rows x the elements of an
// activation) for the first rows rows of x. The result is a live buffer,
// rewritten by the next call.
func (e *Evaluator) Logits(x []float32, rows int) ([]float32, error) {
	batch := e.g.Batch()
	if rows < 1 || rows > batch {
		return nil, fmt.Errorf("model: evaluate: %d rows, the graph holds 1 to %d", rows, batch)
	}
	width := len(e.x) / batch
	if len(x) < rows*width {
		return nil, fmt.Errorf("model: evaluate: %d values for %d rows of %d", len(x), rows, width)
	}
	copy(e.x, x[:rows*width])
	if err := e.machine.Run(rows, 0); err != nil {
		return nil, fmt.Errorf("model: evaluate: %w", err)
	}
	return e.out[:rows*len(e.out)/batch], nil
}

// Close frees the evaluator.
func (e *Evaluator) Close() error { return e.machine.Close() }
