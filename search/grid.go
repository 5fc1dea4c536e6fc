package search

import (
	"math/rand/v2"
	"strconv"

	"automl/trial"
)

// Grid proposes every configuration of a grid once: all values of the parameters that have finitely many, and a number of
// evenly spaced ones, both ends included, of floats without a step (even in the logarithm where the parameter is logarithmic).
// A parameter that does not exist in a configuration multiplies nothing. The order is that of a scrambled Sobol' sequence, so
// that the first trials are already spread over the grid and a search may stop anywhere.
type Grid struct{ history *history }

var _ Sampler = (*Grid)(nil)

// maxPoints bounds Config.Points.
const maxPoints = 1000

// NewGrid makes a grid sampler for a valid space.
func NewGrid(cfg Config, s Space) *Grid {
	return &Grid{newHistory(s.grid(cfg.withDefaults().Points))}
}

// Sample proposes a configuration of the grid that no trial has; ErrExhausted when there is none.
func (g *Grid) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	g.history.mu.Lock()
	defer g.history.mu.Unlock()
	g.history.sync(s)
	return g.history.quasi(sampled(s), s.Study.Seed, source)
}

// grid is the space with n values in place of each continuum. Values that others depend on are among them. A list of candidates
// is a grid already.
func (s Space) grid(n int) Space {
	if s.Candidates != nil {
		return s
	}
	out := Space{Parameters: make([]Parameter, len(s.Parameters)), Constraints: s.Constraints}
	for i, p := range s.Parameters {
		if p.count() == 0 {
			p = Parameter{Name: p.Name, Kind: Ordinal, Choices: append(p.spaced(n), s.awaited(p)...), When: p.When, Freeze: p.Freeze}
			p.Choices = distinct(p.Choices)
		}
		out.Parameters[i] = p
	}
	return out
}

// spaced is n values of a continuum from end to end; the middle alone when n is 1.
func (p Parameter) spaced(n int) []any {
	if n == 1 {
		return []any{p.fromUnit(0.5)}
	}
	out := make([]any, n)
	for i := range out {
		x, _ := number(p.fromUnit(float64(i) / float64(n-1)))
		if p.Log {
			x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64) // 1e-05, not 9.999999999999997e-06
		} else {
			x = p.tidy(x)
		}
		out[i] = min(max(x, p.Low), p.High)
	}
	out[0], out[n-1] = p.Low, p.High
	return out
}

// awaited is the values of a parameter under which others exist.
func (s Space) awaited(parent Parameter) []any {
	var out []any
	for _, p := range s.Parameters {
		for _, c := range p.When {
			for _, v := range c.Values {
				if x, ok := number(v); ok && c.Parent == parent.Name {
					out = append(out, x)
				}
			}
		}
	}
	return out
}

// distinct is the values without repetitions.
func distinct(values []any) []any {
	var out []any
	for _, v := range values {
		if indexOf(out, v) < 0 {
			out = append(out, v)
		}
	}
	return out
}
