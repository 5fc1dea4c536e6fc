package search

import (
	"automl/trial"
)

// guesses are what trials that were left behind would be worth at level: the values where they stand, moved by what the trials
// that went on have gained from there to level on average. What these differ by is the noise of the guess.
type guesses struct {
	level  trial.Resource
	needed bool // some trial was left behind
	shift  map[trial.Resource]shift
	width  int // objectives
}

// shift is (m), the mean gain and its variance.
type shift struct{ mean, variance []float64 }

// guesses looks at the trials that have values.
func (v *vectors) guesses(s *trial.State, level trial.Resource) guesses {
	g := guesses{level: level, shift: map[trial.Resource]shift{}, width: len(s.Study.Objectives())}
	for i := range v.rows {
		r := &v.rows[i]
		if !r.scored() || !r.reach.Less(level) {
			continue
		}
		g.needed = true
		if _, known := g.shift[r.reach]; !known {
			g.shift[r.reach] = v.gain(s, r.reach, level, g.width)
		}
	}
	return g
}

// gain is from one resource to another, over the trials that have values at both.
func (v *vectors) gain(s *trial.State, from, to trial.Resource, width int) shift {
	var there []int
	for i := range v.rows {
		if r := &v.rows[i]; r.scored() && !r.reach.Less(to) {
			there = append(there, i)
		}
	}
	var gains [][]float64
	for _, i := range thin(there, maxPairs) {
		r := &v.rows[i]
		before, after := lossesAt(s, r.trial, from), r.atLevel(s, to)
		if before == nil || after == nil {
			continue
		}
		gain := make([]float64, width)
		for j := range gain {
			gain[j] = after[j] - before[j]
		}
		gains = append(gains, gain)
	}
	out := shift{make([]float64, width), make([]float64, width)}
	for j := range width {
		for _, g := range gains {
			out.mean[j] += g[j] / float64(len(gains))
		}
		for _, g := range gains {
			out.variance[j] += (g[j] - out.mean[j]) * (g[j] - out.mean[j]) / float64(len(gains))
		}
	}
	return out
}

// of is the losses of a trial at the level and the variances of their errors; nil for a trial without values.
func (g guesses) of(s *trial.State, r *vector) (losses, noise []float64) {
	noise = make([]float64, g.width)
	if !r.scored() {
		return nil, noise
	}
	if !r.reach.Less(g.level) {
		return r.atLevel(s, g.level), noise
	}
	by := g.shift[r.reach]
	losses = make([]float64, g.width)
	for j := range losses {
		losses[j] = r.own[j] + by.mean[j]
	}
	return losses, by.variance
}
