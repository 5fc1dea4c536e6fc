package gp

import "math/rand/v2"

// halton is the first n points of a randomized Halton sequence in d dimensions: every digit goes through a random permutation
// of its own, and what follows the last digit is random (Owen 2017, arXiv:1706.02808).
func halton(n, d int, source *rand.Rand) [][]float64 {
	out := make([][]float64, n)
	flat := make([]float64, n*d)
	for i := range out {
		out[i] = flat[i*d : (i+1)*d]
	}
	for j, base := range primes(d) {
		var digits [][]int
		for reach := 1; reach < n; reach *= base {
			digits = append(digits, source.Perm(base))
		}
		for i := range n {
			scale, rest, u := 1.0, i, 0.0
			for _, p := range digits {
				scale /= float64(base)
				u += scale * float64(p[rest%base])
				rest /= base
			}
			out[i][j] = min(u+scale*source.Float64(), 1-1e-16)
		}
	}
	return out
}

// primes are the first n.
func primes(n int) []int {
	out := make([]int, 0, n)
next:
	for c := 2; len(out) < n; c++ {
		for _, p := range out {
			if c%p == 0 {
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}
