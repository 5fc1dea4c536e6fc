package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

// csvRows are the records under the header of a CSV file.
type csvRows struct {
	src   source
	in    *csv.Reader
	names []string
	cells []cell
	done  func()
}

// openCSV reads the header. Quotes work as in RFC 4180, whatever separates the fields.
func openCSV(s source, comma rune) (rows, error) {
	text, done, err := openText(s)
	if err != nil {
		return nil, err
	}
	r := &csvRows{src: s, in: csv.NewReader(text), done: done}
	r.in.Comma, r.in.ReuseRecord = comma, true
	header, err := r.in.Read()
	if err != nil {
		done()
		return nil, r.fault(err, 0)
	}
	r.names = slices.Clone(header)
	r.cells = make([]cell, len(header))
	return r, nil
}

func (r *csvRows) header() []string { return r.names }
func (r *csvRows) close()           { r.done() }

func (r *csvRows) next() ([]cell, int, error) {
	record, err := r.in.Read()
	if err == io.EOF {
		return nil, 0, io.EOF
	}
	if err != nil {
		return nil, 0, r.fault(err, len(record))
	}
	for i, text := range record {
		r.cells[i].text = text
	}
	line, _ := r.in.FieldPos(0)
	return r.cells, line, nil
}

// fault explains what encoding/csv, gzip or the disk said of a record with so many fields.
func (r *csvRows) fault(err error, fields int) *Error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse) && errors.Is(err, csv.ErrFieldCount):
		return r.src.fault(parse.StartLine, "the row has %d fields, the header %d", fields, len(r.names)).hint("every row needs as many fields as the header")
	case errors.As(err, &parse):
		e := r.src.fault(parse.StartLine, "%s", parse.Err)
		return e.hint("a field with a quote in it stands in quotes, the quote doubled: \"so \"\"to\"\" say\"")
	case err == io.EOF:
		return r.src.fault(0, "is empty").hint("the first line names the columns")
	}
	return unreadable(r.src, err)
}

// unreadable is the fault of a file that breaks off.
func unreadable(s source, err error) *Error {
	e := s.fault(0, "cannot be read to its end: %v", err)
	e.Err = err
	return e
}

// openText returns the text of a file: unpacked when its name ends in .gz, without a byte-order mark.
func openText(s source) (*bufio.Reader, func(), error) {
	f, err := os.Open(s.file)
	if err != nil {
		return nil, nil, openError(s, err)
	}
	done := func() { _ = f.Close() }
	var r io.Reader = f
	if strings.HasSuffix(strings.ToLower(s.file), ".gz") {
		if r, err = gzip.NewReader(bufio.NewReader(f)); err != nil {
			done()
			return nil, nil, openError(s, err)
		}
	}
	b := bufio.NewReaderSize(r, 1<<16)
	switch mark, _ := b.Peek(3); {
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		done()
		return nil, nil, s.fault(0, "is UTF-16").hint("save it as UTF-8")
	}
	return b, done, nil
}

func openError(s source, err error) *Error {
	e := s.fault(0, "cannot be read: %v", err)
	e.Err = err
	switch {
	case errors.Is(err, os.ErrNotExist):
		e.Msg, e.Hint = "there is no such file", s.file
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Msg, e.Hint = "is not gzip, though its name ends in .gz", "rename it without .gz"
	}
	return e
}
