package train

import (
	"fmt"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/trial"
)

// feed brings rows to a graph: the inputs of a job, or what its frozen blocks have made of them.
type feed interface {
	// step trains on rows, at most as many as the graph holds, towards y.
	step(g *model.Trainer, rows []int, y *goal, step uint64) (loss float64, outputs []float32, err error)
	// outputs are what the graph computes of rows, at most as many as it holds.
	outputs(g *model.Evaluator, rows []int) ([]float32, error)
}

// goal is what the rows of a batch should come out as.
type goal struct {
	labels []int32   // classification: a class each; generation: the ids of all tokens
	values []float32 // other targets: rows x outputs
	probs  []float32 // classification with mixed rows: rows x outputs, beside the classes that have the largest share
}

// goal is that of some rows, in the memory of an earlier one.
func (t *Target) goal(rows []int, g *goal) *goal {
	g.labels, g.values, g.probs = g.labels[:0], g.values[:0], g.probs[:0]
	for _, row := range rows {
		switch t.Kind {
		case trial.Classification:
			g.labels = append(g.labels, t.Labels[row])
			continue
		case trial.Generation:
			ids, _ := t.Tokens.Row(row)
			g.labels = append(g.labels, ids...)
			continue
		}
		for out := range t.Outputs {
			g.values = append(g.values, t.value(row, out))
		}
	}
	return g
}

// fixed is rows of one size.
type fixed struct {
	source
	x      []float32 // a batch
	labels []int32   // -1: padding, which a graph leaves out of everything: loss, gradients and batch statistics
}

// newFixed has room for batches of so many rows.
func newFixed(s source, batch int) *fixed {
	return &fixed{source: s, x: make([]float32, batch*s.Size()), labels: make([]int32, batch)}
}

// write is the inputs of rows.
func (f *fixed) write(rows []int) []float32 {
	n := f.Size()
	for i, row := range rows {
		f.Write(f.x[i*n:(i+1)*n], row)
	}
	return f.x
}

func (f *fixed) step(g *model.Trainer, rows []int, y *goal, step uint64) (float64, []float32, error) {
	x := f.write(rows)
	if len(y.values) > 0 {
		return g.StepValues(x, y.values, len(rows), step)
	}
	if len(y.probs) > 0 {
		return g.StepProbs(x, y.probs, len(rows), step)
	}
	labels := f.labels[:g.Batch()]
	for i := copy(labels, y.labels); i < len(labels); i++ {
		labels[i] = -1
	}
	return g.Step(x, labels, step)
}

func (f *fixed) outputs(g *model.Evaluator, rows []int) ([]float32, error) {
	return g.Logits(f.write(rows), len(rows))
}

// packed is texts.
type packed struct {
	tokens  *data.Tokens
	changed *changedTexts // nil: as they are
	batch   model.Text
}

func (p *packed) pack(rows []int) model.Text {
	b := &p.batch
	b.IDs, b.Types, b.Lengths = b.IDs[:0], b.Types[:0], b.Lengths[:0]
	for _, row := range rows {
		from := len(b.IDs)
		if p.changed != nil {
			b.IDs, b.Types = p.changed.append(b.IDs, b.Types, row)
		} else {
			ids, types := p.tokens.Row(row)
			b.IDs, b.Types = append(b.IDs, ids...), append(b.Types, types...)
		}
		b.Lengths = append(b.Lengths, int32(len(b.IDs)-from))
	}
	return *b
}

func (p *packed) step(g *model.Trainer, rows []int, y *goal, step uint64) (float64, []float32, error) {
	return g.StepText(p.pack(rows), model.Target{Classes: y.labels, Values: y.values}, step)
}

func (p *packed) outputs(g *model.Evaluator, rows []int) ([]float32, error) {
	return g.Text(p.pack(rows))
}

// activations are what frozen blocks have made of texts: a vector for each token.
type activations struct {
	*cache
	texts   *data.Tokens
	values  []float32 // of a batch
	lengths []int32
	ids     []int32
}

func (a *activations) pack(rows []int) ([]float32, []int32) {
	a.values, a.lengths, a.ids = a.values[:0], a.lengths[:0], a.ids[:0]
	for _, row := range rows {
		n := len(a.values)
		a.values = a.append(a.values, row)
		a.lengths = append(a.lengths, int32((len(a.values)-n)/a.per))
		ids, _ := a.texts.Row(row)
		a.ids = append(a.ids, ids...)
	}
	return a.values, a.lengths
}

func (a *activations) step(g *model.Trainer, rows []int, y *goal, step uint64) (float64, []float32, error) {
	values, lengths := a.pack(rows)
	return g.StepTokens(values, lengths, model.Target{Classes: y.labels, Values: y.values}, step)
}

func (a *activations) outputs(g *model.Evaluator, rows []int) ([]float32, error) {
	values, lengths := a.pack(rows)
	return g.Tokens(values, lengths, a.ids)
}

// newFeed feeds a graph that begins with the inputs themselves.
func newFeed(in data.Inputs, batch int) (feed, error) {
	switch in := in.(type) {
	case data.Fixed:
		return newFixed(in, batch), nil
	case *data.Tokens:
		return &packed{tokens: in}, nil
	}
	return nil, fmt.Errorf("inputs of an unknown kind: %T", in)
}

// mostTokens is how many tokens a batch of the given rows can have; 0 of rows that are no texts.
func mostTokens(in data.Inputs, rows []int, batch int) int {
	tokens, ok := in.(*data.Tokens)
	if !ok {
		return 0
	}
	return max(tokens.Most(rows, batch), batch) // a graph has room for a token of each row, though there may be fewer rows
}
