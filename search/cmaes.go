package search

import (
	"math"
	"math/rand/v2"
	"slices"

	"automl/search/cmaes"
	"automl/trial"
)

// CMAES is the covariance matrix adaptation evolution strategy (see package cmaes), for studies of many trials: about a hundred
// for each parameter and more.
//
// Trials are told in blocks of their numbers, a generation each, whoever proposed them: enqueued ones count like all others.
// The first block is points of a Sobol' sequence and what was enqueued; the search begins around the best of it. A proposal is
// drawn from the distribution that follows from all blocks that are over at that moment, so nobody waits for a generation to
// end, and the distribution is a function of the record and the seed of the study alone. After a search has converged, another
// one begins with generations twice as large.
type CMAES struct {
	history *history
	dims    []cmaes.Dim
	lambda  int
	told    []generation // a memo of what the record says
	buffer  []told
}

var _ Sampler = (*CMAES)(nil)

// generation is a block of trials that is over, and the distribution that follows from it and those before.
type generation struct {
	results []told // of the block
	best    rank   // of all since the start or the last restart
	after   *cmaes.Distribution
}

// told is one trial of a generation.
type told struct {
	trial *trial.Trial
	rank  rank
}

// NewCMAES makes a CMA-ES sampler for a valid space.
func NewCMAES(s Space) *CMAES {
	c := &CMAES{history: newHistory(s)}
	codec, active := c.history.codec, 0
	for d, dim := range codec.Dims() {
		e := cmaes.Dim{Choices: dim.Choices, Fixed: dim.Values == 1}
		if dim.Choices == 0 && dim.Values > 1 {
			e.Cell = func(x float64) (low, high float64) {
				_, low, high = codec.Cell(d, x)
				return low, high
			}
		}
		if !e.Fixed {
			active++
		}
		c.dims = append(c.dims, e)
	}
	c.lambda = cmaes.Lambda(active)
	return c
}

// Sample proposes a configuration that no trial has; ErrExhausted when there is none.
func (c *CMAES) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	h := c.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	h.score(s)
	distribution := c.replay(s)
	if distribution == nil {
		return h.quasi(sampled(s), s.Study.Seed, source)
	}
	for range h.layout.draws(maxTries) {
		values := h.codec.decode(distribution.Sample(source))
		if h.pool != nil {
			return h.nearest(values)
		}
		if h.fresh(values) {
			return h.layout.params(values), nil
		}
	}
	return h.any(source)
}

// maxTries is how often a point is drawn before a random one is taken: where all that is likely has a trial.
const maxTries = 100

// replay is the distribution after all blocks that are over; nil before the first one is.
func (c *CMAES) replay(s *trial.State) *cmaes.Distribution {
	var last *generation
	from, size := 0, c.lambda
	for g := 0; ; g++ {
		c.buffer = c.results(c.buffer[:0], from, size)
		if !c.over(len(c.buffer), from, size) {
			c.told = c.told[:g]
			break
		}
		if g == len(c.told) || !slices.Equal(c.told[g].results, c.buffer) {
			c.told = append(c.told[:g], c.next(s, last, slices.Clone(c.buffer), uint64(g)))
		}
		last = &c.told[g]
		from, size = from+size, last.after.Lambda()
	}
	if last == nil {
		return nil
	}
	return last.after
}

// over reports whether a block with n results is over: it has all of them, or half of them and all of the next block are there.
// A result that is that late counts once it comes.
func (c *CMAES) over(n, from, size int) bool {
	switch {
	case from+size > len(c.history.records) || n == 0:
		return false
	case n == size:
		return true
	}
	return 2*n >= size && len(c.results(nil, from+size, size)) == size
}

// results appends the trials of a block that have one: that are over, or paused, or went on after a pause.
func (c *CMAES) results(out []told, from, size int) []told {
	records := c.history.records
	for i := from; i < min(from+size, len(records)); i++ {
		t := records[i].trial
		if t.Status.Terminal() || t.Status == trial.PausedState || t.Attempts > 1 && t.Epochs > 0 {
			out = append(out, told{t, c.history.standing(i)})
		}
	}
	return out
}

// standing is where a trial ranks in its generation: those that got further come first, since they have gone on as the better
// ones, then those of a lower loss there. Those that failed or have no finite value are the worst.
func (h *history) standing(i int) rank {
	r := &h.records[i]
	if !r.scored() {
		return rank{number: i}
	}
	return rank{number: i, reach: r.reach, loss: r.own}
}

// next is the generation that a block makes after the last one.
func (c *CMAES) next(s *trial.State, last *generation, results []told, g uint64) generation {
	ranking := slices.Clone(results)
	slices.SortFunc(ranking, func(a, b told) int {
		if a.rank.before(b.rank) {
			return -1
		}
		return 1 // no two are equal
	})
	var points []cmaes.Point
	for _, t := range ranking {
		if x := c.history.records[t.rank.number].x; x != nil {
			points = append(points, cmaes.Point{X: x, Source: rand.New(rand.NewPCG(s.Study.Seed^pointStream, uint64(t.rank.number)))})
		}
	}
	best := ranking[0].rank
	if last == nil {
		return generation{results, best, cmaes.New(c.dims, points, c.lambda)}
	}
	improved := best.before(last.best)
	if !improved {
		best = last.best
	}
	after := last.after.Next(points, improved)
	if after.Converged() {
		after = after.Restart(rand.New(rand.NewPCG(s.Study.Seed^restartStream, g)))
		best = rank{number: math.MaxInt} // worse than any
	}
	return generation{results, best, after}
}

// Streams of random numbers apart from those of proposals (Source).
const (
	pointStream   = 0x706f696e74
	restartStream = 0x72657374617274
)
