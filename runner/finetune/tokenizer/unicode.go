package tokenizer

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// unicodeText is what the reference takes each code point for. It is a mixture of several versions of Unicode, none of them
// that of package unicode.
//
//go:embed unicode.txt
var unicodeText string

// class is the set of properties of a code point.
type class uint16

const (
	removed     class = 1 << iota // deleted by clean_text: control, format and private-use characters
	spaced                        // turned into a space by clean_text
	cjk                           // gets spaces on both sides by handle_chinese_chars
	mark                          // deleted by strip_accents
	space                         // white space of the pre-tokenizers
	punctuation                   // a word of its own for BertPreTokenizer
	letter                        // \p{L} of byte-level pre-tokenization
	number                        // \p{N} of the same
	word                          // \w of added tokens that match whole words only
	lowered                       // has an entry in tables.lower
	decomposed                    // has an entry in tables.nfd, or is a Hangul syllable
	combining                     // has an entry in tables.order
)

var propertyOf = map[string]class{"removed": removed, "spaced": spaced, "cjk": cjk, "mark": mark, "space": space,
	"punctuation": punctuation, "letter": letter, "number": number, "word": word, "lower": lowered, "nfd": decomposed, "class": combining}

const pageSize = 128

// tables answers for every code point. pages holds one entry for pageSize code points, an index into classes.
type tables struct {
	pages   [(utf8.MaxRune + 1) / pageSize]uint16
	classes []([pageSize]class)
	lower   map[rune][]rune // lower case, where it differs
	nfd     map[rune][]rune // full canonical decomposition, Hangul syllables left out
	order   map[rune]uint8  // canonical combining class, where it is not 0
}

// unicodeTables are built when a tokenizer is first loaded.
var unicodeTables = sync.OnceValue(func() *tables {
	t := &tables{lower: map[rune][]rune{}, nfd: map[rune][]rune{}, order: map[rune]uint8{}}
	t.classes = append(t.classes, [pageSize]class{}) // the page of everything without properties
	for line := range strings.Lines(unicodeText) {
		fields := strings.Fields(line)
		if property, ok := propertyOf[fields[0]]; ok {
			for _, f := range fields[1:] {
				if err := t.add(property, f); err != nil {
					panic(fmt.Sprintf("unicode.txt: %s: %s: %v", fields[0], f, err)) // it is part of the program
				}
			}
		}
	}
	for r := rune(hangulFirst); r <= hangulLast; r++ {
		t.set(r, decomposed)
	}
	t.share()
	return t
})

// of returns the properties of r.
func (t *tables) of(r rune) class { return t.classes[t.pages[r/pageSize]][r%pageSize] }

func (t *tables) set(r rune, property class) {
	page := &t.pages[r/pageSize]
	if *page == 0 {
		*page = uint16(len(t.classes))
		t.classes = append(t.classes, [pageSize]class{})
	}
	t.classes[*page][r%pageSize] |= property
}

// add takes in one field of unicode.txt: first[-last][/2][what it maps to].
func (t *tables) add(property class, field string) error {
	points, value := field, ""
	if i := strings.IndexAny(field, "+=:"); i >= 0 {
		points, value = field[:i], field[i:]
	}
	points, odd := strings.CutSuffix(points, "/2")
	from, to, isRange := strings.Cut(points, "-")
	if !isRange {
		to = from
	}
	first, err := strconv.ParseInt(from, 16, 32)
	if err != nil {
		return err
	}
	last, err := strconv.ParseInt(to, 16, 32)
	if err != nil {
		return err
	}
	step := rune(1)
	if odd {
		step = 2
	}
	for r := rune(first); r <= rune(last); r += step {
		t.set(r, property)
		if err := t.maps(property, r, value); err != nil {
			return err
		}
	}
	return nil
}

// maps records what r maps to.
func (t *tables) maps(property class, r rune, value string) error {
	if value == "" {
		return nil
	}
	kind, value := value[0], value[1:]
	switch kind {
	case ':':
		n, err := strconv.ParseUint(value, 10, 8)
		t.order[r] = uint8(n)
		return err
	case '+':
		d, err := strconv.ParseInt(value, 16, 32)
		t.lower[r] = []rune{r + rune(d)}
		return err
	}
	var to []rune
	for s := range strings.SplitSeq(value, ",") {
		x, err := strconv.ParseInt(s, 16, 32)
		if err != nil {
			return err
		}
		to = append(to, rune(x))
	}
	if property == lowered {
		t.lower[r] = to
	} else {
		t.nfd[r] = to
	}
	return nil
}

// share makes equal pages one: whole planes have the same properties.
func (t *tables) share() {
	first := map[[pageSize]class]uint16{}
	kept := t.classes[:0:0]
	moved := make([]uint16, len(t.classes))
	for i, page := range t.classes {
		at, ok := first[page]
		if !ok {
			at = uint16(len(kept))
			first[page] = at
			kept = append(kept, page)
		}
		moved[i] = at
	}
	t.classes = kept
	for i, at := range t.pages {
		t.pages[i] = moved[at]
	}
}

// Hangul syllables decompose by arithmetic (The Unicode Standard, section 3.12).
const (
	hangulFirst = 0xAC00
	hangulLast  = 0xD7A3
	jamoL       = 0x1100
	jamoV       = 0x1161
	jamoT       = 0x11A7
	jamoVs      = 21
	jamoTs      = 28
)

// decompose appends the full canonical decomposition of r, not put in order.
func (t *tables) decompose(dst []rune, r rune) []rune {
	if r < hangulFirst || r > hangulLast {
		return append(dst, t.nfd[r]...)
	}
	s := r - hangulFirst
	dst = append(dst, jamoL+s/(jamoVs*jamoTs), jamoV+s/jamoTs%jamoVs)
	if tail := s % jamoTs; tail > 0 {
		dst = append(dst, jamoT+tail)
	}
	return dst
}
