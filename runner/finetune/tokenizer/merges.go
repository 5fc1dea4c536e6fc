package tokenizer

import "fmt"

// merge says that the tokens left and right become the token to.
type merge struct{ left, right, to int32 }

// merges finds a merge by its two tokens. Earlier merges stand first. It needs 18 bytes a merge.
type merges struct {
	list  []merge
	slots []uint32 // open addressing: 1 + index into list, 0 where free; at most two thirds are taken
	whole []byte   // memory of join
}

// newMerges takes in n merges or fewer.
func newMerges(n int) *merges {
	return &merges{list: make([]merge, 0, n), slots: make([]uint32, n+n/2+1)}
}

// join adds the merge of two tokens of the vocabulary, which must also hold what they become.
func (m *merges) join(v *vocab, left, right []byte) error {
	whole := append(append(m.whole[:0], left...), right...)
	m.whole = whole
	var ids [3]int32
	for i, token := range [...][]byte{whole[:len(left)], whole[len(left):], whole} {
		var ok bool
		if ids[i], ok = v.id(token); !ok {
			return fmt.Errorf("%q is not in the vocabulary", token)
		}
	}
	m.add(merge{ids[0], ids[1], ids[2]})
	return nil
}

// add appends a merge. One that comes again counts where it comes last, as in the reference.
func (m *merges) add(x merge) {
	m.list = append(m.list, x)
	m.slots[m.slot(x.left, x.right)] = uint32(len(m.list))
}

// find returns the index of the merge of two tokens, and whether there is one.
func (m *merges) find(left, right int32) (int32, bool) {
	i := m.slots[m.slot(left, right)]
	return int32(i) - 1, i > 0
}

// slot returns where the merge of two tokens stands, or the free slot where it would.
func (m *merges) slot(left, right int32) int {
	h := (uint64(uint32(left))<<32 | uint64(uint32(right))) * 0x9e3779b97f4a7c15 // Fibonacci hashing
	at := place64(h^h<<32, len(m.slots))
	for m.slots[at] > 0 {
		x := &m.list[m.slots[at]-1]
		if x.left == left && x.right == right {
			break
		}
		if at++; at == len(m.slots) {
			at = 0
		}
	}
	return at
}
