package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep lists and sections nest; the format itself needs 5.
const maxDepth = 32

// parseJSON reads a document that json.Valid accepts. JSON is read as JSON, not as YAML, because the YAML parser does not
// take all of it: tabs as indentation, and escapes such as \/.
func parseJSON(s *source, data []byte) (*node, *Error) {
	r := &jsonReader{source: s, data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1, column: 1}
	r.dec.UseNumber()
	return r.next(0)
}

type jsonReader struct {
	source       *source
	data         []byte
	dec          *json.Decoder
	offset       int // line and column are those of this offset
	line, column int
}

// here is the place of the next token.
func (r *jsonReader) here() place {
	end := int(r.dec.InputOffset())
	for end < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[end]) >= 0 {
		end++
	}
	for r.offset < end {
		c, size := utf8.DecodeRune(r.data[r.offset:])
		r.offset += size
		r.column++
		if c == '\n' {
			r.line, r.column = r.line+1, 1
		}
	}
	return place{r.line, r.column}
}

func (r *jsonReader) next(depth int) (*node, *Error) {
	at := r.here()
	if depth > maxDepth {
		return nil, r.source.syntax(at, "lists and sections nest deeper than %d", maxDepth)
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, r.source.syntax(at, "%v", err)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(at, depth)
		}
		return r.array(at, depth)
	case json.Number:
		return jsonNumber(t.String(), at), nil
	case string:
		return &node{kind: text, at: at, raw: t, value: t}, nil
	case bool:
		if t {
			return plain("true", at), nil
		}
		return plain("false", at), nil
	}
	return plain("null", at), nil
}

// jsonNumber is plain for what is known to be a number of JSON.
func jsonNumber(raw string, at place) *node {
	if strings.ContainsAny(raw, ".eE") {
		v, _ := strconv.ParseFloat(raw, 64) // out of range is an infinity, which the decoder refuses
		return &node{kind: float, at: at, raw: raw, value: v}
	}
	if i, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return &node{kind: integer, at: at, raw: raw, value: i}
	}
	return plain(raw, at)
}

func (r *jsonReader) object(at place, depth int) (*node, *Error) {
	n := &node{kind: mapping, at: at}
	for r.dec.More() {
		keyAt := r.here()
		token, err := r.dec.Token()
		if err != nil {
			return nil, r.source.syntax(keyAt, "%v", err)
		}
		item, wrong := r.next(depth + 1)
		if wrong != nil {
			return nil, wrong
		}
		name, _ := token.(string)
		n.keys = append(n.keys, key{name, keyAt})
		n.items = append(n.items, item)
	}
	_, _ = r.dec.Token() // the closing brace: json.Valid has seen it
	return n, nil
}

func (r *jsonReader) array(at place, depth int) (*node, *Error) {
	n := &node{kind: list, at: at}
	for r.dec.More() {
		item, wrong := r.next(depth + 1)
		if wrong != nil {
			return nil, wrong
		}
		n.items = append(n.items, item)
	}
	_, _ = r.dec.Token()
	return n, nil
}

// jsonError is the error of a document that was meant to be JSON and is not.
func jsonError(s *source, data []byte) *Error {
	err := json.Unmarshal(data, new(any))
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return s.syntax(place{}, "%v", err)
	}
	before := data[:max(0, min(len(data), int(syntax.Offset)-1))]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	at := place{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(line) + 1}
	return s.syntax(at, "this is not JSON: %s", strings.TrimPrefix(syntax.Error(), "json: "))
}
