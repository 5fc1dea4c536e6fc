package search

import (
	"math"
	"math/rand/v2"

	"automl/search/sobol"
	"automl/trial"
)

// quasi is the configuration at the n-th point of the study's scrambled Sobol' sequence, or at the first one after it that no
// trial has; the candidate nearest to the n-th point, where there are candidates. When many points in a row are taken, a finite
// space is nearly used up, and the choice falls on one of those that are left.
func (h *history) quasi(n int, seed uint64, source *rand.Rand) (trial.Params, error) {
	values := make([]any, len(h.layout.parameters))
	for i := range h.layout.draws(maxDraws) {
		clear(values)
		h.layout.place(sobol.Point(uint32(n+i), len(values), seed), values)
		if h.pool != nil {
			return h.nearest(values)
		}
		if h.fresh(values) {
			return h.layout.params(values), nil
		}
	}
	return h.any(source)
}

// nearest is the candidate that no trial has and that is nearest to a configuration.
func (h *history) nearest(values []any) (trial.Params, error) {
	free, err := h.pool.free()
	if err != nil {
		return nil, err
	}
	goal, err := h.codec.encode(values)
	if err != nil {
		return nil, err
	}
	best, least := free[0], math.Inf(1)
	for _, i := range free {
		if d := h.codec.distance(goal, h.pool.x[i]); d < least {
			best, least = i, d
		}
	}
	return h.pool.params[best], nil
}

// sampled is how many trials of a study come from a sampler.
func sampled(s *trial.State) int {
	n := 0
	for _, t := range s.Trials {
		if t.Origin == trial.FromSampler {
			n++
		}
	}
	return n
}
