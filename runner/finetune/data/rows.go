package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// cell is the value of one column in one row.
type cell struct {
	text   string   // "" where there is none
	list   []string // the items of a list; nil for anything else
	nested bool     // something with parts that are no plain values; text is empty
}

// rows reads a file row after row.
type rows interface {
	// header names the columns in their order.
	header() []string
	// next returns the cells of the next row, valid until the call after, and the place where it begins: a line, or where a file
	// has no lines the number of the row. io.EOF follows the last.
	next() ([]cell, int, error)
	// close lets go of the file, which was only read from.
	close()
}

// source is a data file, and the field of the sweep file that names it.
type source struct {
	file, field string
	numbered    bool // its rows are numbered: there are no lines
}

// fault is an error at a place of the file; 0 is none.
func (s source) fault(at int, format string, args ...any) *Error {
	e := &Error{Field: s.field, File: s.file, Msg: fmt.Sprintf(format, args...)}
	if s.numbered {
		e.Row = at
	} else {
		e.Line = at
	}
	return e
}

// headerLine is the line that names the columns; 0 where none does.
func (s source) headerLine() int {
	if formatOf(s.file) == "CSV" || formatOf(s.file) == "tab-separated" {
		return 1
	}
	return 0
}

// of is the same fault, found with another field of the sweep file.
func (e *Error) of(field string) *Error { e.Field = field; return e }

// hint adds what would be right.
func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Formats are the endings of file names, and what they say is in the file. Anything else is taken for CSV.
var Formats = []struct{ Ending, Format string }{
	{".csv", "CSV"}, {".tsv", "tab-separated"}, {".tab", "tab-separated"}, {".jsonl", "JSON lines"}, {".ndjson", "JSON lines"}, {".parquet", "Parquet"},
}

// formatOf is what a file's name says that is in it, unpacked.
func formatOf(file string) string {
	ending := strings.ToLower(filepath.Ext(strings.TrimSuffix(strings.ToLower(file), ".gz")))
	for _, f := range Formats {
		if f.Ending == ending {
			return f.Format
		}
	}
	return "CSV"
}

// open begins to read a file.
func open(field, file string) (rows, source, error) {
	s := source{file: file, field: field}
	var r rows
	var err error
	switch formatOf(file) {
	case "Parquet":
		s.numbered = true
		r, err = openParquet(s)
	case "JSON lines":
		r, err = openJSON(s)
	case "tab-separated":
		r, err = openCSV(s, '\t')
	default:
		r, err = openCSV(s, ',')
	}
	if err != nil {
		return nil, s, err
	}
	if i := slices.IndexFunc(r.header(), func(name string) bool { return !utf8.ValidString(name) }); i >= 0 {
		r.close()
		return nil, s, s.fault(s.headerLine(), "the name of column %d is not UTF-8", i+1).hint("save the file as UTF-8")
	}
	return r, s, nil
}

// plain is the text of a cell that must be no list.
func (c cell) plain(s source, at int, column string) (string, error) {
	switch {
	case c.nested:
		return "", s.fault(at, "column %q holds something with parts, not a plain value", column).hint("give its parts columns of their own, or leave it out")
	case c.list != nil:
		return "", s.fault(at, "column %q holds a list, not a plain value", column).hint("give its items columns of their own, or leave it out")
	case !utf8.ValidString(c.text):
		return "", s.fault(at, "the value of column %q is not UTF-8", column).hint("save the file as UTF-8")
	}
	return c.text, nil
}
