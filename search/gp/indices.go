package gp

import "automl/search/sobol"

// Indices are how much of the variance of the model's mean over the space comes from a group of coordinates.
type Indices struct {
	Main  float64 // first-order index: from the group alone, in [0, 1]
	Total float64 // total index: from the group and from what it does together with others, in [0, 1], at least Main
}

// indexPoints is how many points an index rests on, a power of two as Sobol' points want it.
const indexPoints = 1024

// Indices are the Sobol' indices of groups of coordinates: the functional ANOVA of the objective's mean, every coordinate being uniform
// and independent of the others; conditional ones count where they exist. First-order by Saltelli et al. 2010 (Computer Physics
// Communications 181, table 2 (b)), total by Jansen 1999 (f), from indexPoints points and as many again for each group. All are 0
// where the mean is the same everywhere.
func (m *Model) Indices(groups [][]int, seed uint64) []Indices {
	d := len(m.space.Dims)
	a, b := make([][]float64, indexPoints), make([][]float64, indexPoints)
	for i := range a {
		u := sobol.Point(uint32(i), 2*d, seed)
		a[i], b[i] = u[:d], u[d:]
	}
	fa, fb := m.meansAt(a), m.meansAt(b)
	both := append(append([]float64{}, fa...), fb...)
	center := sum(both) / float64(len(both))
	variance := 0.0
	for _, v := range both {
		variance += (v - center) * (v - center) / float64(len(both))
	}
	out := make([]Indices, len(groups))
	if !(variance > 1e-12) {
		return out
	}
	for g, group := range groups {
		mixed := make([][]float64, indexPoints) // a with the group of b
		for i := range mixed {
			mixed[i] = append([]float64{}, a[i]...)
			for _, k := range group {
				mixed[i][k] = b[i][k]
			}
		}
		main, total := 0.0, 0.0
		for i, v := range m.meansAt(mixed) {
			main += (fb[i] - center) * (v - fa[i]) / indexPoints
			total += (fa[i] - v) * (fa[i] - v) / (2 * indexPoints)
		}
		q := &out[g]
		q.Total = min(total/variance, 1)
		q.Main = min(max(main/variance, 0), q.Total) // a sample's may lie a little outside
	}
	return out
}

// meansAt is the objective's mean at points of the unit cube.
func (m *Model) meansAt(u [][]float64) []float64 {
	x := make([][]float64, len(u))
	for i := range u {
		x[i] = m.space.place(u[i])
	}
	mean, bound := make([]float64, len(x)), make([]float64, len(x))
	m.base.means(m.base.kernel.embed(x), mean, bound)
	return mean
}

// Predicts is the share of the variance of n outputs that the model foretells from the other n-1, by leaving each out (Rasmussen &
// Williams 2006, equation 5.12): 1 is all of it, 0 or less nothing. False where the posterior is none of all outputs or there are none.
func (m *Model) Predicts() (share float64, ok bool) {
	g := m.base
	if g == nil || g.u != nil || g.m == 0 {
		return 0, false
	}
	inverse := newMatrix(g.m)
	invert(g.l, newMatrix(g.m), inverse)
	square := 0.0
	for i, a := range g.alpha {
		left := a / inverse.row(i)[i]
		square += left * left / float64(g.m)
	}
	if square == 0 { // all outputs are the same, and there is nothing to foretell
		return 0, true
	}
	return 1 - square, true // outputs are standardized
}
