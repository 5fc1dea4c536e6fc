package suite

import (
	"math"

	"automl/bench/search/cpython"
	"automl/search"
	"automl/trial"
)

// Draw samples the space of a task uniformly as the Python harness does: one number of the source for each parameter, active or
// not.
func Draw(s search.Space, r *cpython.Random) trial.Params {
	var out trial.Params
	for i, p := range s.Parameters {
		u := r.Float64()
		if s.Active(out, i) {
			out = append(out, trial.Param{Name: p.Name, Value: fromUnit(p, u)})
		}
	}
	return out
}

// fromUnit is the value at a point of [0, 1).
func fromUnit(p search.Parameter, u float64) any {
	if len(p.Choices) > 0 {
		return p.Choices[min(int(u*float64(len(p.Choices))), len(p.Choices)-1)]
	}
	low, high := p.Low, p.High
	if p.Kind == search.Int {
		low, high = low-0.5, high+0.5
	}
	x := low + u*(high-low)
	if p.Log {
		x = math.Exp(math.Log(low) + u*math.Log(high/low))
	}
	if p.Kind == search.Int {
		return int64(min(max(math.RoundToEven(x), p.Low), p.High))
	}
	return min(max(x, p.Low), p.High)
}

// toUnit is the position of an ordered value in [0, 1].
func toUnit(p search.Parameter, v any) float64 {
	if p.Kind == search.Ordinal {
		return float64(position(p, v)) / float64(max(1, len(p.Choices)-1))
	}
	x := trial.Params{{Name: p.Name, Value: v}}.Float(p.Name, p.Low)
	switch {
	case p.High == p.Low:
		return 0.5
	case p.Log:
		return math.Log(x/p.Low) / math.Log(p.High/p.Low)
	}
	return (x - p.Low) / (p.High - p.Low)
}

func position(p search.Parameter, v any) int {
	for i, c := range p.Choices {
		if c == v {
			return i
		}
	}
	return 0
}

// encode is a configuration as a point for distances: one coordinate for an ordered parameter; one for each choice of a
// categorical one, scaled so that two choices are at distance 1.
func encode(s search.Space, c trial.Params) []float64 {
	var out []float64
	for _, p := range s.Parameters {
		v, has := c.Get(p.Name)
		switch {
		case p.Kind == search.Categorical:
			for _, choice := range p.Choices {
				x := 0.0
				if has && choice == v {
					x = math.Sqrt(0.5)
				}
				out = append(out, x)
			}
		case has:
			out = append(out, toUnit(p, v))
		default:
			out = append(out, 0.5)
		}
	}
	return out
}

// Nearest replaces free configurations by the nearest candidate that was not handed out yet.
type Nearest struct {
	task   *Task
	points [][]float64
	taken  []bool
}

// NewNearest is for a task with candidates, all of them free.
func NewNearest(t *Task) *Nearest {
	n := &Nearest{task: t, taken: make([]bool, len(t.Space.Candidates))}
	for _, c := range t.Space.Candidates {
		n.points = append(n.points, encode(t.Space, c))
	}
	return n
}

// Take hands out the candidate nearest to p; false when none is left.
func (n *Nearest) Take(p trial.Params) (trial.Params, bool) {
	x := encode(n.task.Space, p)
	best, least := -1, math.Inf(1)
	for i, y := range n.points {
		if n.taken[i] {
			continue
		}
		d := 0.0
		for k := range x {
			d += (x[k] - y[k]) * (x[k] - y[k])
		}
		if d < least {
			best, least = i, d
		}
	}
	if best < 0 {
		return nil, false
	}
	n.taken[best] = true
	return n.task.Space.Candidates[best], true
}
