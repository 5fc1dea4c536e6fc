package model

import (
	"errors"
	"fmt"

	"automl/runner/finetune/ops"
)

// Text is a batch of tokenized texts, packed: one behind the other, without
// padding. No work is done for tokens that are not there.
type Text struct {
	IDs     []int32 // of the tokens of all texts, special tokens included
	Types   []int32 // segment of each token; nil: all 0
	Lengths []int32 // tokens of each text, 1 to Net.MaxTokens
}

// Target is what the rows of a step should come out as: a class each, or values.
// For a language model it is the ids of all tokens.
type Target struct {
	Classes []int32
	Values  []float32 // rows x outputs
}

// textArch is an architecture that reads tokens. What enters its blocks is one
// row per token from block 1 up to, but not with, the head's, unless it is a
// language model.
type textArch interface {
	arch
	// tokens returns the size of the vocabulary and the length of the longest text.
	tokens() (vocabulary, longest int)
	// initialSD is the standard deviation of the weights of a fresh head.
	initialSD() float64
	// languageModel says that the network predicts next tokens.
	languageModel() bool
	// class is what reads it in the transformers library; "" where nothing does.
	class() string
}

// IsText reports whether the network reads texts.
func (n *Net) IsText() bool { return n.input.Tokens > 0 }

// IsLanguageModel reports whether the network predicts the next token of each
// token. What it computes of a text is then Scores numbers: the sum over the
// predictions of -log p, and how many of them were right.
func (n *Net) IsLanguageModel() bool {
	a, ok := n.arch.(textArch)
	return ok && a.languageModel()
}

// Scores is how many numbers a language model computes of a text.
const Scores = 2

// outputs is how many numbers the network computes of a row.
func (n *Net) outputs() int {
	if n.IsLanguageModel() {
		return Scores
	}
	return n.Classes()
}

// MaxTokens is how long a text may be; 0 for other networks.
func (n *Net) MaxTokens() int { return n.input.Tokens }

// SetMaxTokens bounds the length of texts, which sizes the graphs built
// afterwards: from 1 to as many as the network has positions.
func (n *Net) SetMaxTokens(tokens int) error {
	a, ok := n.arch.(textArch)
	if !ok {
		return fmt.Errorf("model: %s takes no texts", n.Type())
	}
	if _, longest := a.tokens(); tokens < 1 || tokens > longest {
		return fmt.Errorf("model: %s takes texts of 1 to %d tokens, not of %d", n.Type(), longest, tokens)
	}
	n.input.Tokens = tokens
	return nil
}

// Vocabulary is the number of token ids; 0 for networks that read no texts.
func (n *Net) Vocabulary() int {
	if a, ok := n.arch.(textArch); ok {
		size, _ := a.tokens()
		return size
	}
	return 0
}

// Architecture is the class of the transformers library that computes what the
// network does, for config.json; "" where there is none, or none is known.
func (n *Net) Architecture() string {
	if a, ok := n.arch.(interface{ class() string }); ok {
		return a.class()
	}
	return ""
}

// PerToken reports whether what enters block k has a row per token, not per
// text: what is cached of a text then takes its length times PrefixShape.
func (n *Net) PerToken(k int) bool {
	head := len(n.arch.blocks()) - 1
	return n.IsText() && k > 0 && (k < head || k == head && n.IsLanguageModel())
}

// hiddenDropout holds the rates within transformer layers: of what they add, of attention weights, of what updates read.
type hiddenDropout struct{ out, weights, lora float64 }

// tokens gives the graph token rows, if tokens enter at block from.
func (g *graphBuilder) tokens(from, limit int) error {
	n := g.net
	if !n.IsText() {
		return g.patchTokens(from)
	}
	if from > 0 && !n.PerToken(from) {
		return nil
	}
	if limit == 0 {
		limit = g.Batch() * n.input.Tokens
	}
	if limit < g.Batch() {
		return fmt.Errorf("model: %d tokens for a batch of %d texts", limit, g.Batch())
	}
	g.maxTokens, g.seqs = limit, g.Sequences(limit)
	return g.Err()
}

// enterText makes a batch of texts the input of a graph that takes ids.
func (g *graphBuilder) enterText(x []float32, t Text) error {
	if g.seqs == nil || x != nil {
		return errors.New("the graph does not begin with texts")
	}
	if err := g.enterLengths(t.Lengths); err != nil {
		return err
	}
	if len(t.IDs) != g.seqs.Tokens() || (t.Types != nil && len(t.Types) != len(t.IDs)) {
		return fmt.Errorf("texts of %d tokens with %d ids and %d types", g.seqs.Tokens(), len(t.IDs), len(t.Types))
	}
	g.ids.IDs, g.ids.Types = t.IDs, t.Types
	return nil
}

