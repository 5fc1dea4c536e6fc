package tokenizer

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"unicode/utf8"
)

// addedToken is a token that is looked for in the text before anything else is done with it.
type addedToken struct {
	content    []byte
	id         int32
	singleWord bool // only where no word character is beside it
	lstrip     bool // takes the white space before it with it
	rstrip     bool // takes the white space after it with it
	normalized bool // looked for in the normalized text, normalized itself
	special    bool
}

// matcher finds added tokens: from left to right, the longest one at each place.
type matcher struct {
	tokens []addedToken // sorted by content, each content once
	first  [256]bool    // the bytes that tokens begin with
}

// lastOfEach sorts tokens by content and keeps what is said last of each.
func lastOfEach(tokens []addedToken) []addedToken {
	slices.Reverse(tokens)
	slices.SortStableFunc(tokens, func(a, b addedToken) int { return bytes.Compare(a.content, b.content) })
	return slices.CompactFunc(tokens, func(a, b addedToken) bool { return bytes.Equal(a.content, b.content) })
}

// newMatcher looks for tokens. Of those with the same content it finds the one with the lowest id.
func newMatcher(tokens []addedToken) *matcher {
	slices.SortFunc(tokens, func(a, b addedToken) int { return cmp.Or(bytes.Compare(a.content, b.content), cmp.Compare(a.id, b.id)) })
	tokens = slices.CompactFunc(tokens, func(a, b addedToken) bool { return bytes.Equal(a.content, b.content) })
	m := &matcher{tokens: tokens}
	for i := range tokens {
		m.first[tokens[i].content[0]] = true
	}
	return m
}

// longest returns the longest token that text begins with, nil when there is none.
func (m *matcher) longest(text []byte) *addedToken {
	var found *addedToken
	left := m.tokens // those that begin with text[:depth]
	for depth := 0; len(left) > 0; depth++ {
		if len(left[0].content) == depth { // shorter ones sort first
			found = &left[0]
			left = left[1:]
		}
		if depth == len(text) {
			break
		}
		b := text[depth]
		from := sort.Search(len(left), func(i int) bool { return left[i].content[depth] >= b })
		left = left[from:]
		left = left[:sort.Search(len(left), func(i int) bool { return left[i].content[depth] > b })]
	}
	return found
}

// match is an added token in a text: with the white space it takes, text[start:end].
type match struct {
	token      *addedToken
	start, end int
	resume     int // where to look for the next one
}

// next finds the first token that begins at from or later. Everything before done is taken already. Without one, match.token is
// nil.
func (m *matcher) next(t *tables, text []byte, from, done int) match {
	for i := from; i < len(text); i++ {
		if !m.first[text[i]] {
			continue
		}
		token := m.longest(text[i:])
		if token == nil {
			continue
		}
		x := match{token, i, i + len(token.content), i + len(token.content)}
		if token.singleWord && (endsWithWord(t, text[:x.start]) || beginsWithWord(t, text[x.end:])) {
			i = x.end - 1
			continue
		}
		if token.lstrip {
			x.start = max(x.start-trailingSpace(t, text[:x.start]), done)
		}
		if token.rstrip {
			x.end += run(t, text[x.end:], space)
		}
		return x
	}
	return match{start: len(text), end: len(text), resume: len(text)}
}

func endsWithWord(t *tables, text []byte) bool {
	r, n := utf8.DecodeLastRune(text)
	return n > 0 && t.of(r)&word != 0
}

func beginsWithWord(t *tables, text []byte) bool {
	r, n := utf8.DecodeRune(text)
	return n > 0 && t.of(r)&word != 0
}

// trailingSpace returns how many bytes at the end of text are white space.
func trailingSpace(t *tables, text []byte) int {
	end := len(text)
	for end > 0 {
		r, n := utf8.DecodeLastRune(text[:end])
		if t.of(r)&space == 0 {
			break
		}
		end -= n
	}
	return len(text) - end
}
