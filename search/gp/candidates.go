package gp

import (
	"math"
	"math/rand/v2"
)

// candidates are global points, spread evenly over the space, and perturbations of the best observed ones.
func (m *Model) candidates(global, local int, source *rand.Rand) [][]float64 {
	out := m.spread(global, source)
	parents := m.order[:min(len(m.order), elite)]
	for i := range local {
		if len(parents) == 0 {
			break
		}
		// The best has half of them, the second a quarter, and so on.
		rank := 0
		for rank < len(parents)-1 && source.IntN(2) == 0 {
			rank++
		}
		width := widths[i%len(widths)]
		if x := m.near(m.x[parents[rank]], width, source); x != nil {
			out = append(out, x)
		}
	}
	return out
}

// elite is how many of the best observations have perturbations, widths the standard deviations of these: of all scales, so
// that no trust region has to be kept.
const elite = 5

var widths = [...]float64{0.2, 0.1, 0.05, 0.02, 0.01, 0.003}

// perturb changes some coordinates of x, at least one: each with a probability that leaves few changed in many dimensions
// (Regis & Shoemaker 2013; TuRBO, Eriksson et al. 2019, arXiv:1910.01739).
func (m *Model) perturb(x []float64, width float64, source *rand.Rand) []float64 {
	out := append([]float64(nil), x...)
	free := m.space.free()
	probability := min(1, 8/float64(max(free, 1)))
	if source.IntN(2) == 0 {
		probability = min(1, 2/float64(max(free, 1)))
	}
	for changed, tries := false, 0; !changed && tries < 20; tries++ {
		for d, dim := range m.space.Dims {
			if !dim.fixed() && !math.IsNaN(x[d]) && source.Float64() < probability {
				out[d] = dim.mutate(x[d], width, source)
				changed = changed || out[d] != x[d]
			}
		}
	}
	m.space.settle(out, m.donor(out, source))
	return out
}

// mutate is a value near v: a normal step, of levels at least one; of a categorical coordinate any other choice, seldom.
func (d Dim) mutate(v, width float64, source *rand.Rand) float64 {
	switch {
	case d.Choices > 0:
		if source.Float64() > 0.5 {
			return v
		}
		return math.Mod(v+1+float64(source.IntN(d.Choices-1)), float64(d.Choices))
	case d.Levels != nil:
		i := d.nearest(v)
		step := int(math.Round(source.NormFloat64() * width * float64(len(d.Levels))))
		if step == 0 {
			step = 2*source.IntN(2) - 1
		}
		return d.Levels[min(max(i+step, 0), len(d.Levels)-1)]
	}
	v += width * source.NormFloat64()
	if v < 0 || v > 1 {
		v = min(max(v, 0), 1)
	}
	return v
}

// donor is what fills in coordinates that came into being: of the best observations, the first that has all of them, or a
// random point.
func (m *Model) donor(x []float64, source *rand.Rand) []float64 {
	for _, i := range m.order[:min(len(m.order), 50)] {
		if m.covers(m.x[i], x) {
			return m.x[i]
		}
	}
	if source == nil {
		return nil
	}
	u := make([]float64, len(x))
	for d, dim := range m.space.Dims {
		u[d] = dim.value(source.Float64())
	}
	return u
}

// covers reports whether the donor has every coordinate that x must have and lacks.
func (m *Model) covers(donor, x []float64) bool {
	for d := range x {
		if math.IsNaN(x[d]) && math.IsNaN(donor[d]) && m.space.active(x, d) {
			return false
		}
	}
	return true
}
