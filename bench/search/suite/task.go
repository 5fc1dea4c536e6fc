package suite

import (
	"strconv"
	"strings"

	"automl/search"
	"automl/trial"
)

// Task is one problem. Its methods may be called by several goroutines at once.
type Task struct {
	Suite, Name string
	Space       search.Space // with candidates where only some configurations were recorded
	Objective   trial.Objective
	Epochs      int     // of a full run; 1 means black-box
	Best        float64 // the best value of all configurations and epochs
	Worst       float64 // the worst one of all configurations and epochs; of a black box, the median

	query func(p trial.Params, seed int64) (Curve, error)
	truth func(p trial.Params, epoch int) float64
}

// Curve is what training one configuration gives. It may be shorter than the task's epochs: the run then ended by itself.
type Curve interface {
	Len() int
	// At is the value after an epoch, counted from 1, and the seconds that epoch took; 1 where it is not known.
	At(epoch int) (value, seconds float64)
}

// recorded is a curve that is there in full; no seconds means that they are not known.
type recorded struct{ values, seconds []float64 }

func (r recorded) Len() int { return len(r.values) }

func (r recorded) At(epoch int) (value, seconds float64) {
	if r.seconds == nil {
		return r.values[epoch-1], 1
	}
	return r.values[epoch-1], r.seconds[epoch-1]
}

// Curve trains a configuration. The seed decides the noise where there is any.
func (t *Task) Curve(p trial.Params, seed int64) (Curve, error) { return t.query(p, seed) }

// Score is the value without noise that an incumbent, chosen for the value it showed at an epoch, is judged by.
func (t *Task) Score(p trial.Params, epoch int, shown float64) float64 {
	if t.truth == nil {
		return shown
	}
	return t.truth(p, epoch)
}

// Regret is how far a score is from the best, in units of best to worst; at most 1, so that a winner chosen by noise, far worse
// than Worst, does not decide a mean.
func (t *Task) Regret(score float64) float64 {
	if t.Best == t.Worst {
		return 0
	}
	return min(1, (t.Best-score)/(t.Best-t.Worst))
}

// Sign is 1 where larger is better, otherwise -1.
func (t *Task) Sign() float64 {
	if t.Objective.Goal == trial.Maximize {
		return 1
	}
	return -1
}

// Budgets is when the regret is taken: multiples of the epochs of a full run; of a black box, trials.
func (t *Task) Budgets() []int {
	if t.Epochs == 1 {
		return []int{20, 50, 100, 200}
	}
	out := []int{1, 2, 4, 10, 20, 40}
	for i := range out {
		out[i] *= t.Epochs
	}
	return out
}

// identity is a configuration as a key of a map.
func identity(p trial.Params) string {
	var b strings.Builder
	for _, q := range p {
		b.WriteString(q.Name)
		b.WriteByte('=')
		if f, ok := q.Value.(float64); ok {
			b.WriteString(strconv.FormatFloat(f, 'g', -1, 64))
		} else {
			b.WriteString(trial.FormatValue(q.Value))
		}
		b.WriteByte(' ')
	}
	return b.String()
}
