package tokenizer

import (
	"fmt"
	"slices"
)

// bpe joins the bytes of a word to ever longer tokens: of all neighbours that a merge names, those of the earliest merge first,
// from left to right (Sennrich, Haddow and Birch 2016; on bytes, Radford et al. 2019).
type bpe struct {
	vocab  *vocab
	merges *merges
	bytes  [256]int32 // the token of each byte, -1 where the vocabulary has none
	unk    int32      // instead of a byte without a token; -1: such a byte is dropped
	fuse   bool       // unknown bytes in a row make one token
	whole  bool       // a word that is a token needs no merges ("ignore_merges")
}

// newBPE makes a model without the options. unk is nil where bytes without a token are dropped.
func newBPE(v *vocab, m *merges, unk *string) (*bpe, error) {
	b := &bpe{vocab: v, merges: m, unk: -1}
	if unk != nil {
		var ok bool
		if b.unk, ok = v.id([]byte(*unk)); !ok {
			return nil, fmt.Errorf("unk_token: %q is not in the vocabulary", *unk)
		}
	}
	for i := range b.bytes {
		b.bytes[i] = -1
		if id, ok := v.id(appendVisible(nil, []byte{byte(i)})); ok {
			b.bytes[i] = id
		}
	}
	return b, nil
}

// gaps reports whether the vocabulary lacks a byte.
func (m *bpe) gaps() bool { return slices.Contains(m.bytes[:], -1) }

// symbol is a token of a word on its way, in a doubly linked list of positions.
type symbol struct {
	id         int32
	prev, next int32 // -1 at the ends
}

// joined marks a symbol that has become part of the one before it.
const joined = -1

// candidate is a merge of the symbol at pos with the next one. An earlier merge goes first, then the left one.
type candidate struct{ merge, pos int32 }

func (c candidate) before(o candidate) bool {
	return c.merge < o.merge || (c.merge == o.merge && c.pos < o.pos)
}

// tokens appends the tokens of a word.
func (m *bpe) tokens(dst []int32, w []byte, s *scratch) []int32 {
	if m.whole {
		s.word = appendVisible(s.word[:0], w)
		if id, ok := m.vocab.id(s.word); ok {
			return append(dst, id)
		}
	}
	m.begin(w, s)
	for i := 0; i+1 < len(s.symbols); i++ {
		m.propose(s, int32(i))
	}
	for len(s.heap) > 0 {
		m.apply(s, s.pop())
	}
	for i := range s.symbols {
		if s.symbols[i].id != joined {
			dst = append(dst, s.symbols[i].id)
		}
	}
	return dst
}

// begin makes a symbol of each byte.
func (m *bpe) begin(w []byte, s *scratch) {
	s.symbols, s.heap = s.symbols[:0], s.heap[:0]
	unknown := false // the last byte was
	for _, b := range w {
		id := m.bytes[b]
		if id < 0 {
			fused := unknown && m.fuse
			unknown = true
			if m.unk < 0 || fused {
				continue
			}
			id = m.unk
		} else {
			unknown = false
		}
		i := int32(len(s.symbols))
		s.symbols = append(s.symbols, symbol{id: id, prev: i - 1, next: i + 1})
	}
	if n := len(s.symbols); n > 0 {
		s.symbols[n-1].next = -1
	}
}

// propose puts the merge of the symbol at pos with the next one on the heap, if there is one.
func (m *bpe) propose(s *scratch, pos int32) {
	a := s.symbols[pos]
	if a.next < 0 {
		return
	}
	if i, ok := m.merges.find(a.id, s.symbols[a.next].id); ok {
		s.push(candidate{i, pos})
	}
}

// apply does a merge unless its symbols have changed since it was proposed.
func (m *bpe) apply(s *scratch, c candidate) {
	a, merge := &s.symbols[c.pos], &m.merges.list[c.merge]
	if a.id != merge.left || a.next < 0 || s.symbols[a.next].id != merge.right {
		return
	}
	b := &s.symbols[a.next]
	a.id, a.next, b.id = merge.to, b.next, joined
	if a.next >= 0 {
		s.symbols[a.next].prev = c.pos
		m.propose(s, c.pos)
	}
	if a.prev >= 0 {
		m.propose(s, a.prev)
	}
}

// push and pop keep a binary heap whose top goes before all others.
func (s *scratch) push(c candidate) {
	s.heap = append(s.heap, c)
	h := s.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (s *scratch) pop() candidate {
	h := s.heap
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		next := 2*i + 1
		if next >= last {
			break
		}
		if next+1 < last && h[next+1].before(h[next]) {
			next++
		}
		if !h[next].before(h[i]) {
			break
		}
		h[i], h[next] = h[next], h[i]
		i = next
	}
	s.heap = h
	return top
}
