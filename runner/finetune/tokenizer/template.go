package tokenizer

import "fmt"

// piece is one part of a template: a text's tokens, or special tokens.
type piece struct {
	text    int     // 0 or 1 for the first or second text, -1 for special tokens
	special []int32 // ids
	typeID  int32
}

// template says what stands around one text, or around a pair.
type template struct {
	pieces []piece
	added  int // special tokens
}

// maxSpecial bounds the special tokens around a text; real templates have up to four.
const maxSpecial = 64

// settle counts the special tokens, and checks that each of n texts stands in the template once.
func (t *template) settle(n int) error {
	seen := [2]int{}
	for _, p := range t.pieces {
		if p.text >= 0 {
			seen[p.text]++
		}
		t.added += len(p.special)
		if t.added > maxSpecial {
			return fmt.Errorf("more than %d special tokens around a text", maxSpecial)
		}
	}
	for i, times := range seen {
		want := 0
		if i < n {
			want = 1
		}
		if times != want {
			return fmt.Errorf("text %c stands in it %d times, expected %d", 'A'+i, times, want)
		}
	}
	return nil
}

// append appends the tokens of the texts with what belongs around them.
func (t *template) append(e *Encoding, texts *[2][]int32) {
	from := len(e.IDs)
	for _, p := range t.pieces {
		ids := p.special
		if p.text >= 0 {
			ids = texts[p.text]
		}
		e.IDs = append(e.IDs, ids...)
		for range ids {
			e.TypeIDs = append(e.TypeIDs, p.typeID)
		}
	}
	e.Lengths = append(e.Lengths, int32(len(e.IDs)-from))
}

// truncatePair returns how many tokens of a pair with a and b tokens are kept so that both have room in n: the longer text gives
// way first; when both are too long, each gets half, an odd one going to the longer text.
func truncatePair(a, b, n int) (int, int) {
	if a+b <= n {
		return a, b
	}
	if a > b {
		y, x := truncatePair(b, a, n)
		return x, y
	}
	if a > n/2 { // neither fits beside the half of the other
		return n / 2, n - n/2
	}
	return a, n - a
}
