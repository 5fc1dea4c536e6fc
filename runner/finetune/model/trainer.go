package model

import (
	"errors"
	"fmt"
	"slices"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/ops"
)

// Loss is what a training graph minimizes.
type Loss int

// The losses.
const (
	CrossEntropy       Loss = iota // of one class a row, after softmax
	BinaryCrossEntropy             // of every output by itself, after the logistic function
	SquaredError                   // of numbers
)

// TrainOptions sets a training graph.
type TrainOptions struct {
	Batch int
	Loss  Loss
	// Trained says for each block whether it learns. At least one must; blocks
	// below the lowest are never differentiated.
	Trained        []bool
	Dropout        float64   // before the head; 0 <= Dropout < 1
	LabelSmoothing float64   // 0 to 1; not with SquaredError
	ClassWeights   []float32 // of classes; with BinaryCrossEntropy of the rows that have a label
	Seed           uint64    // of the dropout masks
	// NormMomentum is the weight of a batch in the running statistics, 0 <= NormMomentum <= 1; 0 is what the network's
	// config.json says, which suits the long training it comes from: at 0.01 they follow within hundreds of steps.
	NormMomentum float64
	// From, if above 0, starts the graph at that block: Step then takes the
	// activations that enter it (see NewPrefix). Blocks below cannot be trained.
	From int
	// HiddenDropout and AttentionDropout are those within the trained blocks of a
	// transformer: of what a layer adds to its input, and of the attention weights.
	HiddenDropout, AttentionDropout float64
	// LoRADropout is that of what a low-rank update reads, each its own (see Net.AddLoRA).
	LoRADropout float64
	// MaxTokens bounds the tokens of a batch of texts; 0: Batch times Net.MaxTokens.
	MaxTokens int
}

// Grad is the gradient of one parameter.
type Grad struct {
	Param *Param
	Data  []float32 // live: rewritten by every Step
	// Rows, if not nil, lists the rows of a table of embeddings whose gradient may
	// differ from zero, in ascending order; live, too.
	Rows *[]int32
}

// Trainer computes losses and gradients of a network. It must not run while
// another graph of the same Net does.
type Trainer struct {
	g       *graphBuilder
	machine *ops.Machine[float32]
	x       []float32
	targets ops.Targets[float32]
	loss    []float32
	logits  []float32
	grads   []Grad
	tied    []tiedGrad
	classes int // numbers of a row
}

// tiedGrad is a part of a gradient that is added to another: rows of a table.
type tiedGrad struct {
	into, from []float32
	rows       *[]int32
	width      int
}

// NewTrainer builds the graph of loss and gradients with respect to the
// parameters of the trained blocks. Trained blocks normalize with batch
// statistics, the others with their running statistics.
func (n *Net) NewTrainer(o TrainOptions) (*Trainer, error) { return n.newTrainer(o, false) }

// TrainBytes is the memory that NewTrainer would take, gradients included, found
// from the shapes alone.
func (n *Net) TrainBytes(o TrainOptions) (int64, error) {
	t, _, _, err := n.trainGraph(o, func(g *graphBuilder) { g.Measure() })
	if err != nil {
		return 0, err
	}
	return t.g.Bytes(), nil
}

