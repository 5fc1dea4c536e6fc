package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// maxWord bounds max_input_chars_per_word, which is 100 in every model in use.
const maxWord = 10_000

// wordPiece cuts a word into the longest pieces that the vocabulary has, from left to right (Wu et al. 2016, "Google's Neural
// Machine Translation System", as released with BERT).
type wordPiece struct {
	vocab  *vocab
	prefix []byte // of a piece that does not begin its word, "##"
	inner  uint64 // hash of prefix
	unk    int32  // instead of a word that cannot be cut
	most   int    // characters in a word; a longer one is unknown
}

func newWordPiece(v *vocab, prefix, unk string, most int) (*wordPiece, error) {
	id, ok := v.id([]byte(unk))
	if !ok {
		return nil, fmt.Errorf("unk_token: %q is not in the vocabulary", unk)
	}
	return &wordPiece{vocab: v, prefix: []byte(prefix), inner: hashOn(v.basis, []byte(prefix)), unk: id, most: most}, nil
}

// tokens appends the tokens of a word.
func (m *wordPiece) tokens(dst []int32, w []byte, s *scratch) []int32 {
	if len(w) > m.most && utf8.RuneCount(w) > m.most {
		return append(dst, m.unk)
	}
	from, basis, prefix := len(dst), m.vocab.basis, []byte(nil)
	for start := 0; start < len(w); {
		id, n := m.longest(w[start:], basis, prefix, s)
		if n == 0 {
			return append(dst[:from], m.unk)
		}
		dst = append(dst, id)
		start += n
		basis, prefix = m.inner, m.prefix
	}
	return dst
}

// longest returns the longest piece that w begins with and its length in bytes, 0 when there is none. basis is the hash of
// prefix.
func (m *wordPiece) longest(w []byte, basis uint64, prefix []byte, s *scratch) (int32, int) {
	w = w[:min(len(w), m.vocab.long)]
	s.hashes = s.hashes[:0]
	h := basis
	for _, c := range w {
		h = (h ^ uint64(c)) * hashPrime
		s.hashes = append(s.hashes, h)
	}
	for n := len(w); n > 0; n-- {
		if n < len(w) && !utf8.RuneStart(w[n]) {
			continue // not between two characters
		}
		if id, ok := m.vocab.find(s.hashes[n-1], prefix, w[:n]); ok {
			return id, n
		}
	}
	return 0, 0
}
