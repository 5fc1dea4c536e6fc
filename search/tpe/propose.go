package tpe

import (
	"math/rand/v2"
	"slices"
)

// Tilt is a term that is added to the logarithm of the ratio of densities, something that is known of points beside what was
// observed; nil: none. Its second argument is always nil.
type Tilt = func(x, grad []float64) float64

// rejections is how many draws there are for each candidate, where not all points are feasible.
const rejections = 50

// Propose draws n candidates from the density of the good observations and returns them by falling ratio good(x) / bad(x),
// which orders them by expected improvement (Bergstra et al. 2011, section 4). Fewer, down to none, when most draws are not
// feasible.
func Propose(good, bad *Mixture, n int, tilt Tilt, source *rand.Rand) [][]float64 {
	candidates := make([][]float64, 0, n)
	for range rejections * n {
		if x := good.Sample(source); good.tree.Feasible == nil || good.tree.Feasible(x) {
			candidates = append(candidates, x)
		}
		if len(candidates) == n {
			break
		}
	}
	Rank(good, bad, candidates, tilt)
	return candidates
}

// Rank sorts points by falling ratio good(x) / bad(x), tilted; equal ones keep their order.
func Rank(good, bad *Mixture, points [][]float64, tilt Tilt) {
	type scored struct {
		x     []float64
		ratio float64
	}
	all := make([]scored, len(points))
	for i, r := range LogRatios(good, bad, points, tilt) {
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

// LogRatios is log(good(x) / bad(x)) of each point, tilted.
func LogRatios(good, bad *Mixture, points [][]float64, tilt Tilt) []float64 {
	out := make([]float64, len(points))
	g, b := newScorer(good), newScorer(bad)
	for i, x := range points {
		out[i] = g.logDensity(x) - b.logDensity(x)
		if tilt != nil {
			out[i] += tilt(x, nil)
		}
	}
	return out
}
