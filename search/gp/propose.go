package gp

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// climbs is how many candidates are starts of a local search.
const climbs = 5

// Propose is at most n points, best first, none of them observed or pending unless nothing else was found: the candidates of
// highest acquisition, improved by local search.
func (m *Model) Propose(n int, source *rand.Rand) [][]float64 {
	global, local := m.effort()
	found := m.candidates(global, local, source)
	if m.objective == nil && m.failure == nil {
		return m.distinct(found, n)
	}
	found = m.distinct(found, len(found))
	top := pick(found, m.Rank(found, max(n, 4*climbs)))
	s := m.scorer()
	type result struct {
		x     []float64
		value float64
	}
	var results []result
	for i, x := range top {
		if i < climbs {
			y := append([]float64(nil), x...)
			results = append(results, result{y, s.climb(y)})
		}
		results = append(results, result{x, s.value(x)})
	}
	slices.SortStableFunc(results, func(a, b result) int { return cmp.Compare(b.value, a.value) })
	points := make([][]float64, len(results))
	for i, r := range results {
		points[i] = r.x
	}
	return m.distinct(points, n)
}

// effort is how many candidates are worth their time: fewer where the posterior rests on many points.
func (m *Model) effort() (global, local int) {
	d := m.space.free()
	n := 256 + 32*min(d, 16)
	if m.objective != nil && m.objective.m > 100 {
		n = max(n*100/m.objective.m, 256)
	}
	return n, n / 2
}

// distinct is the first n of the points that are neither known nor stand before; where there are none, the first n of all.
func (m *Model) distinct(x [][]float64, n int) [][]float64 {
	seen := make(map[uint64]bool, len(x))
	var fresh [][]float64
	for _, p := range x {
		if k := digestPoint(p); !m.known[k] && !seen[k] {
			seen[k], fresh = true, append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		fresh = x
	}
	return fresh[:min(n, len(fresh))]
}
