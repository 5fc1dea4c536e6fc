package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine bounds a line of JSON, so that a file that is something else does not fill the memory.
const maxLine = 1 << 26

// jsonRows are the objects of a file with one on each line. Its columns are the keys of all objects; one that an object lacks is
// empty there, as null is.
type jsonRows struct {
	src   source
	in    *bufio.Reader
	names []string
	at    map[string]int // column by name
	cells []cell
	line  int
	done  func()
}

// openJSON reads the file once to find out the columns.
func openJSON(s source) (rows, error) {
	first := &jsonRows{src: s, at: map[string]int{}}
	if err := first.open(); err != nil {
		return nil, err
	}
	for {
		_, _, err := first.read(true)
		if err == io.EOF {
			break
		}
		if err != nil {
			first.close()
			return nil, err
		}
	}
	first.close()
	if len(first.names) == 0 {
		return nil, s.fault(0, "is empty").hint(`every line is an object: {"text": "..", "label": ".."}`)
	}
	r := &jsonRows{src: s, names: first.names, at: first.at, cells: make([]cell, len(first.names))}
	return r, r.open()
}

func (r *jsonRows) open() (err error) {
	r.in, r.done, err = openText(r.src)
	return err
}

func (r *jsonRows) header() []string           { return r.names }
func (r *jsonRows) close()                     { r.done() }
func (r *jsonRows) next() ([]cell, int, error) { return r.read(false) }

// read reads the next line that is not blank. With learn, keys that are new become columns.
func (r *jsonRows) read(learn bool) ([]cell, int, error) {
	for {
		text, err := r.readLine()
		if err != nil {
			return nil, 0, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		clear(r.cells)
		err = object(text, func(key string, value cell) error {
			at, known := r.at[key]
			if !known && learn {
				at = len(r.names)
				r.at[key], r.names, r.cells = at, append(r.names, key), append(r.cells, cell{})
			}
			r.cells[at] = value
			return nil
		})
		if err != nil {
			return nil, 0, r.src.fault(r.line, "%v", err).hint(`every line is an object: {"text": "..", "label": ".."}`)
		}
		return r.cells, r.line, nil
	}
}

// readLine reads a line without its end; io.EOF after the last.
func (r *jsonRows) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, r.src.fault(r.line+1, "the line is longer than %d MiB", maxLine>>20)
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, unreadable(r.src, err)
		}
		r.line++
		return line, nil
	}
}

// object reads an object and hands over its keys and values in their order.
func object(text []byte, each func(key string, value cell) error) error {
	if !utf8.Valid(text) {
		return errors.New("is not UTF-8")
	}
	in := json.NewDecoder(bytes.NewReader(text))
	if start, err := in.Token(); err != nil || start != json.Delim('{') {
		return errors.New("is no JSON object")
	}
	seen := map[string]bool{}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return malformed(text, err)
		}
		name := key.(string)
		if seen[name] {
			return fmt.Errorf("the key %q stands twice", name)
		}
		seen[name] = true
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return malformed(text, err)
		}
		if err := each(name, value(raw)); err != nil {
			return err
		}
	}
	if _, err := in.Token(); err != nil {
		return malformed(text, err)
	}
	if _, err := in.Token(); err != io.EOF {
		return fmt.Errorf("something follows the object at character %d", in.InputOffset())
	}
	return nil
}

// malformed says where a line that is no JSON goes wrong.
func malformed(text []byte, err error) error {
	var whole any
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(text, &whole), &syntax) {
		return err
	}
	if int(syntax.Offset) >= len(text) && strings.Contains(syntax.Error(), "unexpected end") {
		return errors.New("the object does not end")
	}
	return fmt.Errorf("is no JSON at character %d: %s", syntax.Offset, syntax)
}

// value is a JSON value as a cell: numbers as they are written, null as nothing.
func value(raw json.RawMessage) cell {
	switch raw[0] {
	case '"':
		return cell{text: unquote(raw)}
	case 'n':
		return cell{}
	case '{':
		return cell{nested: true}
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return cell{nested: true}
		}
		out := cell{list: make([]string, len(items))}
		for i, item := range items {
			if item[0] == '{' || item[0] == '[' || item[0] == 'n' {
				return cell{nested: true}
			}
			out.list[i] = value(item).text
		}
		return out
	}
	return cell{text: string(raw)} // a number, true or false
}

func unquote(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s) // the decoder has read it before
	return s
}
