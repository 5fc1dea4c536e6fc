package tokenizer

import (
	"bytes"
	"unicode/utf8"
)

// byteLevel cuts text into words for byte-level byte-pair encoding, as GPT-2 does.
type byteLevel struct {
	prefixSpace bool // a piece that does not begin with a space gets one
	split       bool // cut at all; false: every piece is one word
}

// next returns the length of the first word of text, which is not empty, in bytes. It is the first match of
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// whose look-ahead leaves the last space of a run to the word that follows it.
func (p byteLevel) next(t *tables, text []byte) int {
	if !p.split {
		return len(text)
	}
	if n := contraction(text); n > 0 {
		return n
	}
	lead := 0
	if text[0] == ' ' && len(text) > 1 {
		lead = 1
	}
	if kind, n := kindAt(t, text[lead:]); kind != space {
		return lead + n + run(t, text[lead+n:], kind)
	}
	end := run(t, text, space)
	if _, last := utf8.DecodeLastRune(text[:end]); end < len(text) && end > last {
		end -= last
	}
	return end
}

// contraction returns the length of an English contraction that text begins with, 0 when there is none.
func contraction(text []byte) int {
	if text[0] != '\'' {
		return 0
	}
	for _, c := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if len(text) >= len(c) && string(text[:len(c)]) == c {
			return len(c)
		}
	}
	return 0
}

// kindAt returns the kind of the first character, letter, number, space or 0 for any other, and its length.
func kindAt(t *tables, text []byte) (class, int) {
	r, n := rune(text[0]), 1
	if r >= utf8.RuneSelf {
		r, n = utf8.DecodeRune(text)
	}
	return t.of(r) & (letter | number | space), n
}

// run returns how many bytes at the beginning of text are characters of a kind.
func run(t *tables, text []byte, kind class) int {
	at := 0
	for at < len(text) {
		k, n := kindAt(t, text[at:])
		if k != kind {
			break
		}
		at += n
	}
	return at
}

// visible is how byte-level vocabularies write the bytes: printable ones as Latin-1 characters, the others from U+0100 on.
var visible = func() (of [256]rune) {
	free := rune(0x100)
	for b := range of {
		if b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE {
			of[b] = rune(b)
			continue
		}
		of[b] = free
		free++
	}
	return of
}()

// appendVisible appends text as a byte-level vocabulary writes it.
func appendVisible(dst, text []byte) []byte {
	for _, b := range text {
		dst = utf8.AppendRune(dst, visible[b])
	}
	return dst
}

// prepared returns the piece with the space that it lacks. dst is memory for it.
func (p byteLevel) prepared(dst, piece []byte) ([]byte, []byte) {
	if !p.prefixSpace || bytes.HasPrefix(piece, []byte(" ")) {
		return dst, piece
	}
	dst = append(append(dst[:0], ' '), piece...)
	return dst, dst
}
