package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// modelJSON is the model of tokenizer.json, of either kind.
type modelJSON struct{ kind, unk, prefix, suffix, most, dropout, fuse, fallback, ignore, vocab, merges json.RawMessage }

func (p *parts) readModel(raw json.RawMessage) error {
	if null(raw) {
		return errors.New("is missing")
	}
	var m modelJSON
	if err := fields(raw, map[string]*json.RawMessage{"type": &m.kind, "unk_token": &m.unk, "continuing_subword_prefix": &m.prefix,
		"end_of_word_suffix": &m.suffix, "max_input_chars_per_word": &m.most, "dropout": &m.dropout, "fuse_unk": &m.fuse,
		"byte_fallback": &m.fallback, "ignore_merges": &m.ignore, "vocab": &m.vocab, "merges": &m.merges}); err != nil {
		return err
	}
	kind := "WordPiece" // older files do not say
	if !null(m.merges) {
		kind = "BPE"
	}
	err := option("type", m.kind, &kind)
	if err != nil {
		return err
	}
	switch kind {
	case "WordPiece":
		p.wordPiece, err = m.wordPiece()
	case "BPE":
		p.bpe, err = m.bpe()
	default:
		return fmt.Errorf("type %q is not supported (supported: WordPiece, BPE)", kind)
	}
	return err
}

// option decodes a field into a variable that holds its default, and leaves that where the field is missing or null.
func option[T any](name string, raw json.RawMessage, into *T) error {
	if null(raw) {
		return nil
	}
	if err := decode(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (m *modelJSON) wordPiece() (*wordPiece, error) {
	unk, prefix, most := "[UNK]", "##", 100.0
	if err := errors.Join(option("unk_token", m.unk, &unk), option("continuing_subword_prefix", m.prefix, &prefix),
		option("max_input_chars_per_word", m.most, &most)); err != nil {
		return nil, err
	}
	if most != math.Trunc(most) || most < 0 || most > maxWord {
		return nil, fmt.Errorf("max_input_chars_per_word: %v is not a whole number in 0..%d", most, maxWord)
	}
	v, err := vocabFromJSON(m.vocab)
	if err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	return newWordPiece(v, prefix, unk, int(most))
}

func (m *modelJSON) bpe() (*bpe, error) {
	var unk *string
	var prefix, suffix string
	var dropout float64
	var fuse, fallback, ignore bool
	if err := errors.Join(option("unk_token", m.unk, &unk), option("continuing_subword_prefix", m.prefix, &prefix),
		option("end_of_word_suffix", m.suffix, &suffix), option("dropout", m.dropout, &dropout), option("fuse_unk", m.fuse, &fuse),
		option("byte_fallback", m.fallback, &fallback), option("ignore_merges", m.ignore, &ignore)); err != nil {
		return nil, err
	}
	switch {
	case dropout != 0:
		return nil, fmt.Errorf("dropout: %v would give another result every time (supported: null)", dropout)
	case prefix != "":
		return nil, fmt.Errorf("continuing_subword_prefix: %q is not supported in a byte-level model", prefix)
	case suffix != "":
		return nil, fmt.Errorf("end_of_word_suffix: %q is not supported in a byte-level model", suffix)
	}
	v, err := vocabFromJSON(m.vocab)
	if err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	merges, err := mergesFromJSON(m.merges, v)
	if err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	b, err := newBPE(v, merges, unk)
	if err != nil {
		return nil, err
	}
	if fallback && b.gaps() {
		return nil, errors.New("byte_fallback: is not supported where the vocabulary lacks a byte")
	}
	b.fuse, b.whole = fuse, ignore
	return b, nil
}
