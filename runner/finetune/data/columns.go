package data

import (
	"math"
	"slices"
	"strconv"
	"strings"
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

// locateFeatures finds the feature columns: those the table must have when known is set, otherwise all that are nothing else.
func (r *reader) locateFeatures(known []Column) error {
	t := r.table
	if known != nil {
		for _, c := range known {
			at, err := r.find(r.src.field, c.Name)
			if err != nil {
				return err
			}
			r.features = append(r.features, at)
			t.Columns = append(t.Columns, Column{Name: c.Name, categorical: !c.Numeric()})
		}
		return nil
	}
	for field, names := range map[string][]string{fieldDrop: r.spec.Table.Drop, fieldCategorical: r.spec.Table.Categorical} {
		for _, name := range names {
			if _, err := r.find(field, name); err != nil {
				return err
			}
		}
	}
	for i, name := range r.header {
		if r.used(i) || slices.Contains(r.spec.Table.Drop, name) {
			continue
		}
		switch {
		case strings.TrimSpace(name) == "": // the rows' numbers that pandas writes; they tell the class where rows are sorted
			return r.src.fault(r.src.headerLine(), "column %d has no name", i+1).hint("give it one, or write the file without it (pandas: index=False)")
		case slices.Contains(r.header[i+1:], name):
			return r.src.fault(r.src.headerLine(), "the column %q stands twice", name)
		}
		r.features = append(r.features, i)
		t.Columns = append(t.Columns, Column{Name: name, categorical: slices.Contains(r.spec.Table.Categorical, name)})
	}
	if len(t.Columns) == 0 {
		return r.src.fault(r.src.headerLine(), "no column is left to learn from").of(fieldTable).hint("the columns are: %s", List(r.header))
	}
	return nil
}

// addFeatures appends the features of a row as texts.
func (r *reader) addFeatures(cells []cell, at int) error {
	for i, column := range r.features {
		c := &r.table.Columns[i]
		text, err := cells[column].plain(r.src, at, c.Name)
		if err != nil {
			return err
		}
		c.Texts = append(c.Texts, strings.Clone(strings.TrimSpace(text)))
	}
	return nil
}

// settle finds out which columns are of numbers: all whose values are, unless the sweep file says otherwise. The kinds are
// known when they are those of the training file; then, and where a column is neither the one nor the other, a value that does
// not fit is an error.
func (t *Table) settle(known bool) error {
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
			return t.src.fault(t.Lines[wrong], "%q in column %q is not a number, as those of the training file are", c.Texts[wrong], c.Name)
		case some:
			return t.src.fault(t.Lines[wrong], "%q in column %q is not a number, as others in it are", c.Texts[wrong], c.Name).
				hint("correct it, leave it empty if it is missing, or say table: {categorical: [%s]}", c.Name)
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
		return t.src.fault(0, "column %q has %d categories, each of which would be an input of the network; %d is the most", c.Name, len(levels), maxLevels).
			of(fieldTable).hint("leave it out: table: {drop: [%s]}", c.Name)
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
		case err == nil && isNumber(v):
			numbers[i], some = v, true
		case wrong < 0:
			wrong = i
		}
	}
	return numbers, some, wrong
}
