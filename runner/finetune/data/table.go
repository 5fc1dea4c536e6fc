package data

import (
	"math"
	"slices"

	"automl/trial"
)

// Table is the rows of a task as they stand in their files, those of a validation file after those of the training file. Rows
// keep their order. What a task does not have is nil.
type Table struct {
	File  string // the training file, or the test file
	Lines []int  // the line each row begins at; in a file without lines, its number

	// What a row is: one of these by the task.
	Spec         trial.ImageSpec // images: with Channels filled in
	Pixels       []float32       // images of pixel columns: rows x channels x height x width, 0..Spec.Max
	Paths        []string        // images of files
	Texts, Pairs []string        // texts, and the second ones of pairs
	Columns      []Column        // tables: the features, in the order of the file

	// What is learned of it: one of these by the task.
	Kind    trial.TargetKind
	Classes []string  // names of the classes or labels, sorted: by number when all are integers, by text otherwise
	Y       []int32   // classification: index into Classes of each row
	Marks   []bool    // multi-label: rows x Classes
	Numbers []float64 // regression

	Keys    []string  // the split key of each row, which trial.FoldPlan looks at
	Groups  []int32   // index into Names of the group of each row; nil without a column of groups
	Names   []string  // of the groups, sorted
	Weights []float32 // of the classes, where the sweep file gives some

	Labels []string // classification and regression: what the label column says

	src    source
	lists  [][]string // multi-label: the labels of each row, in one column
	groups []string
	splits []string // values of the split column; nil without one
	valid  int      // how many of the rows are from a validation file, at the end
}

// Rows is the number of rows.
func (t *Table) Rows() int { return len(t.Lines) }

// Outputs is how many numbers a network predicts of a row.
func (t *Table) Outputs() int { return max(1, len(t.Classes)) }

// Standard is the mean and the standard deviation (of the population) of the numbers to be learned of some rows; a deviation of 1
// when they are all alike.
func (t *Table) Standard(rows []int) (mean, std float64) { return moments(t.Numbers, rows) }

// keep drops all rows but those, which are in ascending order.
func (t *Table) keep(rows []int) {
	pixels := len(t.Pixels) / t.Rows()
	t.Pixels = pick(t.Pixels, rows, pixels)
	t.Marks = pick(t.Marks, rows, len(t.Classes))
	for _, s := range []*[]string{&t.Paths, &t.Texts, &t.Pairs, &t.Labels, &t.groups, &t.splits} {
		*s = pick(*s, rows, 1)
	}
	t.Y, t.Numbers, t.lists = pick(t.Y, rows, 1), pick(t.Numbers, rows, 1), pick(t.lists, rows, 1)
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Numbers, c.Texts = pick(c.Numbers, rows, 1), pick(c.Texts, rows, 1)
	}
	t.Lines = pick(t.Lines, rows, 1)
}

// pick copies rows of so many values; nil stays nil.
func pick[T any](from []T, rows []int, width int) []T {
	if from == nil {
		return nil
	}
	out := make([]T, 0, len(rows)*width)
	for _, row := range rows {
		out = append(out, from[row*width:(row+1)*width]...)
	}
	return out
}

// join appends the rows of a validation file.
func (t *Table) join(v *Table) {
	t.valid = v.Rows()
	t.Pixels = append(t.Pixels, v.Pixels...)
	t.Marks = append(t.Marks, v.Marks...)
	t.Paths, t.Texts, t.Pairs = append(t.Paths, v.Paths...), append(t.Texts, v.Texts...), append(t.Pairs, v.Pairs...)
	t.Labels, t.groups = append(t.Labels, v.Labels...), append(t.groups, v.groups...)
	t.Y, t.Numbers, t.Lines = append(t.Y, v.Y...), append(t.Numbers, v.Numbers...), append(t.Lines, v.Lines...)
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Numbers, c.Texts = append(c.Numbers, v.Columns[i].Numbers...), append(c.Texts, v.Columns[i].Texts...)
	}
}

// indexGroups numbers the groups.
func (t *Table) indexGroups() {
	if t.groups == nil {
		return
	}
	t.Names = slices.Clone(t.groups)
	trial.SortNames(t.Names)
	t.Names = slices.Compact(t.Names)
	at := make(map[string]int32, len(t.Names))
	for i, name := range t.Names {
		at[name] = int32(i)
	}
	t.Groups = make([]int32, len(t.groups))
	for row, name := range t.groups {
		t.Groups[row] = at[name]
	}
}

// isNumber reports whether a number is usable: finite, and not so large that squares of differences are not.
func isNumber(v float64) bool { return math.Abs(v) <= maxNumber } // false for NaN
