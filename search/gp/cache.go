package gp

import "math"

// Cache keeps what was computed for the last observations, so that a proposal that follows another is cheap. It is a memo: a
// model made with an empty cache is the same, so a caller that restarts begins with an empty one. It is not safe for
// concurrent use.
type Cache struct{ objective, failure memo }

// memo is the last hyperparameters and the last posterior, each with a digest of what it was made from.
type memo struct {
	fitted, made uint64
	params       Params
	last         *Posterior
}

// posterior is the posterior of outputs y with variances noise. Its hyperparameters are those of the first Schedule(n)
// observations, so they depend on the observations and not on when the cache was asked.
func (c *memo) posterior(s *Space, x [][]float64, y, noise []float64, opt Options) *Posterior {
	made := digest(x, y, noise, opt)
	if c.last != nil && c.made == made {
		return c.last
	}
	n := Schedule(len(y))
	if opt.Params != nil && !opt.labels {
		c.params = *opt.Params
	} else if n == len(y) {
		c.fit(made, s, x, y, noise, opt)
	} else {
		c.fit(digest(x[:n], y[:n], first(noise, n), opt), s, x[:n], y[:n], first(noise, n), opt)
	}
	z := opt.Warp.Apply(y)
	g := posterior(s, c.params, x, z, carried(noise, y, z))
	for noisy := c.params; g == nil && noisy.Noise < 1; { // the most that can be done about a singular covariance
		noisy.Noise = min(noisy.Noise*100, 1)
		g = posterior(s, noisy, x, z, carried(noise, y, z))
	}
	c.made, c.last = made, g
	return g
}

func (c *memo) fit(key uint64, s *Space, x [][]float64, y, noise []float64, opt Options) {
	if c.params.Length != nil && c.fitted == key {
		return
	}
	z := opt.Warp.Apply(y)
	c.params, c.fitted = Fit(s, x, z, carried(noise, y, z), opt.InputWarp), key
	if opt.labels {
		c.params.smooth(s)
	}
}

// FitSuccesses are the hyperparameters of those of the observations that did not fail.
func FitSuccesses(s *Space, o Observations, opt Options) Params {
	var x [][]float64
	var y, noise []float64
	for i, v := range o.Y {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			x, y = append(x, o.X[i]), append(y, v)
			if o.Noise != nil {
				noise = append(noise, o.Noise[i])
			}
		}
	}
	z := opt.Warp.Apply(y)
	p := Fit(s, x, z, carried(noise, y, z), opt.InputWarp)
	fitShared(s, &p, x, z, carried(noise, y, z))
	return p
}

// Schedule is how many of n observations the hyperparameters are fitted on: all up to 40, then the last step of a ladder that
// grows by a sixteenth.
func Schedule(n int) int {
	s := 40
	for s < n && s+s/16 <= n {
		s += s / 16
	}
	return min(s, n)
}

// carried is the variances of y in the units of its warped values z.
func carried(noise, y, z []float64) []float64 {
	if noise == nil {
		return nil
	}
	out := slopes(y, z)
	for i, v := range out {
		out[i] = v * v * noise[i]
		if !(out[i] >= 0) || math.IsInf(out[i], 1) {
			out[i] = 0
		}
	}
	return out
}

func first(v []float64, n int) []float64 {
	if v == nil {
		return nil
	}
	return v[:n]
}

// hash is FNV-1a, a word at a time.
type hash uint64

const emptyHash hash = 14695981039346656037

func (h *hash) add(v ...float64) {
	for _, f := range v {
		if f != f {
			f = math.MaxFloat64 // NaNs differ in their bits
		}
		*h ^= hash(math.Float64bits(f))
		*h *= 1099511628211
		*h ^= *h >> 29
	}
}

func digestPoint(x []float64) uint64 {
	h := emptyHash
	h.add(x...)
	return uint64(h)
}

// digest is of everything that a posterior is made from.
func digest(x [][]float64, y, noise []float64, opt Options) uint64 {
	h := emptyHash
	h.add(float64(opt.Warp), float64(len(x)))
	if opt.InputWarp {
		h.add(1)
	}
	if p := opt.Params; p != nil {
		h.add(p.Shared, p.Gap, p.Scale, p.Noise, p.Mean)
		h.add(p.Length...)
		h.add(p.A...)
		h.add(p.B...)
	}
	for _, row := range x {
		h.add(row...)
	}
	h.add(y...)
	h.add(noise...)
	return uint64(h)
}
