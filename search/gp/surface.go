package gp

import (
	"math"
	"math/rand/v2"
)

// What acquisitions of other packages need: a model of each objective, the points to try, and points near those.

// Predict is the mean and the variance of the objective at points (q x d), without the noise of an observation, in units of the
// warped outputs: those are standardized. The variance knows of the pending points. Both are nil before the first success.
func (m *Model) Predict(x [][]float64) (mean, variance []float64) {
	if m.objective == nil {
		return nil, nil
	}
	mean, variance = make([]float64, len(x)), make([]float64, len(x))
	m.objective.batch(m.objective.kernel.embed(x), mean, variance)
	return mean, variance
}

// LogSuccess is the logarithm of the probability that a trial at each point (q x d) does not fail; nil where none has failed.
func (m *Model) LogSuccess(x [][]float64) []float64 {
	if m.failure == nil {
		return nil
	}
	mean, variance := make([]float64, len(x)), make([]float64, len(x))
	m.failure.batch(m.failure.kernel.embed(x), mean, variance)
	s := scorer{Model: m}
	for i := range mean {
		mean[i], _, _ = s.feasible(mean[i], variance[i])
	}
	return mean
}

// Explorer makes points of a space to try.
type Explorer struct {
	space *Space
	elite *Model // of which the points and their order are looked at, and nothing else
}

// NewExplorer makes one around the best points known so far, best first (n x d).
func NewExplorer(s *Space, best [][]float64) *Explorer {
	order := make([]int, len(best))
	for i := range order {
		order[i] = i
	}
	return &Explorer{s, &Model{space: s, x: best, order: order}}
}

// Candidates are global points, spread evenly over the space, and local ones near the best.
func (e *Explorer) Candidates(global, local int, source *rand.Rand) [][]float64 {
	out := e.elite.candidates(global, 0, source)
	for i := range local {
		if len(e.elite.x) == 0 {
			break
		}
		out = append(out, e.Near(e.elite.x[source.IntN(len(e.elite.x))], widths[i%len(widths)], source))
	}
	return out
}

// Near is a feasible point that differs from x in some coordinates, by normal steps of the given width where they are numbers; x
// itself where none was found.
func (e *Explorer) Near(x []float64, width float64, source *rand.Rand) []float64 {
	if y := e.elite.near(x, width, source); y != nil {
		return y
	}
	return x
}

// Same reports whether two points are equal, coordinates that are absent included.
func Same(a, b []float64) bool {
	for d := range a {
		if a[d] != b[d] && !(math.IsNaN(a[d]) && math.IsNaN(b[d])) {
			return false
		}
	}
	return true
}
