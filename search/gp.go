package search

import (
	"math/rand/v2"

	"automl/search/gp"
	"automl/trial"
)

// GP is Bayesian optimization with a Gaussian process (see package gp): it proposes the configuration whose expected improvement
// on the best one is highest, pending trials and the probability of a failure considered. It learns more from each trial than
// TPE does, and takes more time over it.
//
// It begins as TPE does, and it hands over to TPE once so many trials have a value that the model no longer pays for its time.
type GP struct {
	history *history
	tpe     *TPE // shares the history
	space   gp.Space
	cache   gp.Cache
	joined  gp.Cache // of the model that knows results from elsewhere too
	second  gp.Cache // of the other model
}

var _ Sampler = (*GP)(nil)

// maxModelled is how many trials with a value the Gaussian process is used for.
const maxModelled = 1000

// NewGP makes a GP sampler for a valid space.
func NewGP(cfg Config, s Space) *GP {
	t := NewTPE(cfg, s)
	g := &GP{history: t.history, tpe: t}
	g.space = modelSpace(t.history.codec)
	return g
}

// modelSpace is a space as the Gaussian process sees it.
func modelSpace(c *Codec) gp.Space {
	out := gp.Space{Active: c.Active, Feasible: c.feasible()}
	for d := range c.Dims() {
		out.Dims = append(out.Dims, c.modelled(d))
	}
	return out
}

// maxLevels is how many values of a number are told apart; one with more is a continuum to the model.
const maxLevels = 128

// modelled is a coordinate as the Gaussian process sees it.
func (c *Codec) modelled(d int) gp.Dim {
	out := gp.Dim{Choices: c.dims[d].Choices, Conditional: len(c.when[d]) > 0}
	if n := c.dims[d].Values; out.Choices == 0 && n > 0 && n <= maxLevels {
		p := c.layout.parameters[c.layout.order[d]]
		for i := range n {
			out.Levels = append(out.Levels, p.toUnit(p.at(i)))
		}
	}
	return out
}

// Sample proposes a configuration that no trial has; ErrExhausted when there is none.
func (g *GP) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	if g.outgrown(s) {
		return g.tpe.Sample(s, source)
	}
	h := g.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	h.score(s)
	known := h.listen(s, g.tpe.known)
	if !g.tpe.ready() && !informed(known, g.tpe.config.Startup) {
		return g.tpe.start(s, source)
	}
	model := g.model(s, known)
	model.Tilt(h.belief(s))
	model.Tilt(g.tpe.costs.tilt(h, s, g.tpe.config))
	rank := func(points [][]float64) []int { return model.Rank(points, 1) }
	if h.pool != nil {
		return h.bestOfPool(rank)
	}
	for _, x := range model.Propose(maxProposed, source) {
		if values := h.codec.decode(x); h.fresh(values) {
			return h.layout.params(values), nil
		}
	}
	return h.bestOfRandom(rank, source)
}

// model is that of the trials, or where something is known from elsewhere of both. Every second proposal comes from another model
// that sees the same trials differently, so that the search does not hang on what one of them is wrong about.
func (g *GP) model(s *trial.State, known []heard) *gp.Model {
	if len(known) > 0 {
		return g.joint(s, known).Model
	}
	if len(s.Trials)%2 == 0 {
		if m := g.other(s); m != nil {
			return m
		}
	}
	m, _, _ := g.history.model(s, &g.space, &g.cache)
	return m
}

// furthest is how many trials, at least, are modelled alone because they got far; more in a space of many coordinates.
const furthest = 8

// other is the model of those trials that got furthest, as in BOHB (Falkner et al. 2018, arXiv:1807.01774, section 4.1): many short
// trainings outweigh few long ones, and where the order of short ones misleads, so does a model of all. Where all trainings are
// full ones it is of all trials, on a scale on which their values are about normal, which tells mediocre ones from bad ones less and
// good ones from the best more. Nil where too few have got any further than the rest.
func (g *GP) other(s *trial.State) *gp.Model {
	enough := max(furthest, len(g.space.Dims)+2)
	o, f, _ := g.history.observe(s, s.Seq, enough)
	switch {
	case f.furthest(enough) > 0:
		return gp.NewModel(&g.space, o, gp.Options{Warp: gp.Standard}, &g.second)
	case len(f.stations) == 1:
		return gp.NewModel(&g.space, o, gp.Options{Warp: gp.Power}, &g.second)
	}
	return nil
}

// maxProposed is how many points the model proposes, in case the best ones stand for configurations that have a trial.
const maxProposed = 16

// outgrown reports whether the study has too many trials for the model.
func (g *GP) outgrown(s *trial.State) bool {
	h := g.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	h.score(s)
	return h.scored() > maxModelled
}

// bestOfPool is the candidate that no trial has and that ranks first.
func (h *history) bestOfPool(rank func([][]float64) []int) (trial.Params, error) {
	free, points, err := h.pool.points()
	if err != nil {
		return nil, err
	}
	return h.pool.params[free[rank(points)[0]]], nil
}

// bestOfRandom is, of random configurations that no trial has, the one that ranks first.
func (h *history) bestOfRandom(rank func([][]float64) []int, source *rand.Rand) (trial.Params, error) {
	found, err := h.unseen(maxRest, source)
	if err != nil {
		return nil, err
	}
	points := make([][]float64, len(found))
	for i, values := range found {
		if points[i], err = h.codec.encode(values); err != nil {
			return nil, err
		}
	}
	return h.layout.params(found[rank(points)[0]]), nil
}
