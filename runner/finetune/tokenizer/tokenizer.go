package tokenizer

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"
)

// Tokenizer turns text into token ids. It does not change after [Load] and may be used by several goroutines at once.
type Tokenizer struct {
	tables       *tables
	raw          *matcher        // added tokens, looked for in the text as it is
	normal       *matcher        // added tokens, looked for in the normalized text
	normalizer   *bertNormalizer // nil: none
	levels       byteLevel       // of a byte-level model
	model        model
	byteLevel    bool // words are cut by levels, otherwise by nextWord
	single, pair template

	ids      *vocab
	own      *vocab  // added tokens that are not in the vocabulary
	special  []int32 // sorted
	mask     int32   // -1: none
	end      int32   // of a text; -1: none
	size     int
	memories sync.Pool // of *scratch
}

// model turns a word, which is not empty, into tokens.
type model interface {
	tokens(dst []int32, word []byte, s *scratch) []int32
}

// scratch is the memory of one text on its way, kept from text to text.
type scratch struct {
	text, normal, prefixed, word []byte
	waiting, parts               []rune
	hashes                       []uint64
	symbols                      []symbol
	heap                         []candidate
	ids                          [2][]int32
}

// Encoding holds token sequences one after the other, without padding.
type Encoding struct {
	IDs     []int32 // the tokens of all sequences
	TypeIDs []int32 // the segment each token belongs to, as long as IDs
	Lengths []int32 // the number of tokens of each sequence; their sum is the length of IDs
}

// Reset empties e and keeps its memory.
func (e *Encoding) Reset() { e.IDs, e.TypeIDs, e.Lengths = e.IDs[:0], e.TypeIDs[:0], e.Lengths[:0] }

// Append appends the tokens of a text with the special tokens around it, cut to at most limit tokens; 0 is no limit. It fails
// only when the special tokens alone are more than that. Bytes that are not UTF-8 count as U+FFFD, one each.
func (t *Tokenizer) Append(e *Encoding, text string, limit int) error {
	return t.append(e, &t.single, limit, text)
}

// AppendPair is Append for two texts in one sequence. When they are too long, the longer one is cut first.
func (t *Tokenizer) AppendPair(e *Encoding, a, b string, limit int) error {
	return t.append(e, &t.pair, limit, a, b)
}

// Size is the number of rows that a table of embeddings needs at least: 1 more than the largest id.
func (t *Tokenizer) Size() int { return t.size }

// ID returns the id of a token, written as the vocabulary writes it, and whether there is one.
func (t *Tokenizer) ID(token string) (int32, bool) { return t.id([]byte(token)) }

func (t *Tokenizer) id(token []byte) (int32, bool) {
	if id, ok := t.ids.id(token); ok {
		return id, true
	}
	return t.own.id(token)
}

// Special reports whether id is a special token, such as [CLS] or [PAD].
func (t *Tokenizer) Special(id int32) bool {
	_, found := slices.BinarySearch(t.special, id)
	return found
}

// Mask returns the id of the token that stands for a hidden one, [MASK] or <mask>, and whether there is one.
func (t *Tokenizer) Mask() (int32, bool) { return t.mask, t.mask >= 0 }

// End returns the id of the token that ends a text, such as <|endoftext|>, and whether there is one. Append does not add it by
// itself, unless the tokenizer of the folder does.
func (t *Tokenizer) End() (int32, bool) { return t.end, t.end >= 0 }

func (t *Tokenizer) append(e *Encoding, around *template, limit int, texts ...string) error {
	if limit != 0 && limit < around.added {
		return fmt.Errorf("tokenizer: a limit of %d tokens leaves no room for the %d special tokens around a text", limit, around.added)
	}
	s, ok := t.memories.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	enough := limit
	if len(texts) > 1 {
		enough = 0 // the whole lengths decide which text is cut
	}
	for i, text := range texts {
		s.ids[i] = t.encode(s.ids[i][:0], text, enough, s)
	}
	if limit > 0 {
		truncate(s.ids[:len(texts)], limit-around.added)
	}
	around.append(e, &s.ids)
	t.memories.Put(s)
	return nil
}

// truncate cuts the tokens of one text or of a pair to n in total.
func truncate(texts [][]int32, n int) {
	keep := [2]int{min(len(texts[0]), n)}
	if len(texts) == 2 {
		keep[0], keep[1] = truncatePair(len(texts[0]), len(texts[1]), n)
	}
	for i := range texts {
		texts[i] = texts[i][:keep[i]]
	}
}

// encode appends the tokens of a text, at least enough of them (0: all) if it has as many.
func (t *Tokenizer) encode(dst []int32, text string, enough int, s *scratch) []int32 {
	s.text = appendValid(s.text[:0], text)
	dst, _ = t.between(t.raw, dst, s.text, enough, s)
	return dst
}

// appendValid appends text with U+FFFD for each byte that is not UTF-8.
func appendValid(dst []byte, text string) []byte {
	if utf8.ValidString(text) {
		return append(dst, text...)
	}
	for _, r := range text {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// between appends the added tokens of m in text, and the tokens of what stands between them. The result is full when there
// are enough.
func (t *Tokenizer) between(m *matcher, dst []int32, text []byte, enough int, s *scratch) (_ []int32, full bool) {
	for at, done := 0, 0; ; {
		x := m.next(t.tables, text, at, done)
		if done < x.start {
			if m == t.raw {
				dst, full = t.normalized(dst, text[done:x.start], enough, s)
			} else {
				dst, full = t.words(dst, text[done:x.start], enough, s)
			}
		}
		if full || x.token == nil {
			return dst, full
		}
		dst = append(dst, x.token.id)
		at, done = x.resume, x.end
	}
}

// normalized appends the tokens of a piece of text without tokens of t.raw.
func (t *Tokenizer) normalized(dst []int32, text []byte, enough int, s *scratch) ([]int32, bool) {
	if t.normalizer != nil {
		s.normal = t.normalizer.append(s.normal[:0], text, s)
		text = s.normal
	}
	return t.between(t.normal, dst, text, enough, s)
}

// words appends the tokens of a piece of normalized text without added tokens.
func (t *Tokenizer) words(dst []int32, text []byte, enough int, s *scratch) ([]int32, bool) {
	if t.byteLevel {
		s.prefixed, text = t.levels.prepared(s.prefixed, text)
	}
	for len(text) > 0 {
		start, end := 0, 0
		if t.byteLevel {
			end = t.levels.next(t.tables, text)
		} else if start, end = nextWord(t.tables, text); start == end {
			break
		}
		dst = t.model.tokens(dst, text[start:end], s)
		if enough > 0 && len(dst) >= enough {
			return dst, true
		}
		text = text[end:]
	}
	return dst, false
}