// enterTokens makes activations the input of a graph that takes a row per token;
// x is its buffer.
func (g *graphBuilder) enterTokens(x, values []float32, lengths []int32) error {
	if g.seqs == nil || x == nil {
		return errors.New("the graph does not begin with activations of tokens")
	}
	if err := g.enterLengths(lengths); err != nil {
		return err
	}
	if n := len(x) / g.maxTokens * g.seqs.Tokens(); len(values) != n {
		return fmt.Errorf("%d values for %d tokens, want %d", len(values), g.seqs.Tokens(), n)
	}
	copy(x, values)
	return nil
}

func (g *graphBuilder) enterLengths(lengths []int32) error {
	for i, n := range lengths {
		if n < 1 || int(n) > g.net.input.Tokens {
			return fmt.Errorf("text %d has %d tokens, want 1 to %d", i, n, g.net.input.Tokens)
		}
	}
	return g.seqs.Set(lengths)
}

// StepText is Step for a batch of texts, of which there may be fewer than the
// graph holds. The logits returned are those of the texts.
func (t *Trainer) StepText(x Text, y Target, step uint64) (loss float64, logits []float32, err error) {
	if err := t.g.enterText(t.x, x); err != nil {
		return 0, nil, fmt.Errorf("model: step: %w", err)
	}
	return t.stepTokens(y, step)
}

// StepTokens is StepText on the activations of all tokens that enter the graph's
// first block, as an Evaluator of the blocks below (NewPrefix) has computed them.
func (t *Trainer) StepTokens(x []float32, lengths []int32, y Target, step uint64) (loss float64, logits []float32, err error) {
	if err := t.g.enterTokens(t.x, x, lengths); err != nil {
		return 0, nil, fmt.Errorf("model: step: %w", err)
	}
	return t.stepTokens(y, step)
}

func (t *Trainer) stepTokens(y Target, step uint64) (loss float64, logits []float32, err error) {
	rows := t.g.seqs.Len()
	if t.g.net.IsLanguageModel() {
		t.g.next.Labels = y.Classes
		return t.computeTokens(rows, step)
	}
	if len(y.Classes) != rows && len(y.Values) != rows*t.classes {
		return 0, nil, fmt.Errorf("model: step: %d classes and %d values for %d texts and %d outputs", len(y.Classes), len(y.Values), rows, t.classes)
	}
	for i, c := range y.Classes {
		if c < 0 || int(c) >= t.classes {
			return 0, nil, fmt.Errorf("model: step: class %d of text %d, there are %d classes", c, i, t.classes)
		}
	}
	t.targets = ops.Targets[float32]{Labels: y.Classes, Values: y.Values}
	return t.computeTokens(rows, step)
}

func (t *Trainer) computeTokens(rows int, step uint64) (loss float64, logits []float32, err error) {
	if loss, logits, err = t.compute(rows, step); err != nil {
		return 0, nil, err
	}
	return loss, logits[:rows*t.classes], nil
}

// Text returns the outputs for a batch of texts: logits (texts x classes), or the
// scores of a language model (texts x Scores), or
// the activations that a prefix computes, of each token (tokens x width) or text,
// as Net.PerToken says. The result is a live buffer, rewritten by the next call.
func (e *Evaluator) Text(x Text) ([]float32, error) {
	if err := e.g.enterText(e.x, x); err != nil {
		return nil, fmt.Errorf("model: evaluate: %w", err)
	}
	e.g.next.Labels = x.IDs
	return e.compute()
}

// Tokens is Text on the activations of all tokens that enter the graph's first
// block. Only a language model needs their ids.
func (e *Evaluator) Tokens(x []float32, lengths, ids []int32) ([]float32, error) {
	if err := e.g.enterTokens(e.x, x, lengths); err != nil {
		return nil, fmt.Errorf("model: evaluate: %w", err)
	}
	e.g.next.Labels = ids
	return e.compute()
}

func (e *Evaluator) compute() ([]float32, error) {
	rows := e.g.seqs.Len()
	if err := e.machine.Run(rows, 0); err != nil {
		return nil, fmt.Errorf("model: evaluate: %w", err)
	}
	if e.perToken {
		rows = e.g.seqs.Tokens()
	}
	return e.out[:rows*e.width], nil
}
