package search

import (
	"slices"

	"automl/trial"
	"automl/trial/pareto"
)

// vectors is the losses of the trials of a study in all its objectives: what history knows of the leading one alone. It is a
// memo too, brought up to date by sync.
type vectors struct{ rows []vector }

// vector is one trial.
type vector struct {
	trial  *trial.Trial
	epochs int            // of the trial when reach and own were computed
	reach  trial.Resource // how far it has values, at most to the end of the search's ladder
	own    []float64      // losses at reach, nil when one of them is missing
	level  trial.Resource // where at was computed
	at     []float64      // losses at level
}

// sync takes in the trials of the state and what they have reported.
func (v *vectors) sync(s *trial.State) {
	for i := range v.rows {
		if i >= len(s.Trials) || v.rows[i].trial != s.Trials[i] {
			v.rows = nil
			break
		}
	}
	for _, t := range s.Trials[len(v.rows):] {
		v.rows = append(v.rows, vector{trial: t})
	}
	full := s.Study.Shape.Full()
	for i := range v.rows {
		r := &v.rows[i]
		if r.epochs == r.trial.Epochs {
			continue
		}
		r.epochs, r.reach, r.level = r.trial.Epochs, r.trial.Done, trial.Resource{}
		if full.Less(r.reach) {
			r.reach = full
		}
		r.own = lossesAt(s, r.trial, r.reach)
	}
}

// lossesAt is the losses of a trial at a resource, nil when it lacks one there.
func lossesAt(s *trial.State, t *trial.Trial, at trial.Resource) []float64 {
	scores, ok := t.ScoresAt(s.Study, at)
	if !ok {
		return nil
	}
	return s.Study.Losses(scores)
}

// scored reports whether the trial has values: one that failed counts as having none.
func (r *vector) scored() bool { return r.trial.Status != trial.Fail && r.own != nil }

// atLevel is the losses at a resource the trial has reached.
func (r *vector) atLevel(s *trial.State, level trial.Resource) []float64 {
	if r.level != level {
		r.level, r.at = level, lossesAt(s, r.trial, level)
	}
	return r.at
}

// ended is how many trials have values, and how many failed without.
func (v *vectors) ended() (scored, failed int) {
	for i := range v.rows {
		switch r := &v.rows[i]; {
		case r.scored():
			scored++
		case r.trial.Status == trial.Fail:
			failed++
		}
	}
	return scored, failed
}

// ready reports whether so many trials have ended, and at least one has values.
func (v *vectors) ready(startup int) bool {
	scored, failed := v.ended()
	return scored > 0 && scored+failed >= startup
}

// level is the furthest resource that at least least of the trials with values have reached.
func (v *vectors) level(s trial.Shape, least int) trial.Resource {
	count := make([]int, s.Units(s.Full())+1)
	for i := range v.rows {
		if r := &v.rows[i]; r.scored() {
			count[s.Units(r.reach)]++
		}
	}
	units := len(count) - 1
	for reached := count[units]; units > 0 && reached < least; reached += count[units] {
		units--
	}
	return s.At(units)
}

// best is up to n trials with values, by number, best first by non-dominated sorting and crowding. They are compared at equal
// resource alone: at the furthest one that half as many have reached; those left behind come after, the ones that got further
// first.
func (v *vectors) best(s *trial.State, n int) []int {
	scored, _ := v.ended()
	level := v.level(s.Study.Shape, (min(n, scored)+1)/2)
	groups := map[trial.Resource][]int{}
	var order []trial.Resource
	for i := range v.rows {
		r := &v.rows[i]
		if !r.scored() {
			continue
		}
		at := r.reach
		if level.Less(at) {
			at = level
		}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], i)
	}
	slices.SortFunc(order, func(a, b trial.Resource) int { return b.Compare(a) })
	var out []int
	for _, at := range order {
		if len(out) >= n {
			break
		}
		out = append(out, v.sorted(s, groups[at], at)...)
	}
	return out[:min(n, len(out))]
}

// sorted is trials that are compared at one resource, best first. One without a value there, which it had further on, is left
// out.
func (v *vectors) sorted(s *trial.State, numbers []int, at trial.Resource) []int {
	var kept []int
	var y [][]float64
	for _, i := range numbers {
		if losses := v.rows[i].atLevel(s, at); losses != nil {
			kept, y = append(kept, i), append(y, losses)
		}
	}
	order := pareto.ByCrowding(y)
	for k, i := range order {
		order[k] = kept[i]
	}
	return order
}