// newTrainer can also keep all statistics frozen, to check that gradient alone.
func (n *Net) newTrainer(o TrainOptions, frozenStats bool) (*Trainer, error) {
	t, loss, logits, err := n.trainGraph(o, func(g *graphBuilder) { g.frozenStats = frozenStats })
	if err != nil {
		return nil, err
	}
	if t.loss, err = ops.Values[float32](loss); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if n.IsLanguageModel() {
		t.logits = t.g.scores
	} else if t.logits, err = ops.Values[float32](logits); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if t.machine, err = t.g.Compile(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return t, nil
}

// trainGraph builds the graph of loss and gradients. set changes the builder at
// its start.
func (n *Net) trainGraph(o TrainOptions, set func(*graphBuilder)) (t *Trainer, loss, logits node, err error) {
	if err := n.checkTrain(o); err != nil {
		return nil, nil, nil, err
	}
	g := newGraph(n, o.Batch, slices.Clone(o.Trained))
	g.rate, g.seed, g.normMomentum = o.Dropout, o.Seed, o.NormMomentum
	g.hidden = hiddenDropout{out: o.HiddenDropout, weights: o.AttentionDropout, lora: o.LoRADropout}
	set(g)
	if err := g.tokens(o.From, o.MaxTokens); err != nil {
		return nil, nil, nil, err
	}
	t = &Trainer{g: g, classes: n.outputs()}
	var x node
	x, t.x = g.input(o.From)
	logits = g.stack(o.From, len(n.arch.blocks()), x)
	if loss = logits; !n.IsLanguageModel() {
		loss = t.addLoss(logits, o)
	}
	if err := t.differentiate(loss); err != nil {
		return nil, nil, nil, fmt.Errorf("model: %w", err)
	}
	return t, loss, logits, nil
}

// addLoss adds the loss of the head's outputs.
func (t *Trainer) addLoss(out node, o TrainOptions) node {
	c := ops.LossConfig{LabelSmoothing: o.LabelSmoothing, ClassWeights: o.ClassWeights}
	switch o.Loss {
	case BinaryCrossEntropy:
		return t.g.BinaryCrossEntropy(out, &t.targets, c)
	case SquaredError:
		return t.g.MSE(out, &t.targets)
	}
	return t.g.SoftmaxCrossEntropy(out, &t.targets, c)
}

// checkTrain reports options that do not fit the network.
func (n *Net) checkTrain(o TrainOptions) error {
	if err := n.checkRange("train", o.From, o.Batch); err != nil {
		return err
	}
	blocks := n.arch.blocks()
	if len(o.Trained) != len(blocks) {
		return fmt.Errorf("model: %d flags of trained blocks, the network has %d blocks", len(o.Trained), len(blocks))
	}
	lowest := slices.Index(o.Trained, true)
	if lowest < 0 {
		return errors.New("model: no block is trained")
	}
	if lowest < o.From {
		return fmt.Errorf("model: block %s is to be trained, but the graph starts above it at %s", blocks[lowest], blocks[o.From])
	}
	return nil
}

// differentiate adds the gradients of all trained parameters, in Params order.
func (t *Trainer) differentiate(loss node) error {
	var leaves []node
	for _, p := range t.g.net.params {
		leaf := t.g.leaves[p]
		if tie := t.g.ties[p]; tie != nil {
			leaf = tie
		}
		if p.Trainable && t.g.trained[p.Block] && leaf != nil {
			leaves = append(leaves, leaf)
			t.grads = append(t.grads, Grad{Param: p})
		}
	}
	own := len(leaves)
	for _, g := range t.grads {
		if leaf := t.g.leaves[g.Param]; t.g.ties[g.Param] != nil && leaf != nil {
			leaves = append(leaves, leaf)
			t.tied = append(t.tied, tiedGrad{width: g.Param.Shape[1]})
		}
	}
	nodes, err := t.g.Gradients(loss, leaves...)
	if err != nil {
		return err
	}
	for i, n := range nodes[:own] {
		if t.grads[i].Data, err = ops.Values[float32](n); err != nil {
			return err
		}
		t.grads[i].Rows = ops.SparseRows(n)
	}
	return t.tie(nodes[:own], nodes[own:], leaves[own:])
}

// tie finds where the gradients of second readers are, and those of the first that
// are to be added to them.
func (t *Trainer) tie(own, more, leaves []node) (err error) {
	for i, n := range more {
		tie := &t.tied[i]
		if tie.rows = ops.SparseRows(n); tie.rows == nil {
			return errors.New("a parameter has two readers, neither of which looks up rows")
		}
		if tie.from, err = ops.Values[float32](n); err != nil {
			return err
		}
		for j, g := range t.grads {
			if t.g.leaves[g.Param] == leaves[i] {
				if tie.into, err = ops.Values[float32](own[j]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Step runs forward and backward on one batch and updates the running
// statistics of trained blocks; weights stay as they are. x holds batch images
// (or prefix activations) in row-major order, y a class per row. Rows with y =
// -1 are padding: they must come last and enter nothing, neither loss nor
// batch statistics. step keys the dropout masks.
//
// The loss is the mean over the rows that count. logits (batch x classes) is a
// live buffer, rewritten by the next Step; those of padding rows are zero.
func (t *Trainer) Step(x []float32, y []int32, step uint64) (loss float64, logits []float32, err error) {
	rows, err := t.rows(y)
	if err != nil {
		return 0, nil, err
	}
	t.targets = ops.Targets[float32]{Labels: y}
	return t.step(x, rows, step)
}

// StepValues is Step for losses of values, rows x outputs; what lies beyond the
// first rows rows is padding.
func (t *Trainer) StepValues(x, values []float32, rows int, step uint64) (loss float64, outputs []float32, err error) {
	if rows < 1 || rows > t.g.Batch() {
		return 0, nil, fmt.Errorf("model: step: %d rows, the graph holds 1 to %d", rows, t.g.Batch())
	}
	t.targets = ops.Targets[float32]{Values: values}
	return t.step(x, rows, step)
}

// StepProbs is Step for CrossEntropy with a probability for each class, rows x
// classes, instead of a class, as mixing examples gives; what lies beyond the
// first rows rows is padding.
func (t *Trainer) StepProbs(x, probs []float32, rows int, step uint64) (loss float64, logits []float32, err error) {
	if rows < 1 || rows > t.g.Batch() || len(probs) < rows*t.classes {
		return 0, nil, fmt.Errorf("model: step: %d rows with %d probabilities of %d classes, the graph holds 1 to %d rows", rows, len(probs), t.classes, t.g.Batch())
	}
	t.targets = ops.Targets[float32]{Probs: probs}
	return t.step(x, rows, step)
}

// step runs the graph on rows.
func (t *Trainer) step(x []float32, rows int, step uint64) (loss float64, outputs []float32, err error) {
	if t.g.seqs != nil && t.g.lengths == nil {
		return 0, nil, errors.New("model: step: the graph takes tokens, not rows")
	}
	width := len(t.x) / t.g.Batch()
	if len(x) < rows*width {
		return 0, nil, fmt.Errorf("model: step: %d values for %d rows of %d", len(x), rows, width)
	}
	copy(t.x, x[:rows*width])
	if err := t.g.enterRows(rows); err != nil {
		return 0, nil, fmt.Errorf("model: step: %w", err)
	}
	return t.compute(rows, step)
}

// compute runs the graph on what has been put into it.
func (t *Trainer) compute(rows int, step uint64) (loss float64, logits []float32, err error) {
	if err := t.machine.Run(rows, step); err != nil {
		return 0, nil, fmt.Errorf("model: step: %w", err)
	}
	for i := range t.g.norms {
		t.g.norms[i].apply()
	}
	for _, tie := range t.tied {
		for _, row := range *tie.rows {
			at := int(row) * tie.width
			blas.Axpy(1, tie.from[at:at+tie.width], tie.into[at:at+tie.width])
		}
	}
	clear(t.logits[rows*t.classes:])
	return float64(t.loss[0]), t.logits, nil
}

// rows returns the number of rows before the padding.
func (t *Trainer) rows(y []int32) (int, error) {
	if len(y) != t.g.Batch() {
		return 0, fmt.Errorf("model: step: %d labels for a batch of %d", len(y), t.g.Batch())
	}
	rows := slices.Index(y, -1)
	if rows < 0 {
		rows = len(y)
	}
	for i, label := range y {
		if i < rows && (label < 0 || int(label) >= t.classes) {
			return 0, fmt.Errorf("model: step: label %d in row %d, there are %d classes", label, i, t.classes)
		}
		if i >= rows && label != -1 {
			return 0, fmt.Errorf("model: step: row %d follows the padding row %d: padding must come last", i, rows)
		}
	}
	if rows == 0 {
		return 0, errors.New("model: step: all rows are padding")
	}
	return rows, nil
}

// Batch is the number of rows the graph holds.
func (t *Trainer) Batch() int { return t.g.Batch() }

// Grads returns the gradients of the trained blocks' parameters in Params
// order. The slices are live: each Step rewrites them.
func (t *Trainer) Grads() []Grad { return slices.Clone(t.grads) }

// Close frees the trainer.
func (t *Trainer) Close() error { return t.machine.Close() }
