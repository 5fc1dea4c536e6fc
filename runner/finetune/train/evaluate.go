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

// evalBatch is how many rows are measured at a time.
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
	ev, err := net.NewEvaluator(model.EvalOptions{Batch: evalBatch})
	if err != nil {
		return nil, fmt.Errorf("build the evaluation graph: %w", err)
	}
	defer ev.Close()
	rows := make([]int, in.Rows())
	for i := range rows {
		rows[i] = i
	}
	return evaluate(ctx, ev, in, rows, t)
}

func evaluate(ctx context.Context, ev *model.Evaluator, in source, rows []int, t *Target) (*Evaluation, error) {
	n := in.Size()
	x := make([]float32, evalBatch*n)
	outputs := make([]float32, 0, len(rows)*t.Outputs)
	for some := range slices.Chunk(rows, evalBatch) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		for i, row := range some {
			in.Write(x[i*n:(i+1)*n], row)
		}
		out, err := ev.Logits(x[:len(some)*n], len(some))
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		outputs = append(outputs, out[:len(some)*t.Outputs]...)
	}
	return t.measure(rows, outputs), nil
}
