package trial

import (
	"cmp"
	"slices"
)

// Counts is how many trials are in each state.
func (s *State) Counts() map[Status]int {
	out := map[Status]int{}
	for _, t := range s.Trials {
		out[t.Status]++
	}
	return out
}

// Open is how many attempts are out: queued or leased.
func (s *State) Open() int {
	n := 0
	for _, t := range s.Trials {
		if t.Open != nil {
			n++
		}
	}
	return n
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

// EpochsFull is what the trials so far would have cost, in epochs, had each been trained in full.
func (s *State) EpochsFull() int { return len(s.Trials) * s.Study.Shape.Folds * s.Study.Shape.Epochs }

// Ranked is the complete trials, best first, by all folds they have: those with more folds (confirmed ones) before those with
// fewer, equal values by number. A trial without a finite value is left out.
func (s *State) Ranked() []*Trial {
	return s.ranked(func(t *Trial) Resource { return t.Done })
}

// RankedAt is the complete trials by their value at one resource, best first, equal values by number.
func (s *State) RankedAt(at Resource) []*Trial {
	return s.ranked(func(*Trial) Resource { return at })
}

func (s *State) ranked(at func(*Trial) Resource) []*Trial {
	var out []*Trial
	loss := map[*Trial]float64{}
	for _, t := range s.Trials {
		if t.Status != Complete {
			continue
		}
		if score, ok := t.ScoreAt(s.Study.Objective, s.Study.Shape, at(t)); ok {
			loss[t] = s.Study.Objective.Loss(score.Value)
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *Trial) int {
		return cmp.Or(cmp.Compare(at(b).Fold, at(a).Fold), cmp.Compare(loss[a], loss[b]))
	})
	return out
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
