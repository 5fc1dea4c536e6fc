package tokenizer

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
)

// vocab maps tokens to ids. It keeps the text of all tokens in one piece and needs 14 bytes a token beside it, so that a file
// cannot make it much larger than itself.
type vocab struct {
	text  []byte   // the tokens, one after the other
	ends  []uint32 // where each token ends in text
	ids   []int32  // the id of each token
	slots []uint32 // open addressing: 1 + index of a token, 0 where free; at most two thirds are taken
	basis uint64   // start of every hash, so that no file can choose tokens that collide
	long  int      // bytes of the longest token
	top   int32    // the largest id
}

// hashPrime is the multiplier of the 64-bit FNV-1a hash.
const hashPrime = 0x100000001b3

// hashOn goes on from h over b, byte for byte, so that a word's prefixes are all hashed in one pass.
func hashOn(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * hashPrime
	}
	return h
}

// newVocab makes room for n tokens of size bytes in all.
func newVocab(n, size int) *vocab {
	return &vocab{text: make([]byte, 0, size), ends: make([]uint32, 0, n), ids: make([]int32, 0, n),
		slots: make([]uint32, n+n/2+1), basis: maphash.Comparable(maphash.MakeSeed(), 0)}
}

// add takes in a token. One that comes again gets its later id, as in the reference.
func (v *vocab) add(token []byte, id int64) error {
	if id < 0 || id > math.MaxInt32-1 {
		return fmt.Errorf("token %q has the id %d, which lies outside 0..%d", token, id, math.MaxInt32-1)
	}
	v.top = max(v.top, int32(id))
	slot := v.slot(hashOn(v.basis, token), nil, token)
	if i := v.slots[slot]; i > 0 {
		v.ids[i-1] = int32(id)
		return nil
	}
	v.text = append(v.text, token...)
	v.ends = append(v.ends, uint32(len(v.text)))
	v.ids = append(v.ids, int32(id))
	v.slots[slot] = uint32(len(v.ids))
	v.long = max(v.long, len(token))
	return nil
}

// find returns the id of prefix+token, whose hash is h, and whether there is such a token.
func (v *vocab) find(h uint64, prefix, token []byte) (int32, bool) {
	if i := v.slots[v.slot(h, prefix, token)]; i > 0 {
		return v.ids[i-1], true
	}
	return 0, false
}

// id returns the id of a token.
func (v *vocab) id(token []byte) (int32, bool) { return v.find(hashOn(v.basis, token), nil, token) }

// slot returns where prefix+token stands, or the free slot where it would.
func (v *vocab) slot(h uint64, prefix, token []byte) int {
	at := place64(h, len(v.slots))
	for v.slots[at] > 0 && !v.is(int(v.slots[at]-1), prefix, token) {
		if at++; at == len(v.slots) {
			at = 0
		}
	}
	return at
}

// place64 spreads hashes evenly over n places, by their upper bits (Lemire 2019, "Fast Random Integer Generation in an Interval").
func place64(h uint64, n int) int {
	at, _ := bits.Mul64(h, uint64(n))
	return int(at)
}

// is reports whether token i is prefix+token.
func (v *vocab) is(i int, prefix, token []byte) bool {
	start := uint32(0)
	if i > 0 {
		start = v.ends[i-1]
	}
	t := v.text[start:v.ends[i]]
	return len(t) == len(prefix)+len(token) && bytes.Equal(t[len(prefix):], token) && bytes.HasPrefix(t, prefix)
}
