package search

import (
	"math"

	"automl/search/gp"
	"automl/trial"
)

// maxPending is how many pending trials a model looks at, evenly over the study.
const maxPending = 48

// observations are the trials of a study as a Gaussian process sees them. Values are only compared at equal resource: at level,
// the furthest one that enough trials have reached. For trials that were left behind, level is guessed from where they stand,
// see guess. A trial without a value failed if it is over, otherwise it is pending.
func (h *history) observations(s *trial.State) gp.Observations {
	n := h.scored()
	level := h.level(s.Study.Shape, min(n, max(len(h.codec.dims)+1, n/5)))
	var o gp.Observations
	var at, pending []int
	behind := false
	for i := range h.records {
		r := &h.records[i]
		switch {
		case r.x == nil:
			continue
		case !r.scored() && !r.trial.Status.Terminal():
			pending = append(pending, i)
			continue
		}
		y := math.NaN()
		if r.scored() {
			y = r.lossAtLevel(s, level)
			behind = behind || r.reach.Less(level)
		}
		at, o.X, o.Y = append(at, i), append(o.X, r.x), append(o.Y, y)
	}
	for _, i := range thin(pending, maxPending) {
		o.Pending = append(o.Pending, h.records[i].x)
	}
	if behind {
		h.guess(s, level, at, &o)
	}
	return o
}
