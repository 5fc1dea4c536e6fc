package train

import (
	"context"
	"fmt"
	"slices"

	"automl/runner/finetune/data"
	"automl/runner/finetune/metric"
	"automl/runner/finetune/model"
	"automl/trial"
)

// evalBatch is how many rows are measured at a time, if they fit.
const evalBatch = 32

// Evaluation is what a network did on some rows.
type Evaluation struct {
	Loss      float64
	Confusion *metric.Confusion // of classes; nil for other targets
	values    trial.Metrics
}

// Metrics are all measurements of the target's family (metric.For), each name with the prefix: val_accuracy, val_loss.
func (e *Evaluation) Metrics(prefix string) trial.Metrics {
	out := slices.Clone(e.values)
	for i := range out {
		out[i].Name = prefix + out[i].Name
	}
	return out
}

// Evaluate measures a network on all rows of its inputs.
func Evaluate(ctx context.Context, net *model.Net, in data.Inputs, t *Target) (*Evaluation, error) {
	rows := make([]int, in.Rows())
	for i := range rows {
		rows[i] = i
	}
	ev, err := net.NewEvaluator(model.EvalOptions{Batch: evalBatch, MaxTokens: mostTokens(in, rows, evalBatch)})
	if err != nil {
		return nil, fmt.Errorf("build the evaluation graph: %w", err)
	}
	defer ev.Close()
	f, err := newFeed(in, evalBatch)
	if err != nil {
		return nil, err
	}
	return evaluate(ctx, ev, f, rows, t)
}

func evaluate(ctx context.Context, ev *model.Evaluator, in feed, rows []int, t *Target) (*Evaluation, error) {
	outputs := make([]float32, 0, len(rows)*t.Outputs)
	for some := range slices.Chunk(rows, ev.Batch()) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		out, err := in.outputs(ev, some)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		outputs = append(outputs, out[:len(some)*t.Outputs]...)
	}
	return t.measure(rows, outputs), nil
}
