package search

import (
	"math/rand/v2"

	"automl/search/ehvi"
	"automl/search/gp"
	"automl/trial"
)

// EHVI is Bayesian optimization of several objectives: it proposes the configuration whose expected hypervolume improvement on
// the front so far is highest (see package ehvi), pending trials and the probability of a failure considered.
//
// It begins as NSGA2 does, and hands over to it once so many trials have values that the models no longer pay for their time.
type EHVI struct {
	startup int
	nsga    *NSGA2 // shares the history and the values
	history *history
	values  *vectors
	space   gp.Space
	caches  []*gp.Cache
}

var _ Sampler = (*EHVI)(nil)

// NewEHVI makes an EHVI sampler for a valid space.
func NewEHVI(cfg Config, s Space) *EHVI {
	n := NewNSGA2(cfg, s)
	e := &EHVI{startup: cfg.withDefaults().Startup, nsga: n, history: n.history, values: &n.values}
	e.space = modelSpace(e.history.codec)
	return e
}

// Sample proposes a configuration that no trial has; ErrExhausted when there is none.
func (e *EHVI) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	h := e.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	e.values.sync(s)
	if scored, _ := e.values.ended(); scored > maxModelled {
		return e.nsga.propose(s, source)
	}
	if !e.values.ready(e.startup) {
		return h.quasi(sampled(s), s.Study.Seed, source)
	}
	model := ehvi.NewModel(e.observations(s))
	if h.pool != nil {
		return h.bestOfPool(model.Rank)
	}
	for _, x := range model.Propose(maxProposed, source) {
		if values := h.codec.decode(x); h.fresh(values) {
			return h.layout.params(values), nil
		}
	}
	return h.bestOfRandom(model.Rank, source)
}

// observations are the trials as the models see them. Values are only compared at equal resource: at level, the furthest one that
// enough trials have reached. A trial that was left behind is guessed there, see guessed. A trial without values failed if it is
// over, otherwise it is pending.
func (e *EHVI) observations(s *trial.State) ehvi.Observations {
	scored, _ := e.values.ended()
	level := e.values.level(s.Study.Shape, min(scored, max(len(e.space.Dims)+1, scored/5)))
	for len(e.caches) < len(s.Study.Objectives()) {
		e.caches = append(e.caches, &gp.Cache{})
	}
	o := ehvi.Observations{Space: &e.space, Caches: e.caches[:len(s.Study.Objectives())]}
	guess := e.values.guesses(s, level)
	var pending []int
	for i := range e.values.rows {
		r, x := &e.values.rows[i], e.history.records[i].x
		switch {
		case x == nil:
			continue
		case !r.scored() && !r.trial.Status.Terminal():
			pending = append(pending, i)
			continue
		}
		y, noise := guess.of(s, r)
		o.X, o.Y = append(o.X, x), append(o.Y, y)
		if guess.needed {
			o.Noise = append(o.Noise, noise)
		}
	}
	for _, i := range thin(pending, maxPending) {
		o.Pending = append(o.Pending, e.history.records[i].x)
	}
	return o
}

// maxDims is how many parameters a space may have for auto to model it: the models of wider ones know little after a hundred
// trials, and take their time.
const maxDims = 60

// newSeveral is what auto picks for several objectives.
func newSeveral(cfg Config, s Space) Sampler {
	if len(s.Parameters) > maxDims {
		return NewNSGA2(cfg, s)
	}
	return NewEHVI(cfg, s)
}
