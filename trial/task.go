package trial

import "strings"

// The tasks of the built-in trainer are named by what a row is and by what is learned of it: "image-classification".
const (
	ImageTask = string(ImageRows) + "-" + string(Classification)
	TextTask  = string(TextRows) + "-" + string(Classification)
	TableTask = string(TableRows) + "-" + string(Classification)
	// GenerationTask is that of a causal language model.
	GenerationTask = string(TextRows) + "-" + string(Generation)
)

// RowKind is what a row is.
type RowKind string

// The kinds of rows.
const (
	ImageRows RowKind = "image"
	TextRows  RowKind = "text" // a text, or a pair of texts
	TableRows RowKind = "tabular"
)

// RowKinds lists them.
var RowKinds = []RowKind{ImageRows, TextRows, TableRows}

// TargetKind is what is learned of a row.
type TargetKind string

// The kinds of targets.
const (
	Classification TargetKind = "classification" // one of several classes
	MultiLabel     TargetKind = "multilabel"     // any number of labels
	Regression     TargetKind = "regression"     // a number
	Generation     TargetKind = "generation"     // each next token of a text; of texts alone
)

// TargetKinds lists them.
var TargetKinds = []TargetKind{Classification, MultiLabel, Regression, Generation}

// Tasks lists the names of all tasks.
func Tasks() (out []string) {
	for _, r := range RowKinds {
		for _, t := range TargetKinds {
			if t.of(r) {
				out = append(out, TaskOf(r, t))
			}
		}
	}
	return out
}

// of reports whether there is a task that learns this of such rows.
func (t TargetKind) of(r RowKind) bool { return t != Generation || r == TextRows }

// TaskOf is the name of a task.
func TaskOf(rows RowKind, target TargetKind) string { return string(rows) + "-" + string(target) }

// SplitTask takes the name of a task apart; both parts are empty when it is none.
func SplitTask(task string) (RowKind, TargetKind) {
	for _, r := range RowKinds {
		for _, t := range TargetKinds {
			if TaskOf(r, t) == task && t.of(r) {
				return r, t
			}
		}
	}
	return "", ""
}

// HasTask reports whether a task is one of a kind of rows, whatever is learned.
func (r RowKind) HasTask(task string) bool { return strings.HasPrefix(task, string(r)+"-") }
