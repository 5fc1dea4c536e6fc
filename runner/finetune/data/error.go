package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"automl/trial"
)

// The fields of the sweep file that this package can find fault with.
const (
	fieldTrain   = "trainer.data.train"
	fieldValid   = "trainer.data.validation"
	fieldTest    = "trainer.data.test"
	fieldText    = "trainer.data.text"
	fieldPair    = "trainer.data.text_pair"
	fieldLabel   = "trainer.data.label"
	fieldLabels  = "trainer.data.labels"
	fieldGroup   = "trainer.data.group"
	fieldFewShot = "trainer.data.few_shot"
	fieldWeights = "trainer.data.class_weights"
	fieldImage   = "trainer.data.image"
	fieldPixels  = "trainer.data.image.pixels"
	fieldPath    = "trainer.data.image.path"
	fieldMax     = "trainer.data.image.max"
	fieldSize    = "trainer.data.image.size"
	fieldTable   = "trainer.data.table"
	fieldDrop    = "trainer.data.table.drop"

	fieldCategorical = "trainer.data.table.categorical"
	fieldColumn      = "folds.column"
	fieldFolds       = "folds"
)

// Error is a fault of the user's data or of what the sweep file says about it.
type Error struct {
	Field string // of the sweep file: "trainer.data.label"
	File  string // the data file; empty when the fault is not in one
	Line  int    // from 1, the header being line 1; 0 when no line is to blame
	Row   int    // from 1, in files without lines; 0 when no row is to blame
	Msg   string // what is wrong
	Hint  string // what would be right; may be empty
	Err   error  // the cause; may be nil
}

// Error is one line: the field, the place, the fault, the hint.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Field)
	if e.File != "" {
		b.WriteString(": " + filepath.Base(e.File))
		if e.Line > 0 {
			fmt.Fprintf(&b, " line %d", e.Line)
		}
		if e.Row > 0 {
			fmt.Fprintf(&b, " row %d", e.Row)
		}
	}
	b.WriteString(": " + e.Msg)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// shown is how many names an error lists before it cuts the list short.
const shown = 12

// List is names for a person: "a, b, c and 61 more".
func List(names []string) string {
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// Nearest returns the name with the smallest edit distance to word, ignoring case; empty when none is near enough to be what
// was meant (half of the word's letters wrong, but no more than three).
func Nearest(word string, names []string) string {
	best, at := "", min(3, (len(word)+1)/2)+1
	for _, n := range names {
		if d := distance(strings.ToLower(word), strings.ToLower(n)); d < at {
			best, at = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// unknownColumn is the error for a column that the file does not have. A pixel column is never what a label or a split column
// was meant to be, so the list leaves those out.
func (s source) unknownColumn(field, column string, header []string, image *trial.ImageSpec) *Error {
	others := slices.DeleteFunc(slices.Clone(header), func(name string) bool { return image != nil && pixel(*image, name) })
	hint := "the other columns are: " + List(others)
	if len(others) == 0 {
		hint = "the columns are: " + List(header)
	}
	if n := Nearest(column, others); n != "" {
		hint = fmt.Sprintf("did you mean %q? %s", n, hint)
	}
	e := s.fault(s.headerLine(), "there is no column %q", column).of(field)
	e.Hint = hint
	return e
}
