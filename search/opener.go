package search

import (
	"math/rand/v2"

	"automl/trial"
)

// opener proposes some configurations before a sampler takes over: the mode of the priors, then the best of what is known from
// elsewhere. Each that no trial has is proposed once.
type opener struct {
	Sampler
	history *history
	known   []*source // of results
}

// bestKnown is how many of the known results are tried first.
const bestKnown = 3

// open puts what is known beforehand before a sampler. A grid stays one.
func open(cfg Config, s Space, sampler Sampler) Sampler {
	h := newHistory(s)
	if _, grid := sampler.(*Grid); grid || h.layout.beliefs == nil && len(cfg.Known) == 0 {
		return sampler
	}
	return &opener{sampler, h, h.sources(cfg.Known)}
}

// Sample proposes the next of the first configurations, or what the sampler does.
func (o *opener) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	if sampled(s) > bestKnown {
		return o.Sampler.Sample(s, source)
	}
	o.history.mu.Lock()
	defer o.history.mu.Unlock()
	o.history.sync(s)
	for _, values := range o.first(s) {
		if p, ok := o.history.offer(values); ok {
			return p, nil
		}
	}
	return o.Sampler.Sample(s, source)
}

// offer is the configuration if it may be proposed, where there are candidates the one that means the same.
func (h *history) offer(values []any) (trial.Params, bool) {
	if !h.fresh(values) {
		return nil, false
	}
	if h.pool == nil {
		return h.layout.params(values), true
	}
	i, ok := h.pool.at[h.layout.key(values, h.freeze)]
	if !ok {
		return nil, false
	}
	return h.pool.params[i], true
}

// first is the configurations in their order.
func (o *opener) first(s *trial.State) [][]any {
	var out [][]any
	if values, ok := o.history.layout.mode(Source(s.Study.Seed^modeStream, 0)); ok {
		out = append(out, values)
	}
	for place, best := 0, 0; best < bestKnown; place++ { // the best of each source, then the second best of each
		some := false
		for _, k := range o.known {
			k.rank(s.Study.Objective)
			if place < len(k.order) && best < bestKnown {
				some = true
				if values := k.values[k.order[place]]; o.history.layout.permits(values) {
					out, best = append(out, values), best+1
				}
			}
		}
		if !some {
			break
		}
	}
	return out
}

// modeStream is apart from the streams of proposals.
const modeStream = 0x6d6f6465
