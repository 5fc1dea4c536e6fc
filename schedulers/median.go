package schedulers

import (
	"fmt"
	"math"
	"slices"

	"automl/trial"
)

// DefaultStartup is how many complete trials the median rule waits for.
const DefaultStartup = 5

// median is fifo with the median stopping rule (Golovin et al. 2017, "Google Vizier"): a trial is stopped at a report when its
// best value so far is strictly worse than the median, over all complete trials, of the running average of their values up to
// the same epoch. Both are of the fold that the report is of, since folds differ. The rule holds from the grace on, in every
// fold, and once enough trials are complete.
type median struct {
	*halving
	grace   int
	startup int
	// averages are the losses of the running averages of the complete trials, rising: of each epoch of each fold, by
	// Shape.Units - 1.
	averages [][]float64
}

var _ Scheduler = (*median)(nil)

func newMedian(c Config, s *trial.State) *median {
	m := &median{halving: newFIFO(c, s), grace: max(1, c.Grace), startup: c.Startup,
		averages: make([][]float64, s.Study.Shape.Units(s.Study.Shape.Full()))}
	if m.startup == 0 {
		m.startup = DefaultStartup
	}
	m.plan.AtMost = true
	return m
}

// Apply takes in the averages of a trial when it is complete.
func (m *median) Apply(e trial.Event) {
	m.halving.Apply(e)
	if e.Decision == nil || e.Decision.What != trial.Completed {
		return
	}
	t, study := m.state.Trial(e.Decision.Trial), m.state.Study
	if t.Origin == trial.FromProbe {
		return
	}
	for fold := range study.Shape.Folds {
		for i, v := range averages(t.Curve(study.Objective.Metric, fold), study.Shape.Epochs) {
			board := &m.averages[fold*study.Shape.Epochs+i]
			if loss := study.Objective.Loss(v); !math.IsInf(loss, 1) {
				at, _ := slices.BinarySearch(*board, loss)
				*board = slices.Insert(*board, at, loss)
			}
		}
	}
}

// averages is the mean of the finite values up to each epoch, NaN before the first. A fold that ended early goes on with its
// last value.
func averages(curve []float64, epochs int) []float64 {
	out := make([]float64, epochs)
	mean, n := math.NaN(), 0
	for e := range out {
		if len(curve) > 0 {
			if v := curve[min(e, len(curve)-1)]; finite(v) {
				if n++; n == 1 {
					mean = v
				} else {
					mean += v/float64(n) - mean/float64(n)
				}
			}
		}
		out[e] = mean
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Verdict is that of fifo, but for a trial under way that the rule stops.
func (m *median) Verdict(number int) Verdict {
	v := m.halving.Verdict(number)
	if v.Verb != trial.Continue || m.trials[number].bracket == m.aside {
		return v
	}
	t, study := m.trials[number].trial, m.state.Study
	at := t.Done
	if at.Epoch < m.grace {
		return unranked(trial.Continue, at, fmt.Sprintf("%s, %s: no trial is stopped before epoch %d of a fold", m.name, at, m.grace))
	}
	metric := study.Objective.Metric
	best, known := m.best(t.Curve(metric, at.Fold), at.Epoch)
	if _, ranked := t.ScoreAt(study.Objective, study.Shape, at); !known || !ranked {
		return unranked(trial.Stop, at, fmt.Sprintf("%s, %s: no finite %s", m.name, at, metric))
	}
	return m.compare(at, best)
}

// best is the best finite value of the first epochs of a curve.
func (m *median) best(curve []float64, epochs int) (value float64, known bool) {
	for _, v := range curve[:min(epochs, len(curve))] {
		if finite(v) && (!known || m.state.Study.Objective.Better(v, value)) {
			value, known = v, true
		}
	}
	return value, known
}

// compare holds the best value of a trial at a resource against the averages of the complete ones there.
func (m *median) compare(at trial.Resource, value float64) Verdict {
	o := m.state.Study.Objective
	board := m.averages[m.state.Study.Shape.Units(at)-1]
	v := Verdict{Verb: trial.Continue, At: at, Value: value, Threshold: math.NaN(),
		Reason: fmt.Sprintf("%s, %s: best %s so far %s", m.name, at, o.Metric, show(value))}
	if len(board) < m.startup {
		v.Reason += fmt.Sprintf("; goes on, as %d of %d trials to be compared with are complete", len(board), m.startup)
		return v
	}
	bar := middle(board)
	rank, _ := slices.BinarySearch(board, o.Loss(value))
	v.Threshold = o.Loss(bar) // a loss is a value, or its negative
	v.Reason += fmt.Sprintf(", ranked %d among the averages of %d complete trials", rank+1, len(board))
	if o.Loss(value) > bar {
		v.Verb = trial.Stop
		v.Reason += "; worse than their median"
	} else {
		v.Reason += "; goes on, no worse than their median"
	}
	v.Reason += ", threshold " + show(v.Threshold)
	return v
}

// middle is the median of rising numbers.
func middle(v []float64) float64 {
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return v[n/2-1]/2 + v[n/2]/2
}
