package train

import "automl/trial"

// stopper is early stopping: a fold ends after patience epochs without a better value of the objective.
type stopper struct {
	objective trial.Objective
	patience  int // 0: never stops

	Best *float64 `json:"best,omitempty"` // nil before the first finite value
	Bad  int      `json:"bad"`            // epochs since
}

// see takes the value of an epoch and reports whether the fold should end.
func (s *stopper) see(value float64) bool {
	if s.Best == nil || s.objective.Better(value, *s.Best) {
		s.Best, s.Bad = &value, 0
		return false
	}
	s.Bad++
	return s.patience > 0 && s.Bad >= s.patience
}
