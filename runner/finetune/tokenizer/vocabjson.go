package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// vocabFromJSON reads an object of tokens and their ids.
func vocabFromJSON(raw json.RawMessage) (*vocab, error) {
	n, size := 0, 0
	if err := entries(raw, func(token []byte, _ int64) error { n++; size += len(token); return nil }); err != nil {
		return nil, err
	}
	v := newVocab(n, size)
	return v, entries(raw, v.add)
}

// entries calls each for every token of an object, in order.
func entries(raw json.RawMessage, each func(token []byte, id int64) error) error {
	s := scan{b: raw}
	if !s.take('{') {
		return errors.New("is not an object of tokens and ids")
	}
	n := 0
	for ; !s.take('}'); n++ {
		if n > 0 && !s.take(',') {
			return errors.New("is not an object of tokens and ids")
		}
		token, ok := s.text()
		if !ok {
			return fmt.Errorf("token %q is not UTF-8", token)
		}
		if !s.take(':') {
			return fmt.Errorf("token %q has no id", token)
		}
		id, ok := s.number()
		if !ok {
			return fmt.Errorf("the id of token %q is not a whole number", token)
		}
		if err := each(token, id); err != nil {
			return err
		}
	}
	if n == 0 {
		return errors.New("holds no tokens")
	}
	return nil
}

// mergesFromJSON reads a list of merges, each "left right" or ["left", "right"].
func mergesFromJSON(raw json.RawMessage, v *vocab) (*merges, error) {
	n := 0
	if err := items(raw, func(left, right []byte) error { n++; return nil }); err != nil {
		return nil, err
	}
	m := newMerges(n)
	return m, items(raw, func(left, right []byte) error { return m.join(v, left, right) })
}

// items calls each for every merge of a list, in order.
func items(raw json.RawMessage, each func(left, right []byte) error) error {
	return elements(raw, func(element []byte) error {
		left, right, err := (&scan{b: element}).merge()
		if err != nil {
			return err
		}
		return each(left, right)
	})
}

// elements calls each for every element of a list, in order. Errors name the element.
func elements(raw json.RawMessage, each func(element []byte) error) error {
	s := scan{b: raw}
	if !s.take('[') {
		return errors.New("is not a list")
	}
	for i := 0; !s.take(']'); i++ {
		s.take(',')
		from := s.at
		if err := each(s.value()); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
		if s.at == from {
			return errors.New("is not a list") // cannot be in valid JSON
		}
	}
	return nil
}

// merge reads one merge in either form.
func (s *scan) merge() (left, right []byte, err error) {
	if s.take('[') {
		var ok [4]bool
		left, ok[0] = s.text()
		ok[1] = s.take(',')
		right, ok[2] = s.text()
		ok[3] = s.take(']')
		if ok != [4]bool{true, true, true, true} {
			return nil, nil, errors.New("is not a pair of tokens")
		}
		return left, right, nil
	}
	text, isText := s.text()
	if !isText {
		return nil, nil, errors.New("is not a pair of tokens")
	}
	return cutMerge(text)
}

// cutMerge splits "left right".
func cutMerge(text []byte) (left, right []byte, err error) {
	left, right, ok := bytes.Cut(text, []byte(" "))
	if !ok || bytes.IndexByte(right, ' ') >= 0 {
		return nil, nil, fmt.Errorf("%q is not two tokens with a space between them", text)
	}
	return left, right, nil
}
