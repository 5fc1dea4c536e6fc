package search

import (
	"math/rand/v2"

	"automl/trial"
)

// Random draws configurations uniformly, parents before their children, or one of the candidates. It takes nothing from results.
type Random struct{ history *history }

var _ Sampler = (*Random)(nil)

// NewRandom makes a random sampler for a valid space.
func NewRandom(s Space) *Random { return &Random{newHistory(s)} }

// Sample draws a configuration that no trial has; ErrExhausted when there is none.
func (r *Random) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	r.history.mu.Lock()
	defer r.history.mu.Unlock()
	r.history.sync(s)
	if pool := r.history.pool; pool != nil {
		free, err := pool.free()
		if err != nil {
			return nil, err
		}
		return pool.params[free[source.IntN(len(free))]], nil
	}
	found, err := r.history.unseen(1, source)
	if err != nil {
		return nil, err
	}
	return r.history.layout.params(found[0]), nil
}
