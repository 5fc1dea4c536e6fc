package finetune

import (
	"fmt"
	"slices"
	"strings"

	"automl/runner/finetune/data"
	"automl/runner/finetune/metric"
	"automl/runner/finetune/train"
	"automl/trial"
)

// validPrefix is what the names of measurements on validation rows begin with.
const validPrefix = "val_"

// family is the kind of prediction that a task makes.
func family(task string) metric.Family {
	switch _, target := trial.SplitTask(task); target {
	case trial.MultiLabel:
		return metric.Labels
	case trial.Regression:
		return metric.Numbers
	case trial.Generation:
		return metric.Tokens
	}
	return metric.Classes
}

// Metrics lists what the trainer reports after each epoch of a task, in that order, by the names of the reports. Each can be an
// objective.
func Metrics(spec trial.TrainerSpec) []metric.Metric {
	f := family(spec.Task)
	out := metric.For(f, spec.Data != nil && spec.Data.Group != "")
	for i := range out {
		out[i].Name = validPrefix + out[i].Name
	}
	out = append(out, metric.Metric{Name: "train_loss", Goal: trial.Minimize, Meaning: "mean loss of the epoch's steps, as trained with"})
	if f == metric.Classes || f == metric.Tokens {
		out = append(out, metric.Metric{Name: "train_accuracy", Goal: trial.Maximize, Meaning: "share of rows (or next tokens) right in the epoch's steps"})
	}
	return out
}

// CheckObjective finds an objective that the trainer does not measure in the task, or whose goal is the wrong way round. The
// fault is a [*data.Error] whose field is objective.metric or objective.goal.
func CheckObjective(spec trial.TrainerSpec, o trial.Objective) error {
	known := Metrics(spec)
	m, ok := metric.Find(o.Metric, known)
	switch {
	case !ok:
		return &data.Error{Field: "objective.metric", Msg: fmt.Sprintf("task %s has no metric %q", spec.Task, o.Metric), Hint: suggest(o.Metric, known)}
	case m.Goal != o.Goal:
		return &data.Error{Field: "objective.goal", Msg: fmt.Sprintf("%s is not to be %sd", m.Name, o.Goal), Hint: fmt.Sprintf("goal: %s (%s)", m.Goal, m.Meaning)}
	}
	return nil
}

// checkMeasurable finds an objective that has no value on the validation rows of a fold, whatever a network predicts.
func checkMeasurable(table *data.Table, plan trial.FoldPlan, objectives []trial.Objective) error {
	target := train.TargetOf(table, nil)
	for i, o := range objectives {
		name, valid := strings.CutPrefix(o.Metric, validPrefix)
		if !valid {
			continue
		}
		field := "objective.metric"
		if len(objectives) > 1 {
			field = fmt.Sprintf("objective[%d].metric", i)
		}
		for fold := range plan.K {
			_, rows, err := plan.Fold(table.Keys, fold)
			if err != nil {
				return &data.Error{Field: "folds", Msg: err.Error(), Err: err}
			}
			if why := target.Unmeasurable(name, rows); why != "" {
				return &data.Error{Field: field, Msg: fmt.Sprintf("%s has no value on the validation rows of fold %d: %s", o.Metric, fold, why),
					Hint: "fewer folds, folds of another split, or an objective that every fold has, such as val_loss"}
			}
		}
	}
	return nil
}

// suggest names the metric that was meant, if it can be told, and all that there are.
func suggest(word string, known []metric.Metric) string {
	bare := strings.TrimPrefix(strings.ToLower(word), validPrefix)
	names := make([]string, len(known))
	meant := ""
	for i, m := range known {
		names[i] = m.Name
		if name, valid := strings.CutPrefix(m.Name, validPrefix); valid && (name == bare || slices.Contains(m.Also, bare)) {
			meant = m.Name
		}
	}
	if meant == "" {
		meant = data.Nearest(word, names)
	}
	hint := "it has " + strings.Join(names, ", ")
	if meant != "" {
		hint = fmt.Sprintf("did you mean %s? %s", meant, hint)
	}
	return hint
}
