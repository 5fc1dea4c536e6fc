package tpe

import (
	"math/rand/v2"
	"slices"
)

// Propose draws n candidates from the density of the good observations and returns them by falling ratio good(x) / bad(x),
// which orders them by expected improvement (Bergstra et al. 2011, section 4).
func Propose(good, bad *Mixture, n int, source *rand.Rand) [][]float64 {
	candidates := make([][]float64, n)
	for i := range candidates {
		candidates[i] = good.Sample(source)
	}
	Rank(good, bad, candidates)
	return candidates
}

// Rank sorts points by falling ratio good(x) / bad(x); equal ones keep their order.
func Rank(good, bad *Mixture, points [][]float64) {
	type scored struct {
		x     []float64
		ratio float64
	}
	all := make([]scored, len(points))
	for i, r := range LogRatios(good, bad, points) {
		all[i] = scored{points[i], r}
	}
	slices.SortStableFunc(all, func(a, b scored) int {
		switch {
		case a.ratio > b.ratio:
			return -1
		case a.ratio < b.ratio:
			return 1
		}
		return 0
	})
	for i, s := range all {
		points[i] = s.x
	}
}

// LogRatios is log(good(x) / bad(x)) of each point.
func LogRatios(good, bad *Mixture, points [][]float64) []float64 {
	out := make([]float64, len(points))
	g, b := newScorer(good), newScorer(bad)
	for i, x := range points {
		out[i] = g.logDensity(x) - b.logDensity(x)
	}
	return out
}
