package data

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"automl/trial"
)

// addTarget reads what is to be learned of a row.
func (r *reader) addTarget(cells []cell, at int) error {
	t := r.table
	switch {
	case t.Kind == trial.Generation:
		return nil
	case len(r.labels) > 0:
		return r.addMarks(cells, at)
	case t.Kind == trial.MultiLabel:
		return r.addList(cells[r.label], at)
	}
	text, err := cells[r.label].plain(r.src, at, r.spec.Label)
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" {
		return r.src.fault(at, "column %q is empty", r.spec.Label).of(fieldLabel).hint("every row has what is to be learned of it")
	}
	t.Labels = append(t.Labels, strings.Clone(text))
	return nil
}

// addMarks reads the columns of labels.
func (r *reader) addMarks(cells []cell, at int) error {
	for i, column := range r.labels {
		text, err := cells[column].plain(r.src, at, r.spec.Labels[i])
		if err != nil {
			return err
		}
		yes, ok := yesNo[strings.ToLower(strings.TrimSpace(text))]
		if !ok {
			return r.src.fault(at, "%q in column %q says neither yes nor no", text, r.spec.Labels[i]).of(fieldLabels).hint("1 or 0, true or false, yes or no")
		}
		r.table.Marks = append(r.table.Marks, yes)
	}
	return nil
}

// yesNo are the ways to write whether a row has a label.
var yesNo = map[string]bool{"1": true, "0": false, "1.0": true, "0.0": false, "true": true, "false": false, "yes": true, "no": false}

// addList reads a cell with any number of labels.
func (r *reader) addList(c cell, at int) error {
	items := c.list
	switch {
	case c.nested:
		return r.src.fault(at, "column %q holds something with parts, not a list of labels", r.spec.Label).of(fieldLabel)
	case items == nil && r.spec.Separator == "" && c.text != "":
		return r.src.fault(at, "column %q holds a text, not a list of labels", r.spec.Label).of(fieldLabel).
			hint(`say what stands between the labels, as in separator: ",", or name columns of yes and no in labels`)
	case items == nil && c.text != "":
		items = strings.Split(c.text, r.spec.Separator)
	}
	list := []string{}
	for _, name := range items {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, strings.Clone(name))
		}
	}
	slices.Sort(list)
	r.table.lists = append(r.table.lists, slices.Compact(list))
	return nil
}

// learn makes the target of what the rows say. known are the classes of the training file; nil while that is read.
func (t *Table) learn(spec trial.DataSpec, known []string) error {
	switch {
	case t.Kind == trial.Generation:
		return nil
	case t.Kind == trial.Regression:
		return t.learnNumbers(spec)
	case t.Kind == trial.MultiLabel && t.lists == nil:
		t.Classes = spec.Labels
		return nil
	case t.Kind == trial.MultiLabel:
		return t.learnLists(spec, known)
	}
	t.Classes = known
	if known == nil {
		t.Classes = distinct(t.Labels)
	}
	if len(t.Classes) < 2 && spec.Label == "" {
		return t.src.fault(0, "there is one folder of images only, %q", t.Classes[0]).hint("a folder for each class, at least two")
	}
	if len(t.Classes) < 2 {
		return t.src.fault(0, "column %q has one class only, %q", spec.Label, t.Classes[0]).of(fieldLabel).hint("is it the right column?")
	}
	at := numbered(t.Classes)
	t.Y = make([]int32, t.Rows())
	for row, label := range t.Labels {
		class, ok := at[label]
		if !ok {
			return t.stranger("class", label, row)
		}
		t.Y[row] = class
	}
	return nil
}

// stranger is the fault of a class or label that the training file does not have.
func (t *Table) stranger(what, name string, row int) *Error {
	return t.src.fault(t.Lines[row], "%s %q does not occur in the training file", what, name).hint("it has %s", List(t.Classes))
}

// learnLists numbers the labels.
func (t *Table) learnLists(spec trial.DataSpec, known []string) error {
	t.Classes = known
	if known == nil {
		t.Classes = distinct(slices.Concat(t.lists...))
	}
	if len(t.Classes) == 0 {
		return t.src.fault(0, "no row has a label in column %q", spec.Label).of(fieldLabel).hint("is it the right column?")
	}
	at := numbered(t.Classes)
	t.Marks = make([]bool, t.Rows()*len(t.Classes))
	for row, list := range t.lists {
		for _, name := range list {
			label, ok := at[name]
			if !ok {
				return t.stranger("label", name, row)
			}
			t.Marks[row*len(t.Classes)+int(label)] = true
		}
	}
	return nil
}

// learnNumbers reads the numbers.
func (t *Table) learnNumbers(spec trial.DataSpec) error {
	t.Numbers = make([]float64, t.Rows())
	for row, text := range t.Labels {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !isNumber(v) {
			return t.src.fault(t.Lines[row], "%q in column %q is not a number", text, spec.Label).of(fieldLabel).
				hint("a regression learns numbers; for classes take the task of classification")
		}
		t.Numbers[row] = v
	}
	return nil
}

// varies finds a number to be learned that is the same in all rows.
func (t *Table) varies(spec trial.DataSpec) error {
	for _, v := range t.Numbers {
		if v != t.Numbers[0] {
			return nil
		}
	}
	if len(t.Numbers) == 0 {
		return nil
	}
	return t.src.fault(0, "column %q has one value only, %v", spec.Label, t.Numbers[0]).of(fieldLabel).hint("is it the right column?")
}

// distinct are the names that occur, sorted.
func distinct(names []string) []string {
	out := slices.Clone(names)
	trial.SortNames(out)
	return slices.Clip(slices.Compact(out))
}

// numbered is the position of each name.
func numbered(names []string) map[string]int32 {
	out := make(map[string]int32, len(names))
	for i, name := range names {
		out[name] = int32(i)
	}
	return out
}

// fewStream sets the draw of few rows a class apart from every other draw of a study.
const fewStream = 0x666577

// few keeps n rows of each class, drawn at random; 0 keeps all.
func (t *Table) few(n int, seed uint64) error {
	if n == 0 {
		return nil
	}
	of := make([][]int, len(t.Classes))
	for row, class := range t.Y {
		of[class] = append(of[class], row)
	}
	rng := rand.New(rand.NewPCG(seed, fewStream))
	var kept []int
	for class, rows := range of {
		if len(rows) < n {
			return &Error{Field: fieldFewShot, File: t.File, Msg: fmt.Sprintf("class %q has %d rows, not %d", t.Classes[class], len(rows), n),
				Hint: "fewer rows a class, or leave the class out"}
		}
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		kept = append(kept, rows[:n]...)
	}
	slices.Sort(kept)
	t.keep(kept)
	return nil
}

// weigh reads the weights that the sweep file gives classes.
func (t *Table) weigh(given map[string]float64) error {
	if len(given) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(t.Classes, name) {
			e := &Error{Field: fieldWeights, File: t.File, Msg: fmt.Sprintf("there is no class %q", name), Hint: "the classes are: " + List(t.Classes)}
			if near := Nearest(name, t.Classes); near != "" {
				e.Hint = fmt.Sprintf("did you mean %q? %s", near, e.Hint)
			}
			return e
		}
	}
	t.Weights = slices.Repeat([]float32{1}, len(t.Classes))
	for class, name := range t.Classes {
		if w, ok := given[name]; ok {
			t.Weights[class] = float32(w)
		}
	}
	return nil
}
