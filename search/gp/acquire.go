package gp

import (
	"cmp"
	"math"
	"slices"
)

// scorer evaluates the acquisition, the logarithm of the expected improvement times the probability that the trial does not
// fail, and the tilts. Not for concurrent use.
type scorer struct {
	*Model
	objective, failure *query
	byC, part          []float64
}

func (m *Model) scorer() *scorer {
	s := &scorer{Model: m, part: make([]float64, len(m.space.Dims))}
	if m.objective != nil {
		s.objective = m.objective.newQuery()
		s.byC = make([]float64, len(s.objective.c))
	}
	if m.failure != nil {
		s.failure = m.failure.newQuery()
	}
	return s
}

// Acquisition is the value at x, to be maximized.
func (m *Model) Acquisition(x []float64) float64 { return m.scorer().value(x) }

func (s *scorer) value(x []float64) float64 {
	total := 0.0
	if s.objective != nil {
		mean, variance := s.Model.objective.at(x, s.objective)
		total, _, _ = s.improvement(mean, variance, s.objective.c, nil)
	}
	if s.failure != nil {
		mean, variance := s.Model.failure.at(x, s.failure)
		v, _, _ := s.feasible(mean, variance)
		total += v
	}
	return total + s.tilted(x, nil)
}

// grad is value with its gradient by the coordinates in [0, 1].
func (s *scorer) grad(x, grad []float64) float64 {
	clear(grad)
	total := 0.0
	if s.objective != nil {
		mean, variance := s.Model.objective.at(x, s.objective)
		v, m, d := s.improvement(mean, variance, s.objective.c, s.byC)
		total = v
		s.Model.objective.pull(x, s.objective, m, d, s.byC, grad)
	}
	if s.failure != nil {
		mean, variance := s.Model.failure.at(x, s.failure)
		v, m, d := s.feasible(mean, variance)
		total += v
		s.Model.failure.pull(x, s.failure, m, d, nil, s.part)
		axpy(1, s.part, grad)
	}
	return total + s.tilted(x, grad)
}

// feasible is the logarithm of the probability of success, and its derivatives by the mean and the variance of the label.
func (s *scorer) feasible(mean, variance float64) (value, byMean, byVar float64) {
	sd := math.Sqrt(variance + s.Model.failure.kernel.p.Noise)
	z := (mean - s.threshold) / sd
	value, slope := logCDF(z)
	return value, slope / sd, -slope * z / (2 * sd * sd)
}

// together is how many candidates have their variance computed at once.
const together = 64

// Rank is the positions of the best candidates (c x d), at most top, best first. All candidates have their mean computed; the
// variance, which is the expensive part, only those that could still be among the best if it were as large as their most
// informative observation allows, for the expected improvement grows with the variance.
func (m *Model) Rank(candidates [][]float64, top int) []int {
	bounds := m.bounds(candidates)
	order := make([]int, len(candidates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(bounds[b], bounds[a]) })
	var best []ranked
	for from := 0; from < len(order); from += together {
		part := order[from:min(from+together, len(order))]
		if len(best) == top && bounds[part[0]] < best[top-1].value {
			break
		}
		for i, v := range m.values(pick(candidates, part)) {
			best = append(best, ranked{part[i], v})
		}
		slices.SortFunc(best, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.at, b.at)) })
		best = best[:min(top, len(best))]
	}
	out := make([]int, len(best))
	for i, b := range best {
		out[i] = b.at
	}
	return out
}

type ranked struct {
	at    int
	value float64
}

// bounds are values that the acquisition does not exceed.
func (m *Model) bounds(x [][]float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = m.tilted(x[i], nil)
	}
	if m.objective == nil {
		return out
	}
	mean, variance := make([]float64, len(x)), make([]float64, len(x))
	m.objective.means(m.objective.kernel.embed(x), mean, variance)
	for i := range out {
		v, _, _ := LogEI(mean[i], math.Sqrt(variance[i]), m.best)
		out[i] += v
	}
	return out
}

// values are the acquisition of a batch.
func (m *Model) values(x [][]float64) []float64 {
	out := make([]float64, len(x))
	mean, variance := make([]float64, len(x)), make([]float64, len(x))
	if m.objective != nil {
		rest := m.objective.batch(m.objective.kernel.embed(x), mean, variance)
		c := make([]float64, m.objective.points.n-m.objective.m)
		for i := range out {
			for j := range c {
				c[j] = rest[j*len(x)+i]
			}
			out[i], _, _ = m.improvement(mean[i], variance[i], c, nil)
		}
	}
	if m.failure != nil {
		m.failure.batch(m.failure.kernel.embed(x), mean, variance)
		s := scorer{Model: m}
		for i := range out {
			v, _, _ := s.feasible(mean[i], variance[i])
			out[i] += v
		}
	}
	for i := range out {
		out[i] += m.tilted(x[i], nil)
	}
	return out
}
