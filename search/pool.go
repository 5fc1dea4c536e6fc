package search

import (
	"math"
	"math/rand/v2"

	"automl/trial"
)

// pool is the candidates of a space, each once, and which of them the trials of a study have taken. A nil pool is that of a
// space without candidates.
type pool struct {
	layout *layout
	params []trial.Params
	values [][]any        // normalized
	at     map[string]int // by key
	taken  []bool
	codec  *Codec
	x      [][]float64 // encoded: len(params) x dims
}

// newPool expects valid candidates.
func newPool(s Space, l *layout) *pool {
	p := &pool{layout: l, at: make(map[string]int, len(s.Candidates))}
	freeze := l.freezeParts()
	for _, c := range s.Candidates {
		values, err := l.values(c)
		if err != nil || !l.permits(values) {
			continue
		}
		key := l.key(values, freeze)
		if _, twice := p.at[key]; twice {
			continue
		}
		p.at[key] = len(p.params)
		p.params, p.values = append(p.params, c), append(p.values, values)
	}
	p.taken = make([]bool, len(p.params))
	return p
}

// encode prepares the candidates as arrays.
func (p *pool) encode(codec *Codec) {
	p.codec, p.x = codec, make([][]float64, len(p.values))
	for i, values := range p.values {
		p.x[i], _ = codec.encode(values) // of a valid candidate
	}
}

// take notes that a trial has a configuration.
func (p *pool) take(key string) {
	if p == nil {
		return
	}
	if i, ok := p.at[key]; ok {
		p.taken[i] = true
	}
}

// release frees all candidates.
func (p *pool) release() {
	if p != nil {
		clear(p.taken)
	}
}

// free is the candidates that no trial has; ErrExhausted when there are none.
func (p *pool) free() ([]int, error) {
	out := make([]int, 0, len(p.taken))
	for i, taken := range p.taken {
		if !taken {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return nil, ErrExhausted
	}
	return out, nil
}

// points are the free candidates, and what they look like encoded.
func (p *pool) points() (free []int, x [][]float64, err error) {
	free, err = p.free()
	for _, i := range free {
		x = append(x, p.x[i])
	}
	return free, x, err
}

// find is the candidate that means the same as normalized values.
func (p *pool) find(values []any) (trial.Params, error) {
	if err := p.layout.settle(values); err != nil {
		return nil, err
	}
	if i, ok := p.at[p.layout.key(values, p.layout.freezeParts())]; ok {
		return p.params[i], nil
	}
	return nil, errNoCandidate
}

// draw is a random candidate that has the given ones of the normalized values.
func (p *pool) draw(given []any, source *rand.Rand) (trial.Params, error) {
	var fit []int
next:
	for i, values := range p.values {
		for k, v := range given {
			if v != nil && v != values[k] {
				continue next
			}
		}
		fit = append(fit, i)
	}
	if len(fit) == 0 {
		return nil, errNoCandidate
	}
	return p.params[fit[source.IntN(len(fit))]], nil
}

// spread is the free candidate nearest to the n-th point of a quasi-random sequence.
func (p *pool) spread(n int, seed uint64) (trial.Params, error) {
	free, err := p.free()
	if err != nil {
		return nil, err
	}
	values := make([]any, len(p.layout.parameters))
	p.layout.place(halton(n, len(values), seed), values)
	goal, err := p.codec.encode(values)
	if err != nil {
		return nil, err
	}
	best, least := free[0], math.Inf(1)
	for _, i := range free {
		if d := p.codec.distance(goal, p.x[i]); d < least {
			best, least = i, d
		}
	}
	return p.params[best], nil
}

// distance is the square of the distance of two encoded configurations. Another choice is as far away as the other end of a
// range, and a coordinate that only one of them has as far as its middle.
func (c *Codec) distance(a, b []float64) float64 {
	sum := 0.0
	for d := range a {
		switch {
		case a[d] == b[d] || math.IsNaN(a[d]) && math.IsNaN(b[d]):
		case math.IsNaN(a[d]) || math.IsNaN(b[d]):
			sum += 0.25
		case c.dims[d].Choices > 0:
			sum++
		default:
			sum += (a[d] - b[d]) * (a[d] - b[d])
		}
	}
	return sum
}
