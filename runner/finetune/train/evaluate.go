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
	Scores    metric.Scores
	Loss      float64 // log loss
	Confusion *metric.Confusion
}

// Metrics are the measurements, each name with the prefix: val_accuracy, val_balanced_accuracy, val_precision, val_recall,
// val_f1 (the three of them macro averages) and val_loss.
func (e *Evaluation) Metrics(prefix string) trial.Metrics {
	return trial.Metrics{
		{Name: prefix + "accuracy", Value: e.Scores.Accuracy},
		{Name: prefix + "balanced_accuracy", Value: e.Scores.BalancedAccuracy},
		{Name: prefix + "precision", Value: e.Scores.Precision},
		{Name: prefix + "recall", Value: e.Scores.Recall},
		{Name: prefix + "f1", Value: e.Scores.F1},
		{Name: prefix + "loss", Value: e.Loss},
	}
}

// Evaluate measures a network on all rows of its inputs. labels has one class a row.
func Evaluate(ctx context.Context, net *model.Net, in data.Inputs, labels []int32, classes int) (*Evaluation, error) {
	ev, err := net.NewEvaluator(model.EvalOptions{Batch: evalBatch})
	if err != nil {
		return nil, fmt.Errorf("build the evaluation graph: %w", err)
	}
	defer ev.Close()
	rows := make([]int, in.Rows())
	for i := range rows {
		rows[i] = i
	}
	return evaluate(ctx, ev, in, rows, labels, classes)
}

func evaluate(ctx context.Context, ev *model.Evaluator, in source, rows []int, labels []int32, classes int) (*Evaluation, error) {
	n := in.Size()
	x := make([]float32, evalBatch*n)
	p := make([]float64, 0, len(rows)*classes)
	y := make([]int32, 0, len(rows))
	out := &Evaluation{Confusion: metric.NewConfusion(classes)}
	for some := range slices.Chunk(rows, evalBatch) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		for i, row := range some {
			in.Write(x[i*n:(i+1)*n], row)
		}
		logits, err := ev.Logits(x[:len(some)*n], len(some))
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		for i, row := range some {
			l := logits[i*classes : (i+1)*classes]
			p = p[:len(p)+classes]
			metric.Softmax(p[len(p)-classes:], l)
			y = append(y, labels[row])
			out.Confusion.Add(int(labels[row]), metric.Argmax(l))
		}
	}
	out.Scores, out.Loss = out.Confusion.Scores(), metric.LogLoss(p, y)
	return out, nil
}
