package configs

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Setting is a field of a configuration file: a flag's name, with underscores, and what it is set to.
type Setting struct {
	Key    string   // dotted path in the file, such as nats.creds
	Flag   string   // such as nats-creds
	Values []string // one, or those of a list
	List   bool

	file string
	at   place
}

// Errorf is an error at the setting's value.
func (s Setting) Errorf(format string, args ...any) *Error {
	return &Error{File: s.file, Line: s.at.line, Column: s.at.column, Key: s.Key, Msg: fmt.Sprintf(format, args...)}
}

// Path is a path in the file as it was meant: relative to its folder.
func (s Setting) Path(value string) string {
	if value == "" || filepath.IsAbs(value) {
		return value
	}
	return filepath.Join(filepath.Dir(s.file), value)
}

// heads are the keys of a section that stand for the flag of the section's own name.
var heads = map[string]string{"nats.url": "nats", "tls.mode": "tls"}

// LoadSettings reads a configuration file, YAML or JSON, as strict as a sweep file: its keys are these flags, with underscores, or sections
// of them (nats: {url: ..., creds: ...} is nats and nats-creds). The error is an *Error, or Errors when there are several.
func LoadSettings(file string, flags []string) ([]Setting, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	s := &source{file: file, marks: map[string]mark{}}
	root, wrong := parse(s, data)
	if wrong != nil {
		return nil, wrong
	}
	r := &settingsReader{source: s, known: map[string]string{}, seen: map[string]string{}}
	for _, f := range flags {
		r.known[strings.ReplaceAll(f, "-", "_")] = f
		r.words = append(r.words, strings.ReplaceAll(f, "-", "_"))
	}
	if root.kind != mapping {
		return nil, r.wrongAt(root.at, "", "a configuration is %s where there must be keys", root.describe()).withHint("write one flag a line, such as listen: 127.0.0.1:8080")
	}
	r.section("", root)
	if len(s.errs) > 0 {
		return nil, asError(s.errs)
	}
	return r.out, nil
}

type settingsReader struct {
	*source
	known map[string]string // flags by their keys
	words []string
	seen  map[string]string // keys by their flags
	out   []Setting
}

func (r *settingsReader) wrongAt(at place, path, format string, args ...any) *Error {
	e := &Error{File: r.file, Line: at.line, Column: at.column, Key: path, Msg: fmt.Sprintf(format, args...)}
	r.errs = append(r.errs, e)
	return e
}

// section takes the fields of the file, or of a section of it.
func (r *settingsReader) section(name string, n *node) {
	for i, k := range n.keys {
		path, word := k.name, k.name
		if name != "" {
			path, word = name+"."+k.name, name+"_"+k.name
		}
		if head, is := heads[path]; is {
			word = head
		}
		flag, there := r.known[word]
		item := n.items[i]
		switch {
		case name == "" && item.kind == mapping && r.isSection(k.name):
			r.section(k.name, item)
		case !there:
			r.wrongAt(k.at, path, "there is no such setting").Hint = suggest(word, r.words)
		case r.seen[flag] != "":
			r.wrongAt(k.at, path, "is set by %s already", r.seen[flag]).withHint("take one of them out")
		default:
			r.seen[flag] = path
			r.field(path, flag, item)
		}
	}
}

// isSection tells whether there are flags that begin with a word.
func (r *settingsReader) isSection(word string) bool {
	for _, w := range r.words {
		if strings.HasPrefix(w, word+"_") {
			return true
		}
	}
	return false
}

// field takes a value.
func (r *settingsReader) field(path, flag string, n *node) {
	s := Setting{Key: path, Flag: flag, List: n.kind == list, file: r.file, at: n.at}
	items := []*node{n}
	if s.List {
		items = n.items
	}
	for _, item := range items {
		switch item.kind {
		case boolean, integer, float:
			s.Values = append(s.Values, item.raw)
		case text:
			s.Values = append(s.Values, item.value.(string))
		default:
			r.wrongAt(item.at, path, "is %s, not a value", item.describe()).withHint("write what the flag --%s takes", flag)
		}
	}
	r.out = append(r.out, s)
}
