package configs

import (
	"fmt"
	"strconv"
	"strings"
)

// kind is the kind of a node.
type kind int

const (
	null kind = iota
	boolean
	integer
	float
	text
	list
	mapping
)

// node is a value of the document with its place. YAML and JSON both become nodes, so nothing behind knows which it was.
type node struct {
	kind  kind
	at    place
	value any    // boolean: bool; integer: int64; float: float64; text: string
	raw   string // scalars: as written, without quotes
	big   bool   // float: written as a whole number, but beyond 64 bits
	items []*node
	keys  []key // mapping: the i-th key of the i-th item
}

// key is a key of a mapping.
type key struct {
	name string
	at   place
}

// place is a position in the file, from 1; columns count characters.
type place struct{ line, column int }

// get returns the item of a key of a mapping, nil when there is none.
func (n *node) get(name string) *node {
	for i, k := range n.keys {
		if k.name == name {
			return n.items[i]
		}
	}
	return nil
}

// describe is the node for a message: what was found where something else was expected.
func (n *node) describe() string {
	switch n.kind {
	case null:
		return "nothing"
	case boolean:
		return "the boolean " + n.raw
	case integer, float:
		return "the number " + shorten(n.raw)
	case text:
		return "the text " + strconv.Quote(shorten(n.raw))
	case list:
		return "a list"
	}
	return "a section"
}

// shorten keeps messages readable whatever the file holds.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// source remembers where everything stands in a document, and what is wrong with it.
type source struct {
	file  string
	marks map[string]mark // by dotted path
	errs  []*Error
}

// mark is where a key and its value stand.
type mark struct{ key, value place }

// walk records the places of a node and all below it.
func (s *source) walk(path string, keyAt place, n *node) {
	s.marks[path] = mark{keyAt, n.at}
	if path == candidatesKey && n.kind == list { // there may be very many: see checker.candidate
		return
	}
	for i, item := range n.items {
		if n.kind == mapping {
			s.walk(join(path, n.keys[i].name), n.keys[i].at, item)
		} else {
			s.walk(index(path, i), item.at, item)
		}
	}
}

// join is the path of a key.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// index is the path of an item of a list.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// has reports whether the document has something at a path.
func (s *source) has(path string) bool {
	_, ok := s.marks[path]
	return ok
}

// mark is the place of a path, or of the nearest section above it that is in the document.
func (s *source) mark(path string) (m mark, exact bool) {
	exact = true
	for {
		if m, ok := s.marks[path]; ok {
			return m, exact
		}
		exact = false
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return s.marks[""], false
		}
		path = path[:cut]
	}
}

// at is where the value of a path stands; for a path that is not there, where the key stands that it belongs under.
func (s *source) at(path string) place {
	m, exact := s.mark(path)
	if exact {
		return m.value
	}
	return m.key
}

// errorf makes an error at the value of a path.
func (s *source) errorf(path, format string, args ...any) *Error {
	at := s.at(path)
	return &Error{File: s.file, Line: at.line, Column: at.column, Key: path, Msg: fmt.Sprintf(format, args...)}
}

// maxErrors is how many errors of a document are kept.
const maxErrors = 100

// full reports whether no more errors are kept.
func (s *source) full() bool { return len(s.errs) >= maxErrors }

// wrong records an error at the value of a path.
func (s *source) wrong(path, format string, args ...any) *Error {
	e := s.errorf(path, format, args...)
	if !s.full() {
		s.errs = append(s.errs, e)
	}
	return e
}

// wrongKey records an error at the key of a path.
func (s *source) wrongKey(path, format string, args ...any) *Error {
	e := s.wrong(path, format, args...)
	m, _ := s.mark(path)
	e.Line, e.Column = m.key.line, m.key.column
	return e
}
