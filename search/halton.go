package search

import "math/rand/v2"

// halton is the n-th point (from 0) of a randomized Halton sequence in d dimensions: the n-th point's digits in the base of
// each dimension's prime, mirrored at the point, each digit put through its own random permutation (Owen 2017,
// arXiv:1706.02808). Each coordinate is uniform, and together the first points fill the cube more evenly than random ones.
func halton(n, d int, seed uint64) []float64 {
	u := make([]float64, d)
	for i, b := range primes(d) {
		source := rand.New(rand.NewPCG(seed, uint64(i)+1<<32)) // apart from the streams of trials, which are numbered from 0
		scale := 1.0
		for rest := n; scale > 1e-16; rest /= b {
			scale /= float64(b)
			u[i] += scale * float64(source.Perm(b)[rest%b])
		}
		u[i] = min(u[i], 1-1e-16)
	}
	return u
}

// primes are the first n.
func primes(n int) []int {
	out := make([]int, 0, n)
	for c := 2; len(out) < n; c++ {
		prime := true
		for _, p := range out {
			if p*p > c {
				break
			}
			if c%p == 0 {
				prime = false
				break
			}
		}
		if prime {
			out = append(out, c)
		}
	}
	return out
}
