package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"automl/trial"
)

// Column is a feature of a tabular task as it stands in the file, one value a row.
type Column struct {
	Name    string
	Numbers []float64 // NaN where the value is missing; nil in a column of categories
	Texts   []string  // categories, "" where the value is missing; nil in a column of numbers

	categorical bool // its numbers are names
}

// Numeric reports whether the column holds numbers.
func (c *Column) Numeric() bool { return c.Numbers != nil }

// absent are the ways to write that a value is missing.
var absent = []string{"", "?", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None"}

// maxNumber bounds what a number may be, so that squares of differences stay finite.
const maxNumber = 1e100

// maxLevels bounds the categories of a column: each becomes an input of the network.
const maxLevels = 1000

// checkTable checks the table section without the file.
func checkTable(spec *trial.DataSpec) error {
	for _, name := range spec.Table.Categorical {
		if slices.Contains(spec.Table.Drop, name) {
			return &Error{Field: fieldTable, Msg: fmt.Sprintf("column %q is to be dropped and to be categorical", name), Hint: "one of the two"}
		}
	}
	if slices.Contains(spec.Table.Drop, spec.Label) {
		return &Error{Field: fieldDrop, Msg: fmt.Sprintf("%q is the label", spec.Label), Hint: "the label never is a feature; take it out"}
	}
	return nil
}

// locateFeatures finds the feature columns: those the table must have when t.Columns is set, otherwise all that are nothing
// else.
func (t *Table) locateFeatures(header []string, spec trial.DataSpec, where *layout, field string) error {
	if t.Columns != nil {
		for i, c := range t.Columns {
			at, err := t.find(field, c.Name, header, spec)
			if err != nil {
				return err
			}
			where.tables = append(where.tables, at)
			t.Columns[i] = Column{Name: c.Name, categorical: !c.Numeric()}
		}
		return nil
	}
	for _, name := range spec.Table.Drop {
		if _, err := t.find(fieldDrop, name, header, spec); err != nil {
			return err
		}
	}
	for _, name := range spec.Table.Categorical {
		if _, err := t.find(fieldCategorical, name, header, spec); err != nil {
			return err
		}
	}
	for i, name := range header {
		if i == where.label || i == where.key || slices.Contains(spec.Table.Drop, name) {
			continue
		}
		switch {
		case strings.TrimSpace(name) == "": // the rows' numbers that pandas writes; they tell the class where rows are sorted
			return &Error{Field: field, File: t.File, Line: 1, Msg: fmt.Sprintf("column %d has no name", i+1),
				Hint: "give it one, or write the file without it (pandas: index=False)"}
		case slices.Contains(header[i+1:], name):
			return &Error{Field: field, File: t.File, Line: 1, Msg: fmt.Sprintf("the column %q stands twice", name)}
		}
		where.tables = append(where.tables, i)
		t.Columns = append(t.Columns, Column{Name: name, categorical: slices.Contains(spec.Table.Categorical, name)})
	}
	if len(t.Columns) == 0 {
		return &Error{Field: fieldTable, File: t.File, Line: 1, Msg: "no column is left to learn from", Hint: "the columns are: " + List(header)}
	}
	return nil
}

// settle finds out which columns are of numbers: all whose values are, unless the sweep file says otherwise. The kinds are
// known when they are those of the training file; then, and where a column is neither the one nor the other, a value that does
// not fit is an error.
func (t *Table) settle(field string, known bool) error {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.categorical {
			if err := t.categories(c); err != nil {
				return err
			}
			continue
		}
		numbers, some, wrong := parse(c.Texts)
		switch {
		case wrong < 0:
			c.Numbers, c.Texts = numbers, nil
		case known:
			return &Error{Field: field, File: t.File, Line: t.Lines[wrong],
				Msg: fmt.Sprintf("%q in column %q is not a number, as those of the training file are", c.Texts[wrong], c.Name)}
		case some:
			return &Error{Field: field, File: t.File, Line: t.Lines[wrong],
				Msg:  fmt.Sprintf("%q in column %q is not a number, as others in it are", c.Texts[wrong], c.Name),
				Hint: fmt.Sprintf("correct it, leave it empty if it is missing, or say table: {categorical: [%s]}", c.Name)}
		default:
			if err := t.categories(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// categories takes the texts of a column as they are, with one way to say that a value is missing.
func (t *Table) categories(c *Column) error {
	levels := map[string]bool{}
	for i, v := range c.Texts {
		if slices.Contains(absent, v) {
			c.Texts[i] = ""
		}
		levels[c.Texts[i]] = true
	}
	if len(levels) > maxLevels {
		return &Error{Field: fieldTable, File: t.File, Hint: fmt.Sprintf("leave it out: table: {drop: [%s]}", c.Name),
			Msg: fmt.Sprintf("column %q has %d categories, each of which would be an input of the network; %d is the most", c.Name, len(levels), maxLevels)}
	}
	return nil
}

// parse reads numbers, NaN for missing ones. some says whether there is any; wrong is the first row that has neither a number nor
// a missing value, or -1.
func parse(texts []string) (numbers []float64, some bool, wrong int) {
	numbers, wrong = make([]float64, len(texts)), -1
	for i, text := range texts {
		numbers[i] = math.NaN()
		if slices.Contains(absent, text) {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case err == nil && math.Abs(v) <= maxNumber:
			numbers[i], some = v, true
		case wrong < 0:
			wrong = i
		}
	}
	return numbers, some, wrong
}
