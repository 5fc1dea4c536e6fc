package configs

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"automl/search"
	"automl/trial"
)

// readCandidates reads the file of candidates: a header with names of parameters, and a configuration a row, in which an empty
// cell is a parameter that does not exist.
func (c *checker) readCandidates(s search.Space, dir string) {
	path := c.doc.Candidates.file
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	r, unread := openCSV(path)
	if unread != "" {
		c.wrong(candidatesKey, "%s", unread).withHint("name a CSV file")
		return
	}
	if !r.header(s) {
		c.errs = append(c.errs, r.errs...)
		return
	}
	read := s.CandidateReader()
	for r.next() && len(r.errs) < maxErrors && len(r.out) <= maxCandidates {
		r.row(read)
	}
	if len(r.errs) == 0 && len(r.out) == 0 {
		r.wrong(0, "there are no candidates").withHint("give each a row below the header")
	}
	if len(r.out) > maxCandidates {
		r.wrong(0, "more candidates than the %d there may be", maxCandidates)
	}
	c.errs = append(c.errs, r.errs...)
	c.doc.Candidates.params = r.out
}

// openCSV begins to read a file, or says why it cannot be.
func openCSV(path string) (r *csvReader, unread string) {
	data, err := readFile(path)
	var wrong *Error
	switch {
	case errors.As(err, &wrong):
		return nil, path + " " + wrong.Msg
	case len(data) > maxBytes:
		return nil, path + " is larger than 16 MiB"
	}
	r = &csvReader{file: path, rows: csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))}
	r.rows.ReuseRecord = true
	return r, ""
}

// maxColumns is how many columns a file may have.
const maxColumns = 10_000

type csvReader struct {
	file    string
	rows    *csv.Reader
	columns []search.Parameter
	cells   []string
	out     []trial.Params
	errs    []*Error
}

// wrong records an error at a cell of the current row.
func (r *csvReader) wrong(column int, format string, args ...any) *Error {
	e := &Error{File: r.file, Msg: fmt.Sprintf(format, args...)}
	if column < len(r.cells) {
		e.Line, e.Column = r.rows.FieldPos(column)
	}
	r.errs = append(r.errs, e)
	return e
}

// next reads a row; false at the end, or when the file is no CSV.
func (r *csvReader) next() bool {
	cells, err := r.rows.Read()
	var parse *csv.ParseError
	switch {
	case err == nil:
		r.cells = cells
		return true
	case errors.As(err, &parse):
		r.errs = append(r.errs, &Error{File: r.file, Line: parse.Line, Column: parse.Column, Msg: parse.Err.Error()})
	case !errors.Is(err, io.EOF):
		r.errs = append(r.errs, &Error{File: r.file, Msg: err.Error()})
	}
	return false
}

// first reads the first row.
func (r *csvReader) first(hint string) bool {
	if r.next() {
		if len(r.cells) > maxColumns {
			r.wrong(maxColumns, "more than the %d columns there may be", maxColumns)
			return false
		}
		return true
	}
	if len(r.errs) == 0 {
		r.wrong(0, "the file is empty").Hint = hint
	}
	return false
}

// header takes the first row as names of parameters.
func (r *csvReader) header(s search.Space) bool {
	if !r.first("begin with a row of parameter names") {
		return false
	}
	var known []string
	at := map[string]search.Parameter{}
	for _, p := range s.Parameters {
		known, at[p.Name] = append(known, p.Name), p
	}
	seen := map[string]bool{}
	for i, cell := range r.cells {
		name := strings.TrimSpace(cell)
		p, ok := at[name]
		switch {
		case !ok:
			r.wrong(i, "the search space has no parameter %q", shorten(name)).Hint = suggest(name, known)
		case seen[name]:
			r.wrong(i, "the column %s stands twice", name)
		}
		seen[name] = true
		r.columns = append(r.columns, p)
	}
	return len(r.errs) == 0
}

// row takes one candidate.
func (r *csvReader) row(read func(trial.Params) (trial.Params, error)) {
	var p trial.Params
	for i, cell := range r.cells {
		if cell = strings.TrimSpace(cell); cell != "" {
			p = append(p, trial.Param{Name: r.columns[i].Name, Value: cellValue(r.columns[i], cell)})
		}
	}
	full, err := read(p)
	if err == nil {
		r.out = append(r.out, full)
		return
	}
	column := 0
	var wrong *search.ParameterError
	if errors.As(err, &wrong) {
		for i, q := range r.columns {
			if q.Name == wrong.Parameter {
				column = i
			}
		}
	}
	e := r.wrong(column, "%v", err)
	e.Hint = hintOf(err)
}

// cellValue is a cell as a value: what it is written like, unless the parameter has it as a text.
func cellValue(p search.Parameter, cell string) any {
	n := plain(cell, place{})
	if n.kind == null || n.big {
		return cell
	}
	if _, err := p.Normalize(n.value); err != nil {
		if _, err := p.Normalize(cell); err == nil {
			return cell
		}
	}
	return n.value
}
