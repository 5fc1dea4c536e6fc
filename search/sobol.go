package search

import (
	"math/rand/v2"

	"automl/trial"
)

// Sobol proposes the points of a scrambled Sobol' sequence (see package sobol), which fill the space more evenly than random
// ones. It takes nothing from results. The n-th point depends on the seed of the study and on n alone, n being how many trials
// came from the sampler before; a configuration that has a trial is passed over.
type Sobol struct{ history *history }

var _ Sampler = (*Sobol)(nil)

// NewSobol makes a Sobol' sampler for a valid space.
func NewSobol(s Space) *Sobol { return &Sobol{newHistory(s)} }

// Sample proposes a configuration that no trial has; ErrExhausted when there is none.
func (q *Sobol) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	q.history.mu.Lock()
	defer q.history.mu.Unlock()
	q.history.sync(s)
	return q.history.quasi(sampled(s), s.Study.Seed, source)
}
