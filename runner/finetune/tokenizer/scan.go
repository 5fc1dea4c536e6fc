package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// scan reads a JSON text that is known to be valid, without copying it and without an allocation for each value.
type scan struct {
	b  []byte
	at int
}

// space passes over white space.
func (s *scan) space() {
	for s.at < len(s.b) && strings.IndexByte(" \n\t\r", s.b[s.at]) >= 0 {
		s.at++
	}
}

// take reports whether c comes next after white space, and passes over it.
func (s *scan) take(c byte) bool {
	s.space()
	if s.at < len(s.b) && s.b[s.at] == c {
		s.at++
		return true
	}
	return false
}

// quoted passes over a string whose first quote has been taken, and returns where its inside begins and ends.
func (s *scan) quoted() (from, to int) {
	from = s.at
	for s.at < len(s.b) && s.b[s.at] != '"' {
		if s.b[s.at] == '\\' {
			s.at++
		}
		s.at++
	}
	to = min(s.at, len(s.b))
	s.at = min(s.at+1, len(s.b))
	return from, to
}

// text returns the string that comes next, and whether there is one that is UTF-8.
func (s *scan) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	from, to := s.quoted()
	inner := s.b[from:to]
	if !utf8.Valid(inner) {
		return inner, false
	}
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	var plain string
	err := json.Unmarshal(s.b[from-1:s.at], &plain)
	return []byte(plain), err == nil
}

// number returns the whole number that comes next, and whether there is one of at most 18 digits.
func (s *scan) number() (int64, bool) {
	negative := s.take('-')
	from, n := s.at, int64(0)
	for s.at < len(s.b) && '0' <= s.b[s.at] && s.b[s.at] <= '9' && s.at-from < 19 {
		n = n*10 + int64(s.b[s.at]-'0')
		s.at++
	}
	if negative {
		n = -n
	}
	digits := s.at - from
	return n, 0 < digits && digits < 19 && (s.at == len(s.b) || s.b[s.at] != '.' && s.b[s.at]|0x20 != 'e')
}

// value passes over the value that comes next and returns it.
func (s *scan) value() []byte {
	s.space()
	from := s.at
	for depth := 0; s.at < len(s.b); {
		c := s.b[s.at]
		if depth == 0 && strings.IndexByte(",]} \n\t\r", c) >= 0 {
			break // behind a number or a name
		}
		s.at++
		switch c {
		case '"':
			s.quoted()
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			continue
		}
		if depth == 0 {
			break
		}
	}
	return s.b[from:s.at]
}

// fields finds the fields of an object that are asked for, as they stand in it. null has none. Of a field that stands twice the
// last one counts.
func fields(b []byte, want map[string]*json.RawMessage) error {
	if null(b) {
		return nil
	}
	s := scan{b: b}
	if !s.take('{') {
		return errors.New("is not a JSON object")
	}
	for !s.take('}') {
		s.take(',')
		key, _ := s.text()
		s.take(':')
		from := s.at
		value := s.value()
		if s.at == from {
			return errors.New("is not a JSON object") // cannot be in valid JSON
		}
		if into := want[string(key)]; into != nil {
			*into = value
		}
	}
	return nil
}

// null reports whether a value is left out.
func null(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }
