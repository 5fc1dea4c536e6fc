package search

import (
	"math/rand/v2"

	"automl/trial"
)

// Random draws configurations uniformly, parents before their children, or one of the candidates. Where there are priors, every
// other one comes from them. It takes nothing from results.
type Random struct{ history *history }

var _ Sampler = (*Random)(nil)

// NewRandom makes a random sampler for a valid space.
func NewRandom(s Space) *Random { return &Random{newHistory(s)} }

// Sample draws a configuration that no trial has; ErrExhausted when there is none.
func (r *Random) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	r.history.mu.Lock()
	defer r.history.mu.Unlock()
	r.history.sync(s)
	if values := r.history.layout.drawn(len(s.Trials), source); values != nil {
		if p, ok := r.history.offer(values); ok {
			return p, nil
		}
	}
	return r.history.any(source)
}

// any is a random configuration that no trial has, one of the candidates where there are some.
func (h *history) any(source *rand.Rand) (trial.Params, error) {
	if h.pool != nil {
		free, err := h.pool.free()
		if err != nil {
			return nil, err
		}
		return h.pool.params[free[source.IntN(len(free))]], nil
	}
	found, err := h.unseen(1, source)
	if err != nil {
		return nil, err
	}
	return h.layout.params(found[0]), nil
}
