package sobol

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed directions.txt
var table string

// Dims is how many dimensions have direction numbers of their own; see Point for more.
const Dims = 64

// directions[d][k] is the direction number v_(k+1) of dimension d as a binary fraction of 32 digits.
var directions = parse(table)

// parse reads the table. The text is part of the program, so what does not fit is a mistake of ours.
func parse(text string) (out [Dims][32]uint32) {
	for k := range 32 {
		out[0][k] = 1 << (31 - k)
	}
	d := 1
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var row []uint32
		for _, word := range strings.Fields(line) {
			n, err := strconv.ParseUint(word, 10, 32)
			if err != nil {
				panic("sobol: " + err.Error())
			}
			row = append(row, uint32(n))
		}
		out[d] = expand(row[0], row[1:])
		d++
	}
	return out
}

// expand continues the initial numbers m by the recurrence of the primitive polynomial x^s + a_1 x^(s-1) + ... + 1 (Joe and
// Kuo 2008, equation 2), the bits of a being a_1 ... a_(s-1).
func expand(a uint32, m []uint32) (v [32]uint32) {
	s := len(m)
	for k := range v {
		if k < s {
			v[k] = m[k] << (31 - k)
			continue
		}
		v[k] = v[k-s] ^ v[k-s]>>s
		for i := 1; i < s; i++ {
			if a>>(s-1-i)&1 == 1 {
				v[k] ^= v[k-i]
			}
		}
	}
	return v
}

// raw is coordinate d of point n, before scrambling.
func raw(n uint32, d int) uint32 {
	x := uint32(0)
	for k := 0; n != 0; k, n = k+1, n>>1 {
		if n&1 == 1 {
			x ^= directions[d][k]
		}
	}
	return x
}

// Point is the n-th point, from 0, in d dimensions. Each coordinate is uniform over the seeds, and points of the same seed are
// a Sobol' sequence. Beyond Dims dimensions, further groups of Dims use the same directions, each in an order of its own
// (Burley 2020, section 5): even within a group, unrelated between two.
func Point(n uint32, d int, seed uint64) []float64 {
	u := make([]float64, d)
	for i := range u {
		k := n
		if group := i / Dims; group > 0 {
			k = scramble(n, mix(seed, uint64(group), 1))
		}
		u[i] = (float64(scramble(raw(k, i%Dims), mix(seed, uint64(i), 0))) + 0.5) / (1 << 32)
	}
	return u
}

// scramble flips each binary digit or not, which depends on the digits before it and the key: nested uniform scrambling.
func scramble(x uint32, key uint64) uint32 {
	out := uint32(0)
	for k := range 32 {
		prefix := uint64(x) >> (32 - k) // the k digits before this one
		flip := uint32(mix(key, prefix, uint64(k)) >> 63)
		out = out<<1 | (x >> (31 - k) & 1) ^ flip
	}
	return out
}

// mix is a hash of three numbers: the finalizer of SplitMix64 (Steele et al. 2014) after each.
func mix(a, b, c uint64) uint64 {
	for _, v := range [2]uint64{b, c} {
		a += 0x9e3779b97f4a7c15 * (v + 1)
		a = (a ^ a>>30) * 0xbf58476d1ce4e5b9
		a = (a ^ a>>27) * 0x94d049bb133111eb
		a ^= a >> 31
	}
	return a
}
