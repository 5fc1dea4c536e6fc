package model

import (
	"errors"
	"fmt"

	"automl/runner/finetune/ops"
)

// EvalOptions sets an evaluation graph.
type EvalOptions struct {
	Batch int
	// From, if above 0, starts the graph at that block: Logits then takes the
	// activations that enter it.
	From int
	// MaxTokens bounds the tokens of a batch of texts; 0: Batch times Net.MaxTokens.
	MaxTokens int
}

// Evaluator computes logits, or the activations below a block. It must not run
// while another graph of the same Net does.
type Evaluator struct {
	g       *graphBuilder
	machine *ops.Machine[float32]
	x, out  []float32
	width   int // floats per row, or per token, of out
	// perToken says that out has a row per token.
	perToken bool
}

// NewEvaluator builds the graph of the logits: batch norm with running
// statistics, no dropout.
func (n *Net) NewEvaluator(o EvalOptions) (*Evaluator, error) {
	if err := n.checkRange("evaluate", o.From, o.Batch); err != nil {
		return nil, err
	}
	return n.newEvaluator(o, len(n.arch.blocks()))
}

// NewPrefix builds the graph of blocks 0 to k-1, for which Logits (or Text)
// returns the activations that enter block k. With k = 0 there is nothing to
// compute, which is an error.
func (n *Net) NewPrefix(k int, batch int) (*Evaluator, error) {
	if err := n.checkRange("prefix", k, batch); err != nil {
		return nil, err
	}
	if k == 0 {
		return nil, fmt.Errorf("model: the prefix below block 0 is empty")
	}
	return n.newEvaluator(EvalOptions{Batch: batch}, k)
}

// EvalBytes is the memory that NewEvaluator would take, found from the shapes
// alone.
func (n *Net) EvalBytes(o EvalOptions) (int64, error) {
	if err := n.checkRange("evaluate", o.From, o.Batch); err != nil {
		return 0, err
	}
	return n.measure(o, len(n.arch.blocks()))
}

// PrefixBytes is the memory that NewPrefix would take.
func (n *Net) PrefixBytes(k, batch int) (int64, error) {
	if err := n.checkRange("prefix", k, batch); err != nil {
		return 0, err
	}
	return n.measure(EvalOptions{Batch: batch}, k)
}

func (n *Net) measure(o EvalOptions, to int) (int64, error) {
	e, _, err := n.evalGraph(o, to, true)
	if err != nil {
		return 0, err
	}
	return e.g.Bytes(), e.g.Err()
}

// evalGraph builds the graph of blocks up to, but without, to.
func (n *Net) evalGraph(o EvalOptions, to int, measure bool) (*Evaluator, node, error) {
	g := newGraph(n, o.Batch, make([]bool, len(n.arch.blocks())))
	if measure {
		g.Measure()
	}
	if err := g.tokens(o.From, o.MaxTokens); err != nil {
		return nil, nil, err
	}
	e := &Evaluator{g: g, perToken: n.PerToken(to)}
	var x node
	x, e.x = g.input(o.From)
	return e, g.stack(o.From, to, x), nil
}

func (n *Net) newEvaluator(o EvalOptions, to int) (*Evaluator, error) {
	e, out, err := n.evalGraph(o, to, false)
	if err != nil {
		return nil, err
	}
	g := e.g
	if e.machine, err = g.Compile(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if to == len(n.arch.blocks()) && n.IsLanguageModel() {
		e.out = g.scores
	} else if e.out, err = ops.Values[float32](out); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	e.width = len(e.out) / o.Batch
	if e.perToken {
		e.width = len(e.out) / g.maxTokens
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
	if g := e.g; g.seqs != nil && g.lengths == nil {
		return nil, errors.New("model: evaluate: the graph takes tokens, not rows")
	}
	width := len(e.x) / batch
	if len(x) < rows*width {
		return nil, fmt.Errorf("model: evaluate: %d values for %d rows of %d", len(x), rows, width)
	}
	copy(e.x, x[:rows*width])
	if err := e.g.enterRows(rows); err != nil {
		return nil, fmt.Errorf("model: evaluate: %w", err)
	}
	if err := e.machine.Run(rows, 0); err != nil {
		return nil, fmt.Errorf("model: evaluate: %w", err)
	}
	return e.out[:rows*e.width], nil
}

// Batch is the number of rows the graph holds.
func (e *Evaluator) Batch() int { return e.g.Batch() }

// Close frees the evaluator.
func (e *Evaluator) Close() error { return e.machine.Close() }
