package search

import (
	"cmp"
	"math"

	"automl/trial"
)

// rank is where a trial stands among those that have a value.
type rank struct {
	number int
	reach  trial.Resource
	loss   float64
}

// before orders trials, best first: those that got further, then those with the lower loss there, then the older ones.
func (a rank) before(b rank) bool {
	return cmp.Or(b.reach.Compare(a.reach), cmp.Compare(a.loss, b.loss), cmp.Compare(a.number, b.number)) < 0
}

// split divides the trials of a study, by number: the best quantile(n) of the n that have a value are good, all others bad.
//
// Values are only compared at equal resource. All trials that got as far as level, the furthest resource that at least least
// trials and twice as many as are good have reached, are compared there, by what they were worth there; they come before those that were left behind, of
// which the ones that got further come first. That is BOHB's choice of fidelity (Falkner et al. 2018) with Optuna's use of the
// weaker trials: they still say where it is bad. Trials that failed or have no value yet are bad, the latter so that parallel
// proposals spread (the constant liar).
func (h *history) split(s *trial.State, least int, quantile func(n int) int) (good, bad, pending []int) {
	n := h.scored()
	top := quantile(n)
	level := h.level(s.Study.Shape, min(n, max(least, 2*top)))
	best := make([]rank, 0, top+1)
	isGood := make([]bool, len(h.records))
	for i := range h.records {
		if r := &h.records[i]; r.x != nil && r.scored() {
			best = insert(best, r.rank(s, i, level), top)
		}
	}
	for _, b := range best {
		good = append(good, b.number)
		isGood[b.number] = true
	}
	for i := range h.records {
		r := &h.records[i]
		switch {
		case r.x == nil || isGood[i]:
		case !r.scored() && !r.trial.Status.Terminal():
			pending = append(pending, i)
		default:
			bad = append(bad, i)
		}
	}
	return good, bad, pending
}

func (r *record) rank(s *trial.State, number int, level trial.Resource) rank {
	if r.reach.Less(level) {
		return rank{number, r.reach, r.own}
	}
	return rank{number, level, r.lossAtLevel(s, level)}
}

// insert puts r into its place among the best n; a loss of +Inf has none.
func insert(best []rank, r rank, n int) []rank {
	if math.IsInf(r.loss, 1) {
		return best
	}
	i := len(best)
	for i > 0 && r.before(best[i-1]) {
		i--
	}
	if i == n {
		return best
	}
	best = append(best, rank{})
	copy(best[i+1:], best[i:])
	best[i] = r
	return best[:min(len(best), n)]
}

// scored is how many trials have a value.
func (h *history) scored() int {
	n := 0
	for i := range h.records {
		if r := &h.records[i]; r.x != nil && r.scored() {
			n++
		}
	}
	return n
}

// level is the furthest resource that at least least of the trials with a value have reached.
func (h *history) level(s trial.Shape, least int) trial.Resource {
	count := make([]int, s.Units(s.Full())+1)
	for i := range h.records {
		if r := &h.records[i]; r.x != nil && r.scored() {
			count[s.Units(r.reach)]++
		}
	}
	units := len(count) - 1
	for reached := count[units]; units > 0 && reached < least; reached += count[units] {
		units--
	}
	return s.At(units)
}
