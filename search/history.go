package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"automl/trial"
)

// history is what a sampler remembers of the trials it was shown, so that a study of ten thousand is not encoded and scored
// again for each proposal. It is a memo and nothing else: everything in it follows from the state, and a state that does not
// continue the last one replaces it.
type history struct {
	mu      sync.Mutex
	layout  *layout
	codec   *Codec
	freeze  []freezeParts
	records []record
	seen    map[string]struct{} // keys of all configurations of the study
	hyper   hyper
	pool    *pool // the candidates; nil when the space has none
}

// record is one trial.
type record struct {
	trial  *trial.Trial
	x      []float64      // nil when the configuration does not fit the space
	epochs int            // of the trial when reach and own were computed; its curves only grow, and each growth adds to Epochs
	reach  trial.Resource // how far it has values, at most to the end of the search's ladder
	own    float64        // loss at reach, +Inf when there is none
	level  trial.Resource // where loss was computed
	loss   float64        // loss at level, +Inf when there is none
	passed []passed       // losses at stations, which never change once a trial has passed them
}

type passed struct {
	at   trial.Resource
	loss float64
}

func newHistory(s Space) *history {
	l := newLayout(s)
	h := &history{layout: l, codec: newCodec(l), freeze: l.freezeParts(), seen: map[string]struct{}{}}
	if s.Candidates != nil {
		h.pool = newPool(s, l)
		h.pool.encode(h.codec)
	}
	return h
}

// sync takes in the trials of the state.
func (h *history) sync(s *trial.State) {
	// A state never changes which trial has a number, so that the last one tells whether it is the state of before.
	if last := len(h.records) - 1; last >= 0 && (last >= len(s.Trials) || h.records[last].trial != s.Trials[last]) {
		h.records = nil
		clear(h.seen)
		h.pool.release()
	}
	for _, t := range s.Trials[len(h.records):] {
		r := record{trial: t, own: math.Inf(1)}
		if values, err := h.fits(t); err == nil {
			key := h.layout.key(values, h.freeze)
			h.seen[key] = struct{}{}
			h.pool.take(key)
			if x, err := h.codec.encode(values); err == nil {
				r.x = x
			}
		}
		h.records = append(h.records, r)
	}
}

// fits is the configuration of a trial, if it is one of the space. A probe seldom is: it has its own parameters in place of those that
// are searched, and says nothing about them then.
func (h *history) fits(t *trial.Trial) ([]any, error) {
	values, err := h.layout.values(t.Params)
	if err == nil && t.Origin == trial.FromProbe {
		err = h.layout.settle(values)
	}
	return values, err
}

// score brings the values of all trials up to date.
func (h *history) score(s *trial.State) {
	full := s.Study.Shape.Full()
	for i := range h.records {
		r := &h.records[i]
		if r.epochs == r.trial.Epochs {
			continue
		}
		r.epochs, r.reach, r.level = r.trial.Epochs, r.trial.Done, trial.Resource{}
		if full.Less(r.reach) { // folds beyond those of the search confirm a trial
			r.reach = full
		}
		r.own = lossAt(s, r.trial, r.reach)
	}
}

// lossAt is the loss of a trial at a resource, +Inf when it has none there.
func lossAt(s *trial.State, t *trial.Trial, at trial.Resource) float64 {
	score, ok := t.ScoreAt(s.Study.Objective, s.Study.Shape, at)
	if !ok {
		return math.Inf(1)
	}
	return s.Study.Objective.Loss(score.Value)
}

// scored reports whether the trial has a value: one that failed counts as having none.
func (r *record) scored() bool { return r.trial.Status != trial.Fail && !math.IsInf(r.own, 1) }

// lossAtLevel is the loss at a resource the trial has reached.
func (r *record) lossAtLevel(s *trial.State, level trial.Resource) float64 {
	if r.level != level {
		r.level, r.loss = level, lossAt(s, r.trial, level)
	}
	return r.loss
}

// lossAtStation is lossAt, remembered.
func (h *history) lossAtStation(s *trial.State, r *record, at trial.Resource) float64 {
	if r.reach == at {
		return r.own
	}
	for _, p := range r.passed {
		if p.at == at {
			return p.loss
		}
	}
	loss := lossAt(s, r.trial, at)
	if !r.reach.Less(at) {
		r.passed = append(r.passed, passed{at, loss})
	}
	return loss
}

// fresh reports whether the configuration satisfies the constraints and no trial of the study has it.
func (h *history) fresh(values []any) bool {
	if !h.layout.permits(values) {
		return false
	}
	_, seen := h.seen[h.layout.key(values, h.freeze)]
	return !seen
}

// Bounds of the search for a configuration that no trial has.
const (
	maxDraws = 1000 // at random, before a finite space is enumerated
	maxRest  = 256  // configurations an enumeration collects to choose from
)

// unseen is up to n random configurations that no trial of the study has, at least one unless the space is exhausted. When
// draws keep hitting what is known, few are left, and a finite space is enumerated: it ends early, because each
// configuration passed over is one of the study's.
func (h *history) unseen(n int, source *rand.Rand) ([][]any, error) {
	var out [][]any
	for range max(h.layout.draws(maxDraws), n) {
		values := make([]any, len(h.layout.parameters))
		h.layout.place(cube(len(values), source), values)
		if h.fresh(values) {
			out = append(out, values)
		}
		if len(out) == n {
			return out, nil
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	rare := fmt.Errorf("%w, but for some that are too rare to find in %d random draws", ErrExhausted, h.layout.draws(maxDraws))
	if !h.layout.finite() {
		return nil, rare
	}
	out, all := h.rest()
	switch {
	case len(out) == 0 && all:
		return nil, ErrExhausted
	case len(out) == 0:
		return nil, rare
	}
	source.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(n, len(out))], nil
}

// rest is the first configurations, in the order of enumeration, that no trial has; false when the enumeration gave up.
func (h *history) rest() (out [][]any, all bool) {
	for values := range h.layout.all() {
		if values == nil {
			return out, false
		}
		if h.fresh(values) {
			out = append(out, slices.Clone(values))
		}
		if len(out) == maxRest {
			break
		}
	}
	return out, true
}
