package tpe

import "math"

// scorer evaluates a mixture at many points. It holds what that needs anew for each, and keeps the kernels of the coordinates
// that have finitely many values: points share those.
type scorer struct {
	mixture *Mixture
	terms   []float64               // (n+1)
	buffer  []float64               // (n+1)
	known   []float64               // room for n+1
	memo    []map[float64][]float64 // one a coordinate, kernels (n+1) by value; nil for a continuum
}

func newScorer(m *Mixture) *scorer {
	n := len(m.logw)
	s := &scorer{mixture: m, terms: make([]float64, n), buffer: make([]float64, n), known: make([]float64, 0, n),
		memo: make([]map[float64][]float64, len(m.columns))}
	for d, dim := range m.tree.Dims {
		if dim.Choices > 0 || dim.Cell != nil {
			s.memo[d] = map[float64][]float64{}
		}
	}
	return s
}

// logDensity is the logarithm of the density at x.
func (s *scorer) logDensity(x []float64) float64 {
	copy(s.terms, s.mixture.logw)
	for d, v := range x {
		if math.IsNaN(v) || s.mixture.tree.Dims[d].Fixed {
			continue
		}
		if c, ok := s.mixture.columns[d].(*normals); ok && c.whole {
			c.add(v, s.terms)
			continue
		}
		for i, t := range s.kernels(d, v) {
			s.terms[i] += t
		}
	}
	return logSumExp(s.terms)
}

// kernels is the logarithms of the kernels of a coordinate at v. It is overwritten by the next call.
func (s *scorer) kernels(d int, v float64) []float64 {
	if s.memo[d] == nil {
		s.mixture.columns[d].logs(v, s.buffer)
		s.fill(s.buffer)
		return s.buffer
	}
	out, ok := s.memo[d][v]
	if !ok {
		out = make([]float64, len(s.buffer))
		s.mixture.columns[d].logs(v, out)
		s.fill(out)
		s.memo[d][v] = out
	}
	return out
}

// fill replaces a kernel that is NaN, because its observation lacks the coordinate, by the mean of those that are not, the
// prior's always being one.
func (s *scorer) fill(logs []float64) {
	s.known = s.known[:0]
	for _, t := range logs {
		if !math.IsNaN(t) {
			s.known = append(s.known, t)
		}
	}
	if len(s.known) == len(logs) {
		return
	}
	mean := logSumExp(s.known) - math.Log(float64(len(s.known)))
	for i, t := range logs {
		if math.IsNaN(t) {
			logs[i] = mean
		}
	}
}
