package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"automl/trial"
)

// Table is a data file as it stands. Rows keep their order in the file.
type Table struct {
	File    string
	Spec    trial.ImageSpec // image tasks: with Channels filled in
	Pixels  []float32       // image tasks: rows x channels x height x width, 0..Spec.Max
	Columns []Column        // tabular tasks: the features, in the order of the file
	Labels  []string        // the class of each row
	Keys    []string        // the split key of each row: the value of the split column, the class without one
	Lines   []int           // the line each row begins at
	Classes []string        // sorted: by number when all are integers, by text otherwise
	Y       []int32         // index into Classes of each row

	keyed bool // Keys come from a column of their own
}

// Rows is the number of rows.
func (t *Table) Rows() int { return len(t.Labels) }

// layout says which fields of a record mean what.
type layout struct {
	label  int
	key    int   // -1: the label
	pixels []int // image tasks: in the order of the file
	tables []int // tabular tasks: in the order of Table.Columns
}

// Read reads the training file. column is the split column ("": the label).
func Read(spec trial.DataSpec, column string) (*Table, error) {
	if err := checkSpec(&spec); err != nil {
		return nil, err
	}
	t, err := read(spec.Train, fieldTrain, spec, column, nil)
	if err != nil {
		return nil, err
	}
	t.Classes, t.Y = index(t.Labels)
	if len(t.Classes) < 2 {
		return nil, &Error{Field: fieldLabel, File: t.File, Hint: "is it the right column?",
			Msg: fmt.Sprintf("column %q has one class only, %q", spec.Label, t.Classes[0])}
	}
	return t, nil
}

// ReadTest reads the test file, whose classes and feature columns are those of the training file.
func ReadTest(spec trial.DataSpec, training *Table) (*Table, error) {
	if err := checkSpec(&spec); err != nil {
		return nil, err
	}
	t, err := read(spec.Test, fieldTest, spec, "", training.Columns)
	if err != nil {
		return nil, err
	}
	classes := training.Classes
	t.Classes = classes
	t.Y = make([]int32, len(t.Labels))
	for i, label := range t.Labels {
		at := slices.Index(classes, label)
		if at < 0 {
			return nil, &Error{Field: fieldTest, File: t.File, Line: t.Lines[i],
				Msg: fmt.Sprintf("class %q does not occur in the training file", label), Hint: "its classes are: " + List(classes)}
		}
		t.Y[i] = int32(at)
	}
	return t, nil
}

// checkSpec checks what can be checked without the file, and fills in the default of channels.
func checkSpec(spec *trial.DataSpec) error {
	bad := func(field, msg, hint string) error { return &Error{Field: field, Msg: msg, Hint: hint} }
	if spec.Train == "" {
		return bad(fieldTrain, "no training file is named", "train: rows.csv")
	}
	if spec.Label == "" {
		return bad(fieldLabel, "no label column is named", "label: the column with the class")
	}
	switch {
	case spec.Image != nil:
		return checkImage(spec)
	case spec.Table != nil:
		return checkTable(spec)
	}
	return bad(fieldImage, "an image task needs to know which columns are the pixels", `image: {pixels: "p*", height: 8, width: 8, max: 16}`)
}

// read reads a file. features are the columns it must have, in a tabular task, unless they are to be found out.
func read(file, field string, spec trial.DataSpec, column string, features []Column) (*Table, error) {
	r, closer, err := open(file)
	if err != nil {
		return nil, openError(field, file, err)
	}
	defer closer()
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, rowError(field, file, err)
	}
	header = slices.Clone(header)
	t := &Table{File: file, Columns: slices.Clone(features)}
	where, err := t.locate(header, spec, column, field)
	if err != nil {
		return nil, err
	}
	if spec.Image != nil {
		t.Spec = *spec.Image
	}
	t.keyed = where.key >= 0
	for {
		record, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, rowError(field, file, err)
		}
		line, _ := in.FieldPos(0)
		if err := t.add(record, line, header, where); err != nil {
			return nil, err
		}
	}
	if t.Rows() == 0 {
		return nil, &Error{Field: field, File: file, Msg: "there are no rows under the header"}
	}
	if err := t.settle(field, features != nil); err != nil {
		return nil, err
	}
	return t, nil
}

// open returns the text of a file: unpacked when it ends in .gz, without a byte-order mark.
func open(file string) (io.Reader, func(), error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	closer := func() { _ = f.Close() } // only read from
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(bufio.NewReader(f)); err != nil {
			closer()
			return nil, nil, err
		}
	}
	b := bufio.NewReaderSize(r, 1<<16)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
	}
	return b, closer, nil
}

func openError(field, file string, err error) *Error {
	e := &Error{Field: field, File: file, Err: err, Msg: "cannot be read: " + err.Error()}
	switch {
	case errors.Is(err, os.ErrNotExist):
		e.Msg, e.Hint = "there is no such file", file
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Msg, e.Hint = "is not gzip, though its name ends in .gz", "rename it to end in .csv"
	}
	return e
}

// rowError explains what encoding/csv, gzip or the disk said.
func rowError(field, file string, err error) *Error {
	e := &Error{Field: field, File: file, Err: err}
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		e.Line, e.Msg = parse.StartLine, parse.Err.Error()
		if errors.Is(err, csv.ErrFieldCount) {
			e.Hint = "every row needs as many fields as the header"
		}
	case err == io.EOF:
		e.Msg, e.Hint = "is empty", "the first line names the columns"
	default:
		e.Msg = "cannot be read to its end: " + err.Error()
	}
	return e
}

// locate finds the columns that the spec names.
func (t *Table) locate(header []string, spec trial.DataSpec, column, field string) (layout, error) {
	where := layout{key: -1}
	var err error
	if where.label, err = t.find(fieldLabel, spec.Label, header, spec); err != nil {
		return where, err
	}
	if column != "" && column != spec.Label {
		if where.key, err = t.find(fieldColumn, column, header, spec); err != nil {
			return where, err
		}
	}
	if spec.Image == nil {
		return where, t.locateFeatures(header, spec, &where, field)
	}
	return where, t.locatePixels(header, spec, &where)
}

// find returns where the column stands that a field of the sweep file names.
func (t *Table) find(field, name string, header []string, spec trial.DataSpec) (int, error) {
	at := slices.Index(header, name)
	if at < 0 {
		return 0, unknownColumn(field, t.File, name, header, spec.Image)
	}
	if slices.Contains(header[at+1:], name) {
		return 0, &Error{Field: field, File: t.File, Line: 1, Msg: fmt.Sprintf("the column %q stands twice", name)}
	}
	return at, nil
}

// add appends a record.
func (t *Table) add(record []string, line int, header []string, where layout) error {
	label := record[where.label]
	if strings.TrimSpace(label) == "" {
		return &Error{Field: fieldLabel, File: t.File, Line: line, Msg: fmt.Sprintf("column %q is empty", header[where.label])}
	}
	key := label
	if where.key >= 0 {
		key = record[where.key]
	}
	if err := t.addPixels(record, line, header, where); err != nil {
		return err
	}
	for i, at := range where.tables {
		t.Columns[i].Texts = append(t.Columns[i].Texts, strings.Clone(strings.TrimSpace(record[at])))
	}
	// A record is one string cut into fields: copies let go of its pixels' text.
	t.Labels = append(t.Labels, strings.Clone(label))
	t.Keys = append(t.Keys, strings.Clone(key))
	t.Lines = append(t.Lines, line)
	return nil
}
