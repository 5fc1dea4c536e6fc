package trial

import "math"

// Audit says how often the rules that stop trials are wrong, from the trials that they would have stopped but which ran on.
type Audit struct {
	Audited int // trials that a rule would have stopped
	Judged  int // those of them that are complete with a finite value
	Wrong   int // those of Judged that beat what they were held against
}

// Audit counts the audited trials.
func (s *State) Audit() Audit {
	var a Audit
	for _, t := range s.Trials {
		if t.Audit == nil {
			continue
		}
		a.Audited++
		score, ok := t.ScoreAt(s.Study.Objective, s.Study.Shape, s.Study.Shape.Full())
		if t.Status != Complete || !ok || t.Audit.Threshold == nil {
			continue
		}
		a.Judged++
		if s.Study.Objective.Better(score.Value, *t.Audit.Threshold) {
			a.Wrong++
		}
	}
	return a
}

// Rate is the share of the judged trials that were wrongly to be stopped, with its 95% interval by Wilson's score (Wilson 1927).
// From 0 to 1 when none is judged.
func (a Audit) Rate() (rate, low, high float64) { return Wilson(a.Wrong, a.Judged) }

// Wilson is a share of n with its 95% score interval.
func Wilson(count, n int) (rate, low, high float64) {
	if n == 0 {
		return 0, 0, 1
	}
	const z = 1.959964
	m := float64(n)
	rate = float64(count) / m
	center := (rate + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(rate*(1-rate)/m+z*z/(4*m*m))
	return rate, max(0, center-half), min(1, center+half)
}
