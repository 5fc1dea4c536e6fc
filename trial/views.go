package trial

import (
	"cmp"
	"math"
	"slices"

	"automl/trial/pareto"
)

// Counts is how many trials are in each state.
func (s *State) Counts() map[Status]int {
	out := map[Status]int{}
	for _, t := range s.Trials {
		out[t.Status]++
	}
	return out
}

// EpochsRun is how many epochs of the search folds were reported, and EpochsFull what the same trials would have cost without
// pruning.
func (s *State) EpochsRun() int {
	n := 0
	for _, t := range s.Trials {
		n += t.Epochs
	}
	return n
}

// EpochsFull is what the trials so far would have cost, in epochs, had each been trained in full. A probe is in full what it is.
func (s *State) EpochsFull() int {
	n := 0
	for _, t := range s.Trials {
		if t.Origin == FromProbe {
			n += t.Epochs
		} else {
			n += s.Study.Shape.Units(s.Study.Shape.Full())
		}
	}
	return n
}

// Cache is what keeping the activations of frozen blocks brought, all trials together.
func (s *State) Cache() CacheUse {
	var sum CacheUse
	for _, t := range s.Trials {
		sum.Add(t.Cache)
	}
	return sum
}

// Probe is the yardstick of the study; nil: there is none, or not yet.
func (s *State) Probe() *Trial {
	for _, t := range s.Trials {
		if t.Origin == FromProbe {
			return t
		}
	}
	return nil
}

// Ranked is the complete trials, best first, by all folds they have: those with more folds (confirmed ones) before those with
// fewer, equal values by number. A trial without a finite value is left out. With several objectives the trials of the front
// come first, then those of the front that is left without them, and so on; within a front those that are the best compromise,
// nearest to the point that has the best value of each objective (pareto.ByCompromise).
func (s *State) Ranked() []*Trial {
	return s.ranked(func(t *Trial) Resource { return t.Done })
}

// RankedAt is the complete trials by their value at one resource, best first, in the order of Ranked.
func (s *State) RankedAt(at Resource) []*Trial {
	return s.ranked(func(*Trial) Resource { return at })
}

func (s *State) ranked(at func(*Trial) Resource) []*Trial {
	all := s.completeAt(at)
	slices.SortStableFunc(all, func(a, b valued) int {
		return cmp.Or(cmp.Compare(at(b.Trial).Fold, at(a.Trial).Fold), cmp.Compare(a.losses[0], b.losses[0]))
	})
	out := make([]*Trial, 0, len(all))
	for len(all) > 0 {
		equal := 1 // so many have as many folds
		for equal < len(all) && at(all[equal].Trial).Fold == at(all[0].Trial).Fold {
			equal++
		}
		for _, i := range compromise(all[:equal]) {
			out = append(out, all[i].Trial)
		}
		all = all[equal:]
	}
	return out
}

// valued is a trial with its losses in all objectives.
type valued struct {
	*Trial
	losses []float64
}

// completeAt is the complete trials that have a finite value of every objective, by number.
func (s *State) completeAt(at func(*Trial) Resource) []valued {
	var out []valued
	for _, t := range s.Trials {
		if t.Status != Complete {
			continue
		}
		if scores, ok := t.ScoresAt(s.Study, at(t)); ok {
			out = append(out, valued{t, s.Study.Losses(scores)})
		}
	}
	return out
}

func losses(all []valued) [][]float64 {
	out := make([][]float64, len(all))
	for i, v := range all {
		out[i] = v.losses
	}
	return out
}

// compromise is the positions best first; of one objective they are sorted already.
func compromise(all []valued) []int {
	if len(all[0].losses) > 1 {
		return pareto.ByCompromise(losses(all))
	}
	out := make([]int, len(all))
	for i := range out {
		out[i] = i
	}
	return out
}

// Front is the complete trials that no other complete one beats: that is nowhere worse and somewhere better. They are compared
// at the end of the search's folds, and stand in the order of the leading objective, the best first. Trials with equal values
// are all in it.
func (s *State) Front() []*Trial {
	all := s.completeAt(func(*Trial) Resource { return s.Study.Shape.Full() })
	var front []valued
	for _, i := range pareto.Front(losses(all)) {
		front = append(front, all[i])
	}
	slices.SortStableFunc(front, func(a, b valued) int { return slices.Compare(a.losses, b.losses) })
	out := make([]*Trial, len(front))
	for i, v := range front {
		out[i] = v.Trial
	}
	return out
}

// Hypervolume is the volume that the front dominates up to a reference point (pareto.Hypervolume), which it returns too, in the
// units of the metrics: of each objective the worst value that a complete trial has, made worse by a tenth of their range. It
// moves when a trial is worse than all before, so it measures a study and not its progress. 0 and nil without a complete trial.
func (s *State) Hypervolume() (volume float64, reference []float64) {
	y := losses(s.completeAt(func(*Trial) Resource { return s.Study.Shape.Full() }))
	if len(y) == 0 {
		return 0, nil
	}
	for j, o := range s.Study.Objectives() {
		low, high := y[0][j], y[0][j]
		for _, p := range y {
			low, high = min(low, p[j]), max(high, p[j])
		}
		reference = append(reference, o.Loss(min(high+(high/10-low/10), math.MaxFloat64)))
	}
	turned := make([]float64, len(reference))
	for j, o := range s.Study.Objectives() {
		turned[j] = o.Loss(reference[j])
	}
	volume = pareto.Hypervolume(y, turned)
	if math.IsInf(volume, 0) || math.IsNaN(volume) {
		return 0, reference // values near the end of the range: JSON has no infinity
	}
	return volume, reference
}

// Best is the winner so far: the first of Ranked, or nil.
func (s *State) Best() *Trial {
	if r := s.Ranked(); len(r) > 0 {
		return r[0]
	}
	return nil
}

// Leader is the incumbent to show while a study runs: the winner so far or, before any trial is complete, the trial with the
// best value among those with the most finished folds. Nil when nothing was reported.
func (s *State) Leader() *Trial {
	if t := s.Best(); t != nil {
		return t
	}
	var best *Trial
	var score Score
	for _, t := range s.Trials {
		v, ok := t.Score(s.Study.Objective, s.Study.Shape)
		if !ok || t.Status == Fail {
			continue
		}
		further := cmp.Compare(len(v.Folds), len(score.Folds))
		if best == nil || further > 0 || further == 0 && s.Study.Objective.Better(v.Value, score.Value) {
			best, score = t, v
		}
	}
	return best
}
