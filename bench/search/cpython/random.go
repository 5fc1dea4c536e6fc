// Package cpython draws the random numbers of Python's module random, bit for bit, so that the references and the noise of the
// benchmarks are those of the recorded results.
package cpython

import (
	"crypto/sha512"
	"math/big"
	"math/bits"
)

// State of the Mersenne Twister MT19937.
const (
	words  = 624
	middle = 397
)

// Random is Python's random.Random. Make it with [New] or [FromText].
type Random struct {
	state [words]uint32
	next  int
}

// New is random.Random(seed) for an int.
func New(seed int64) *Random { return fromInt(new(big.Int).Abs(big.NewInt(seed))) }

// FromText is random.Random(seed) for a str.
func FromText(seed string) *Random {
	sum := sha512.Sum512([]byte(seed))
	return fromInt(new(big.Int).SetBytes(append([]byte(seed), sum[:]...)))
}

// fromInt seeds with the 32-bit words of a number, the lowest first.
func fromInt(n *big.Int) *Random {
	var key []uint32
	word, rest := new(big.Int), new(big.Int).Set(n)
	mask := big.NewInt(1<<32 - 1)
	for rest.Sign() > 0 {
		key = append(key, uint32(word.And(rest, mask).Uint64()))
		rest.Rsh(rest, 32)
	}
	if len(key) == 0 {
		key = []uint32{0}
	}
	r := &Random{}
	r.seed(key)
	return r
}

// seed is init_by_array of the authors' mt19937ar.c.
func (r *Random) seed(key []uint32) {
	s := &r.state
	s[0] = 19650218
	for i := uint32(1); i < words; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + i
	}
	i, j := 1, 0
	advance := func() {
		if i++; i == words {
			s[0], i = s[words-1], 1
		}
	}
	for range max(words, len(key)) {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + key[j] + uint32(j)
		advance()
		j = (j + 1) % len(key)
	}
	for range words - 1 {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - uint32(i)
		advance()
	}
	s[0] = 1 << 31
	r.next = words
}

func (r *Random) twist() {
	s := &r.state
	for i := range words {
		y := s[i]&(1<<31) | s[(i+1)%words]&(1<<31-1)
		v := s[(i+middle)%words] ^ y>>1
		if y&1 == 1 {
			v ^= 0x9908b0df
		}
		s[i] = v
	}
	r.next = 0
}

// word is the next 32 random bits.
func (r *Random) word() uint32 {
	if r.next == words {
		r.twist()
	}
	y := r.state[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// Float64 is random(): a number of [0, 1) with 53 bits.
func (r *Random) Float64() float64 {
	a, b := r.word()>>5, r.word()>>6
	return (float64(a)*(1<<26) + float64(b)) / (1 << 53)
}

// IntN is randrange(n), for 0 < n < 2^31. It is also the index that choice draws from n things.
func (r *Random) IntN(n int) int {
	width := bits.Len(uint(n))
	for {
		if v := int(r.word() >> (32 - width)); v < n {
			return v
		}
	}
}

// Shuffle is shuffle, for a list of n things.
func (r *Random) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.IntN(i+1))
	}
}
