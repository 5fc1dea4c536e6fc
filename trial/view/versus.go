package view

import "automl/trial"

// Comparison is one trial held against another, fold by fold, over the folds that both have.
type Comparison struct {
	Trial  int     `json:"trial"`  // the other one
	Value  float64 `json:"value"`  // of the other one
	Own    float64 `json:"own"`    // of the trial itself, over the same folds
	Gain   float64 `json:"gain"`   // by how much the trial is better; below 0: worse
	Better int     `json:"better"` // in so many of the folds
	Folds  int     `json:"folds"`
}

// versus holds a trial against another in the leading objective; false when one of them has no value.
func versus(s *trial.State, t, other *trial.Trial) (c Comparison, theirs trial.Score, ok bool) {
	o, shape := s.Study.Objective, s.Study.Shape
	at := t.Done
	if other.Done.Less(at) { // one of the two may be confirmed
		at = other.Done
	}
	own, ok := t.ScoreAt(o, shape, at)
	theirs, known := other.ScoreAt(o, shape, at)
	if !ok || !known {
		return c, theirs, false
	}
	c = Comparison{Trial: other.Number, Value: theirs.Value, Own: own.Value, Gain: o.Loss(theirs.Value) - o.Loss(own.Value), Folds: len(own.Folds)}
	for f, v := range own.Folds {
		if o.Better(v, theirs.Folds[f]) {
			c.Better++
		}
	}
	return c, theirs, true
}

// next is the best complete trial but for one; nil: there is none.
func next(s *trial.State, but *trial.Trial) *trial.Trial {
	for _, t := range s.Ranked() {
		if t != but {
			return t
		}
	}
	return nil
}
