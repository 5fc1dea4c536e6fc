package train

import (
	"automl/runner/finetune/data"
	"automl/runner/finetune/metric"
	"automl/runner/finetune/model"
	"automl/trial"
)

// Target is what is to be learned of every row.
type Target struct {
	Kind    trial.TargetKind
	Outputs int       // what a network predicts of a row: the classes, the labels, or 1 number
	Labels  []int32   // classification: the class of each row, below Outputs
	Marks   []bool    // multi-label: rows x Outputs
	Numbers []float64 // regression

	// Mean and Std standardize the numbers of a regression, as they are trained: (number - Mean) / Std. Std is above 0.
	Mean, Std float64

	Tokens *data.Tokens // generation: the rows themselves, each next token of which is to be predicted

	Groups  []int32   // the group of each row, from 0; nil: there are none
	Weights []float32 // of the classes, where the user gives some
}

// TargetOf is the target of a table; of a regression, standardized with the numbers of the given rows, which are those to train on.
func TargetOf(t *data.Table, rows []int) *Target {
	out := &Target{Kind: t.Kind, Outputs: t.Outputs(), Labels: t.Y, Marks: t.Marks, Numbers: t.Numbers, Std: 1, Groups: t.Groups, Weights: t.Weights}
	if t.Kind == trial.Regression {
		out.Mean, out.Std = t.Standard(rows)
	}
	return out
}

// Next is the target of predicting the next tokens of rows.
func Next(in *data.Tokens) *Target {
	return &Target{Kind: trial.Generation, Outputs: model.Scores, Tokens: in}
}

// count is how many predictions the rows have.
func (t *Target) count(rows []int) int {
	if t.Kind != trial.Generation {
		return len(rows)
	}
	n := 0
	for _, row := range rows {
		n += t.Tokens.Len(row) - 1
	}
	return n
}

// Of is the target of another table, with the standardization of this one.
func (t *Target) Of(other *data.Table) *Target {
	out := TargetOf(other, nil)
	out.Mean, out.Std = t.Mean, t.Std
	return out
}

// value is what an output of the network is to be: a number, or 1 or 0.
func (t *Target) value(row, output int) float32 {
	if t.Kind == trial.Regression {
		return float32((t.Numbers[row] - t.Mean) / t.Std)
	}
	if t.Marks[row*t.Outputs+output] {
		return 1
	}
	return 0
}

func (t *Target) loss() model.Loss {
	switch t.Kind {
	case trial.MultiLabel:
		return model.BinaryCrossEntropy
	case trial.Regression:
		return model.SquaredError
	}
	return model.CrossEntropy
}

// measure compares the outputs of a network with the target. Outputs has one set for each of the rows.
func (t *Target) measure(rows []int, outputs []float32) *Evaluation {
	p := make([]float64, len(outputs))
	e := &Evaluation{}
	switch t.Kind {
	case trial.Generation:
		got := &metric.Predicting{N: t.count(rows)}
		for i := range rows {
			got.Loss += float64(outputs[model.Scores*i])
			got.Right += int(outputs[model.Scores*i+1])
		}
		e.values = got.Measure()
	case trial.Classification:
		for i := range rows {
			from, to := i*t.Outputs, (i+1)*t.Outputs
			metric.Softmax(p[from:to], outputs[from:to])
		}
		got := &metric.Classified{K: t.Outputs, P: p, Y: at(t.Labels, rows, 1), Groups: at(t.Groups, rows, 1)}
		e.values, e.Confusion = got.Measure(), got.Confusion()
	case trial.MultiLabel:
		metric.Sigmoid(p, outputs)
		e.values = (&metric.Labelled{K: t.Outputs, P: p, Y: at(t.Marks, rows, t.Outputs), Groups: at(t.Groups, rows, 1)}).Measure()
	case trial.Regression:
		for i, v := range outputs {
			p[i] = float64(v)*t.Std + t.Mean
		}
		e.values = (&metric.Predicted{P: p, Y: at(t.Numbers, rows, 1), Groups: at(t.Groups, rows, 1), Scale: t.Std * t.Std}).Measure()
	}
	e.Loss, _ = e.values.Get("loss")
	return e
}

// Unmeasurable says why a metric (without prefix) has no value on some rows, whatever is predicted of them; empty: it has one.
func (t *Target) Unmeasurable(metric string, rows []int) string {
	switch {
	case len(rows) == 0:
		return "it has no rows"
	case metric == "r2" && len(rows) < 2:
		return "it has 1 row"
	case metric != "roc_auc" && metric != "average_precision":
		return ""
	}
	for c := range t.Outputs {
		have := 0
		for _, row := range rows {
			if t.Kind == trial.Classification && t.Labels[row] == int32(c) || t.Kind == trial.MultiLabel && t.Marks[row*t.Outputs+c] {
				have++
			}
		}
		if have > 0 && have < len(rows) {
			return ""
		}
	}
	if t.Kind == trial.MultiLabel {
		return "there is no label that some of its rows have and some have not"
	}
	return "its rows are all of one class"
}

// at copies what belongs to some rows; nil stays nil.
func at[T any](all []T, rows []int, width int) []T {
	if all == nil {
		return nil
	}
	out := make([]T, 0, len(rows)*width)
	for _, row := range rows {
		out = append(out, all[row*width:(row+1)*width]...)
	}
	return out
}

// weights are those of the classes in the loss; nil: all alike.
func (j Job) weights() []float32 {
	switch j.Options.ClassWeights {
	case GivenWeights:
		return j.Target.Weights
	case BalancedWeights:
		return j.Target.balanced(j.Train)
	}
	return nil
}

// balanced weighs classes by rows / (classes * rows of the class), as scikit-learn's class_weight="balanced" does, and of labels the
// rows that have one by the rows that do not / those that do. A class or label without training rows gets 0.
func (t *Target) balanced(rows []int) []float32 {
	count := make([]int, t.Outputs)
	for _, row := range rows {
		if t.Kind == trial.Classification {
			count[t.Labels[row]]++
			continue
		}
		for label := range count {
			if t.Marks[row*t.Outputs+label] {
				count[label]++
			}
		}
	}
	out := make([]float32, t.Outputs)
	for c, n := range count {
		switch {
		case n == 0:
		case t.Kind == trial.Classification:
			out[c] = float32(float64(len(rows)) / float64(t.Outputs*n))
		default:
			out[c] = float32(float64(len(rows)-n) / float64(n))
		}
	}
	return out
}
