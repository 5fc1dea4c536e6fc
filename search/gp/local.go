package gp

import "math"

// Efforts of the local search.
const (
	rounds      = 3  // of alternating between continuous and discrete coordinates
	ascentEvals = 20 // of the continuous ones, each round
	fewValues   = 12 // discrete coordinates with at most so many values are tried exhaustively
)

// climb improves x: gradient ascent on what is continuous, alternating with a search of each discrete coordinate, until
// neither helps (as Optuna's GPSampler does). It returns the acquisition at the end.
func (s *scorer) climb(x []float64) float64 {
	value := s.ascend(x)
	for range rounds - 1 {
		after := s.sweep(x, value)
		if !(after > value) {
			break
		}
		value = s.ascend(x)
	}
	return value
}

// ascend moves the continuous coordinates that exist.
func (s *scorer) ascend(x []float64) float64 {
	var free []int
	for d, dim := range s.space.Dims {
		if dim.count() == 0 && !math.IsNaN(x[d]) {
			free = append(free, d)
		}
	}
	if len(free) == 0 {
		return s.value(x)
	}
	full := make([]float64, len(x))
	f := func(v, grad []float64) float64 {
		for i, d := range free {
			x[d] = v[i]
		}
		value := s.grad(x, full)
		for i, d := range free {
			grad[i] = -full[d]
		}
		return -value
	}
	v, low, high := pick(x, free), make([]float64, len(free)), make([]float64, len(free))
	for i := range high {
		high[i] = 1
	}
	start := pick(x, free)
	value := -minimize(f, v, low, high, ascentEvals)
	for i, d := range free {
		x[d] = v[i]
	}
	if !s.space.feasible(x) {
		s.space.retreat(x, start, free)
		value = s.value(x)
	}
	return value
}

// sweep takes, for one discrete coordinate after another, the best of its values.
func (s *scorer) sweep(x []float64, value float64) float64 {
	for d, dim := range s.space.Dims {
		if dim.count() < 2 || math.IsNaN(x[d]) {
			continue
		}
		var best []float64
		for _, v := range dim.others(x[d]) {
			next := s.with(x, d, v)
			if !s.space.feasible(next) {
				continue
			}
			if after := s.value(next); after > value {
				value, best = after, next
			}
		}
		if best != nil {
			copy(x, best)
		}
	}
	return value
}

// with is x with the value v of coordinate d; children that come into being are as in the best observation that has them.
func (s *scorer) with(x []float64, d int, v float64) []float64 {
	next := append([]float64(nil), x...)
	next[d] = v
	s.space.settle(next, s.donor(next, nil))
	return next
}

// others are the values to try in place of v: all, or where there are many the levels at growing distances.
func (d Dim) others(v float64) []float64 {
	var out []float64
	if d.Choices > 0 {
		for c := range d.Choices {
			if float64(c) != v {
				out = append(out, float64(c))
			}
		}
		return out
	}
	at := d.nearest(v)
	for step := 1; step < len(d.Levels); step++ {
		if len(d.Levels) > fewValues && step&(step-1) != 0 {
			continue
		}
		if at-step >= 0 {
			out = append(out, d.Levels[at-step])
		}
		if at+step < len(d.Levels) {
			out = append(out, d.Levels[at+step])
		}
	}
	return out
}
