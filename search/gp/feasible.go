package gp

import "math/rand/v2"

// feasible reports whether x may be proposed.
func (s *Space) feasible(x []float64) bool { return s.Feasible == nil || s.Feasible(x) }

// rejections is how many points are looked at for each one that is wanted, where not all are feasible.
const rejections = 20

// spread is n feasible points spread evenly over the space, fewer where those are rare.
func (m *Model) spread(n int, source *rand.Rand) [][]float64 {
	if m.space.Feasible == nil {
		return m.placed(n, source)
	}
	var out [][]float64
	for range rejections {
		for _, x := range m.placed(n, source) {
			if m.space.Feasible(x) && len(out) < n {
				out = append(out, x)
			}
		}
		if len(out) == n {
			break
		}
	}
	return out
}

// placed is n points spread evenly.
func (m *Model) placed(n int, source *rand.Rand) [][]float64 {
	out := make([][]float64, 0, n)
	for _, u := range halton(n, len(m.space.Dims), source) {
		out = append(out, m.space.place(u))
	}
	return out
}

// near is perturb until it gives a feasible point; nil when it does not.
func (m *Model) near(x []float64, width float64, source *rand.Rand) []float64 {
	for range rejections {
		if y := m.perturb(x, width, source); m.space.feasible(y) {
			return y
		}
	}
	return nil
}

// halvings is how often the step from a feasible point to one that is not is halved.
const halvings = 8

// retreat moves the free coordinates of x, which is not feasible, back towards those of from, which is: as far as it must by
// halving the step.
func (s *Space) retreat(x, from []float64, free []int) {
	to := pick(x, free)
	share, width := 0.0, 1.0
	for range halvings {
		width /= 2
		for i, d := range free {
			x[d] = from[i] + (share+width)*(to[i]-from[i])
		}
		if s.Feasible(x) {
			share += width
		}
	}
	for i, d := range free {
		x[d] = from[i] + share*(to[i]-from[i])
	}
}
