package search

import "automl/trial"

// CandidateReader returns a function that brings what a person wrote into the form of a candidate: like Complete without
// regard to the candidates there are, but a number that has a step keeps its last digits. The space must be valid.
func (s Space) CandidateReader() func(trial.Params) (trial.Params, error) {
	l := newLayout(s)
	return func(p trial.Params) (trial.Params, error) {
		values, err := l.values(p)
		if err != nil {
			return nil, err
		}
		if err := l.settle(values); err != nil {
			return nil, err
		}
		for _, q := range p {
			i := l.at[q.Name]
			if x, ok := number(q.Value); ok && l.parameters[i].Kind == Float {
				values[i] = x
			}
		}
		return l.params(values), nil
	}
}

// validateCandidates checks that each candidate is a complete configuration.
func (s Space) validateCandidates() error {
	if s.Candidates == nil {
		return nil
	}
	if len(s.Candidates) == 0 {
		return &ParameterError{Field: "candidates", Msg: "the list of candidates is empty", Hint: "leave it out, or list configurations"}
	}
	l := newLayout(s)
	for i, p := range s.Candidates {
		if err := l.isCandidate(p); err != nil {
			return &CandidateError{i, err}
		}
	}
	return nil
}

// isCandidate is contains for a number that has a step and other last digits than Normalize gives it.
func (l *layout) isCandidate(p trial.Params) error {
	values, err := l.values(p)
	if err != nil {
		return err
	}
	for _, q := range p {
		i := l.at[q.Name]
		if _, float := q.Value.(float64); float && l.parameters[i].Kind == Float || values[i] == q.Value {
			continue
		}
		return l.parameters[i].wrong("value", "", "%T %v must be written as %T %v", q.Value, q.Value, values[i], values[i])
	}
	return l.isComplete(p, values)
}

// bestOf is the index of the largest ratio, the first of equal ones.
func bestOf(ratio []float64) int {
	best := 0
	for i, r := range ratio {
		if r > ratio[best] {
			best = i
		}
	}
	return best
}
