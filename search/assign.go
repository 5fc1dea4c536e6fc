package search

import (
	"math/rand/v2"
	"slices"

	"automl/trial"
)

// Active reports whether parameter i of the space exists in a configuration, given its parents' values there.
func (s Space) Active(p trial.Params, i int) bool {
	for _, c := range s.Parameters[i].When {
		v, ok := p.Get(c.Parent)
		if !ok || indexOf(c.Values, v) < 0 {
			return false
		}
	}
	return true
}

// Contains checks a complete configuration: every active parameter has a value it may have, of its own Go type, and nothing
// else is there; where there are candidates, it is one of them. The error is a *ParameterError.
func (s Space) Contains(p trial.Params) error {
	if s.Candidates != nil {
		if !slices.ContainsFunc(s.Candidates, p.Equal) {
			return errNoCandidate
		}
		l := newLayout(s)
		values, err := l.values(p)
		if err != nil {
			return err
		}
		return l.violated(values)
	}
	return newLayout(s).contains(p)
}

func (l *layout) contains(p trial.Params) error {
	values, err := l.values(p)
	if err != nil {
		return err
	}
	if err := l.violated(values); err != nil {
		return err
	}
	for _, q := range p {
		if i := l.at[q.Name]; values[i] != q.Value {
			return l.parameters[i].wrong("value", "", "%T %v must be written as %T %v", q.Value, q.Value, values[i], values[i])
		}
	}
	return l.isComplete(p, values)
}

// isComplete reports what a configuration lacks, given its values, or has too much.
func (l *layout) isComplete(p trial.Params, values []any) error {
	given := len(p)
	if err := l.settle(values); err != nil {
		return err
	}
	if full := l.params(values); len(full) != given { // settle added a constant
		for _, q := range full {
			if _, ok := p.Get(q.Name); !ok {
				return &ParameterError{Parameter: q.Name, Field: "value", Msg: "it has no value", Hint: "give one"}
			}
		}
	}
	return nil
}

// Complete brings a configuration into the form samplers give: ordered like the space, numbers of the type their parameter
// has, constants added. A missing, unknown, inactive or impossible parameter is a *ParameterError. Where there are candidates
// it is the one that means the same.
func (s Space) Complete(p trial.Params) (trial.Params, error) {
	l := newLayout(s)
	values, err := l.values(p)
	if err != nil {
		return nil, err
	}
	if s.Candidates != nil {
		return newPool(s, l).find(values)
	}
	if err := l.settle(values); err != nil {
		return nil, err
	}
	if err := l.violated(values); err != nil {
		return nil, err
	}
	return l.params(values), nil
}

// Fill is Complete for a configuration with gaps: missing active parameters are drawn at random. A parent that is missing is
// drawn from the values that the given parameters allow it. Where there are candidates it is a random one of those that have
// the given values.
func (s Space) Fill(p trial.Params, source *rand.Rand) (trial.Params, error) {
	l := newLayout(s)
	values, err := l.values(p)
	if err != nil {
		return nil, err
	}
	if s.Candidates != nil {
		return newPool(s, l).draw(values, source)
	}
	for range l.draws(maxDraws) {
		full := slices.Clone(values)
		if err = l.drawParents(full, source); err == nil {
			err = l.checkActive(full)
		}
		if err != nil {
			return nil, err
		}
		l.place(cube(len(full), source), full)
		if err = l.violated(full); err == nil {
			return l.params(full), nil
		}
	}
	return nil, l.unfillable(values, err)
}

// cube is a random point of the unit cube.
func cube(n int, source *rand.Rand) []float64 {
	u := make([]float64, n)
	for i := range u {
		u[i] = source.Float64()
	}
	return u
}

// drawParents gives every missing ancestor of a given parameter a value under which the given parameter exists.
func (l *layout) drawParents(values []any, source *rand.Rand) error {
	needed := make([]bool, len(values)) // given, or an ancestor of a given one
	for n := len(l.order) - 1; n >= 0; n-- {
		i := l.order[n]
		needed[i] = needed[i] || values[i] != nil
		for _, k := range l.when[i] {
			needed[k.parent] = needed[k.parent] || needed[i]
		}
	}
	for _, i := range l.order {
		if !needed[i] || values[i] != nil {
			continue
		}
		allowed := l.allowed(needed, i)
		if len(allowed) == 0 {
			return l.parameters[i].wrong("value", "give it a value", "the given parameters need different values of it")
		}
		v, err := l.parameters[i].Normalize(allowed[source.IntN(len(allowed))])
		if err != nil {
			return err
		}
		values[i] = v
	}
	return nil
}

// allowed is the values of a parent under which all of its needed children exist.
func (l *layout) allowed(needed []bool, parent int) []any {
	var out []any
	first := true
	for i := range l.parameters {
		for _, k := range l.when[i] {
			if !needed[i] || k.parent != parent {
				continue
			}
			if first {
				out, first = k.values, false
				continue
			}
			var both []any
			for _, v := range out {
				if indexOf(k.values, v) >= 0 {
					both = append(both, v)
				}
			}
			out = both
		}
	}
	return out
}

// checkActive refuses a given parameter that the given parents rule out.
func (l *layout) checkActive(values []any) error {
	for _, i := range l.order {
		if values[i] != nil && !l.active(values, i) {
			return l.parameters[i].wrong("value", "leave it out", "it has a value but exists only when %s", l.conditionText(i))
		}
	}
	return nil
}
