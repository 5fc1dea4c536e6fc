package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// readTokenizer reads tokenizer.json, as far as it says how text becomes ids. Truncation and padding are the caller's.
func readTokenizer(path string) (*parts, error) {
	b, err := readSome(path)
	if err != nil {
		return nil, err
	}
	if err := valid(path, b); err != nil {
		return nil, err
	}
	p := &parts{file: path}
	if err := p.read(b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func (p *parts) read(b []byte) error {
	var truncation, added, normalizer, preTokenizer, postProcessor, model json.RawMessage
	if err := fields(b, map[string]*json.RawMessage{"truncation": &truncation, "added_tokens": &added, "normalizer": &normalizer,
		"pre_tokenizer": &preTokenizer, "post_processor": &postProcessor, "model": &model}); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		raw  json.RawMessage
		read func(json.RawMessage) error
	}{
		{"truncation", truncation, readTruncation},
		{"added_tokens", added, p.readAdded},
		{"normalizer", normalizer, p.readNormalizer},
		{"pre_tokenizer", preTokenizer, p.readPreTokenizer},
		{"post_processor", postProcessor, p.readPostProcessor},
		{"model", model, p.readModel},
	} {
		if err := part.read(part.raw); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// readTruncation refuses what would cut another end than this package does.
func readTruncation(raw json.RawMessage) error {
	if null(raw) {
		return nil
	}
	var t struct{ Direction string }
	if err := decode(raw, &t); err != nil {
		return err
	}
	if t.Direction == "Left" {
		return errors.New("direction: Left is not supported (supported: Right)")
	}
	return nil
}

// readAdded reads the list of added tokens. Their ids are not read: the reference, too, gives them anew.
func (p *parts) readAdded(raw json.RawMessage) error {
	if null(raw) {
		return nil
	}
	var content, singleWord, lstrip, rstrip, normalized, special json.RawMessage
	want := map[string]*json.RawMessage{"content": &content, "single_word": &singleWord, "lstrip": &lstrip, "rstrip": &rstrip,
		"normalized": &normalized, "special": &special}
	n := 0
	if err := elements(raw, func([]byte) error { n++; return nil }); err != nil {
		return err
	}
	p.added = make([]addedToken, 0, n)
	return elements(raw, func(element []byte) error {
		for _, field := range want {
			*field = nil
		}
		if err := fields(element, want); err != nil {
			return err
		}
		text, ok := (&scan{b: content}).text()
		if !ok {
			return errors.New("content: is not a text")
		}
		if len(text) == 0 {
			return nil // the reference passes over it, too
		}
		a := addedToken{content: bytes.Clone(text)}
		for _, flag := range []struct {
			raw  json.RawMessage
			into *bool
		}{{singleWord, &a.singleWord}, {lstrip, &a.lstrip}, {rstrip, &a.rstrip}, {normalized, &a.normalized}, {special, &a.special}} {
			*flag.into = string(flag.raw) == "true"
		}
		p.added = append(p.added, a)
		return nil
	})
}

// kindOf returns the type of a part.
func kindOf(raw json.RawMessage) (string, error) {
	var k struct{ Type string }
	err := decode(raw, &k)
	return k.Type, err
}

func (p *parts) readNormalizer(raw json.RawMessage) error {
	if null(raw) {
		return nil
	}
	kind, err := kindOf(raw)
	if err != nil {
		return err
	}
	if kind != "BertNormalizer" {
		return fmt.Errorf("type %q is not supported (supported: null, BertNormalizer)", kind)
	}
	var n struct {
		CleanText          *bool `json:"clean_text"`
		HandleChineseChars *bool `json:"handle_chinese_chars"`
		StripAccents       *bool `json:"strip_accents"`
		Lowercase          *bool `json:"lowercase"`
	}
	if err := decode(raw, &n); err != nil {
		return err
	}
	if n.CleanText == nil || n.HandleChineseChars == nil || n.Lowercase == nil {
		return fmt.Errorf("needs clean_text, handle_chinese_chars and lowercase")
	}
	p.normalizer = &bertNormalizer{clean: *n.CleanText, cjk: *n.HandleChineseChars, accents: orElse(n.StripAccents, *n.Lowercase), lower: *n.Lowercase}
	return nil
}

func orElse[T any](v *T, other T) T {
	if v == nil {
		return other
	}
	return *v
}

func (p *parts) readPreTokenizer(raw json.RawMessage) error {
	if null(raw) {
		return fmt.Errorf("is missing (supported: BertPreTokenizer, ByteLevel)")
	}
	kind, err := kindOf(raw)
	if err != nil {
		return err
	}
	switch kind {
	case "BertPreTokenizer":
		return nil
	case "ByteLevel":
		var b struct {
			AddPrefixSpace bool  `json:"add_prefix_space"`
			UseRegex       *bool `json:"use_regex"`
		}
		if err := decode(raw, &b); err != nil {
			return err
		}
		p.levels = &byteLevel{prefixSpace: b.AddPrefixSpace, split: orElse(b.UseRegex, true)}
		return nil
	}
	return fmt.Errorf("type %q is not supported (supported: BertPreTokenizer, ByteLevel)", kind)
}
