package gp

import "math"

// share adds what noises have in common to a covariance: the errors e of two observations at x and y, of variances a and b, have the
// covariance Shared min(a, b) k(x, y)/Scale. The errors of a value that was carried further are part of those of one that
// was not, so this is a sum of independent functions of x with the function's own kernel (autoregressive co-kriging, Kennedy and
// O'Hagan 2000), of which a share of 1 - Shared is noise.
func share(gram matrix, noise []float64, p Params) {
	if noise == nil || p.Shared == 0 {
		return
	}
	for i := range gram.n {
		for j := range i {
			gram.data[i*gram.n+j] *= 1 + p.Shared*min(noise[i], noise[j])/p.Scale
			gram.data[j*gram.n+i] = gram.data[i*gram.n+j]
		}
	}
}

// density is the logarithm of the density of outputs, up to a constant.
func (g *Posterior) density(y []float64) float64 {
	out := 0.0
	for i, v := range y {
		out -= 0.5*(v-g.kernel.p.Mean)*g.alpha[i] + math.Log(g.l.row(i)[i])
	}
	return out
}

// shared are the values of Params.Shared that are tried.
var shared = [...]float64{0, 0.3, 0.6, 0.9}

// fitShared sets Params.Shared to the value of highest likelihood, all else being as it was fitted without.
func fitShared(s *Space, p *Params, x [][]float64, z, noise []float64) {
	if noise == nil {
		return
	}
	if most := stages[len(stages)-1].observations; len(x) > most {
		chosen := representatives(z, most)
		x, z, noise = pick(x, chosen), pick(z, chosen), pick(noise, chosen)
	}
	best := math.Inf(-1)
	most := 0.0
	for _, w := range shared {
		q := *p
		q.Shared = w
		if g := NewPosterior(s, q, x, z, noise); g != nil {
			if v := g.density(z); v > best {
				best, most = v, w
			}
		}
	}
	p.Shared = most
}

// left is the share of the variance of the objective at x that observing it there with each of the given noises leaves. The
// observation shares noise with those near it, and all of it with the own-th one, which it takes the place of; own is -1 for a
// new point.
func (g *Posterior) left(x []float64, own int, noises, out []float64) {
	q := g.newQuery()
	_, v := g.at(x, q)
	p := g.kernel.p
	if g.noise == nil || g.u != nil || p.Shared == 0 {
		g.leftAlone(v, own, noises, out)
		return
	}
	base := append([]float64(nil), q.k[:g.m]...)
	c := make([]float64, g.m)
	for k, n := range noises {
		for j, b := range base {
			c[j] = b * (1 + p.Shared*min(n, g.noise[j])/p.Scale)
		}
		if own >= 0 {
			c[own] = p.Scale + min(n, g.noise[own])
		}
		solveLower(g.l, c)
		variance := p.Scale + n - dot(c, c) + 1e-9*p.Scale
		both := p.Scale - dot(c, q.v)
		out[k] = max(0, 1-both*both/(variance*v))
	}
}

// leftAlone is left where no noise is shared, which the sparse posterior knows nothing about anyway: precisions add, and that of the own-th
// observation is in the variance v already.
func (g *Posterior) leftAlone(v float64, own int, noises, out []float64) {
	known := 0.0
	if own >= 0 && g.noise != nil {
		known = 1 / max(g.noise[own], leastNoise)
	}
	for k, n := range noises {
		out[k] = 1 / (1 + v*max(1/max(n, leastNoise)-known, 0))
	}
}

// leastNoise stands for none.
const leastNoise = 1e-12
