package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// bertNormalizer is the text clean-up of BERT (Devlin et al. 2019), its four parts in this order.
type bertNormalizer struct {
	clean   bool // drop control characters and U+FFFD, make all white space spaces
	cjk     bool // put spaces around CJK ideographs
	accents bool // decompose, then drop non-spacing marks
	lower   bool // lower-case, character by character

	tables *tables
	ascii  [utf8.RuneSelf]byte // what becomes of an ASCII character; 0 with clean: it is dropped
}

// settle fills in what follows from the settings.
func (n *bertNormalizer) settle(t *tables) {
	n.tables = t
	for c := range n.ascii {
		b := byte(c)
		switch class := t.of(rune(c)); {
		case n.clean && class&removed != 0:
			b = 0
		case n.clean && class&spaced != 0:
			b = ' '
		case n.lower && 'A' <= c && c <= 'Z':
			b += 'a' - 'A'
		}
		n.ascii[c] = b
	}
}

// append appends text, which is valid UTF-8, normalized.
func (n *bertNormalizer) append(dst, text []byte, s *scratch) []byte {
	s.waiting = s.waiting[:0]
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if len(s.waiting) > 0 {
				dst = n.release(dst, s)
			}
			if b := n.ascii[c]; b != 0 || (c == 0 && !n.clean) {
				dst = append(dst, b)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		dst = n.other(dst, r, s)
	}
	return n.release(dst, s)
}

// other appends a character beyond ASCII.
func (n *bertNormalizer) other(dst []byte, r rune, s *scratch) []byte {
	c := n.tables.of(r)
	switch {
	case n.clean && c&removed != 0:
		return dst
	case n.clean && c&spaced != 0:
		return append(n.release(dst, s), ' ')
	case n.cjk && c&cjk != 0:
		dst = append(n.release(dst, s), ' ')
		return append(n.release(n.whole(dst, r, c, s), s), ' ')
	}
	return n.whole(dst, r, c, s)
}

// whole appends a character of class c, or its decomposition without marks.
func (n *bertNormalizer) whole(dst []byte, r rune, c class, s *scratch) []byte {
	if !n.accents {
		return n.lowered(dst, r, c)
	}
	if c&decomposed == 0 {
		return n.part(dst, r, c, s)
	}
	s.parts = n.tables.decompose(s.parts[:0], r)
	for _, p := range s.parts {
		dst = n.part(dst, p, n.tables.of(p), s)
	}
	return dst
}

// part appends a decomposed character. Combining ones wait until the next one that is not, and then come in canonical order.
func (n *bertNormalizer) part(dst []byte, r rune, c class, s *scratch) []byte {
	if c&combining == 0 {
		dst = n.release(dst, s)
	}
	switch {
	case c&mark != 0:
		return dst
	case c&combining != 0:
		s.waiting = append(s.waiting, r)
		return dst
	}
	return n.lowered(dst, r, c)
}

// release appends the waiting characters.
func (n *bertNormalizer) release(dst []byte, s *scratch) []byte {
	if len(s.waiting) > 1 {
		slices.SortStableFunc(s.waiting, func(a, b rune) int { return int(n.tables.order[a]) - int(n.tables.order[b]) })
	}
	for _, r := range s.waiting {
		dst = n.lowered(dst, r, n.tables.of(r))
	}
	s.waiting = s.waiting[:0]
	return dst
}

func (n *bertNormalizer) lowered(dst []byte, r rune, c class) []byte {
	if !n.lower || c&lowered == 0 {
		return utf8.AppendRune(dst, r)
	}
	for _, l := range n.tables.lower[r] {
		dst = utf8.AppendRune(dst, l)
	}
	return dst
}

// nextWord returns where the first word of text begins and ends for BertPreTokenizer: a punctuation mark, or what stands between
// white space and punctuation marks. Without a word both are len(text).
func nextWord(t *tables, text []byte) (start, end int) {
	end = -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		switch c := t.of(r) & (space | punctuation); {
		case c == 0 && end < 0:
			start, end = i, i // a word begins
		case c != 0 && end >= 0:
			return start, i
		case c&punctuation != 0:
			return i, i + size
		}
		i += size
	}
	if end < 0 {
		return len(text), len(text)
	}
	return start, len(text)
}
