package search

import (
	"math/rand/v2"

	"automl/search/nsga2"
	"automl/trial"
)

// NSGA2 is the genetic algorithm NSGA-II (see package nsga2), for one objective or several. It knows nothing of generations: a
// proposal is a child of the best trials at that moment, by non-dominated sorting and crowding, whoever proposed them, so nobody
// waits for a generation to end. It begins with points of a Sobol' sequence.
type NSGA2 struct {
	size    int // of the population; 0: it grows with the study
	startup int
	history *history
	values  vectors
	space   nsga2.Space
}

var _ Sampler = (*NSGA2)(nil)

// NewNSGA2 makes an NSGA-II sampler for a valid space.
func NewNSGA2(cfg Config, s Space) *NSGA2 {
	n := &NSGA2{size: cfg.Population, startup: cfg.Startup, history: newHistory(s)}
	if n.startup == 0 {
		n.startup = nsga2Startup
	}
	codec := n.history.codec
	n.space.Active = codec.Active
	for _, dim := range codec.Dims() {
		n.space.Dims = append(n.space.Dims, nsga2.Dim{Choices: dim.Choices, Fixed: dim.Values == 1})
	}
	return n
}

// nsga2Startup is how many trials have to end before one is a child of others, unless the configuration says so.
const nsga2Startup = 20

// Bounds of a population that grows with the study: a sixth of the trials with values. At a hundred trials, populations of 12 led
// to larger hypervolumes than those of 8, 20 and 30 (ZDT1, ZDT2, DTLZ2 and a mixed space).
const (
	leastPopulation = 12
	mostPopulation  = 50
)

// Sample proposes a configuration that no trial has; ErrExhausted when there is none.
func (n *NSGA2) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	h := n.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	n.values.sync(s)
	if !n.values.ready(n.startup) {
		return h.quasi(sampled(s), s.Study.Seed, source)
	}
	return n.propose(s, source)
}

// propose makes a child of the best trials.
func (n *NSGA2) propose(s *trial.State, source *rand.Rand) (trial.Params, error) {
	h, population := n.history, n.population(s)
	for range maxTries {
		if len(population) == 0 {
			break
		}
		values := h.codec.decode(n.space.Child(population, source))
		if h.pool != nil {
			return h.nearest(values)
		}
		if h.fresh(values) {
			return h.layout.params(values), nil
		}
	}
	return h.any(source)
}

// population is the best trials whose configuration fits the space, encoded, best first.
func (n *NSGA2) population(s *trial.State) [][]float64 {
	size := n.size
	if size == 0 {
		scored, _ := n.values.ended()
		size = min(max(scored/6, leastPopulation), mostPopulation)
	}
	var out [][]float64
	for _, i := range n.values.best(s, size) {
		if x := n.history.records[i].x; x != nil {
			out = append(out, x)
		}
	}
	return out
}
