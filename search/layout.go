package search

import (
	"fmt"
	"iter"

	"automl/search/expr"
	"automl/trial"
)

// layout is a valid space prepared for questions: who depends on whom, and an order in which parents come first. Values of a
// configuration stand in a slice as long as the space, nil where a parameter is absent.
type layout struct {
	parameters []Parameter
	at         map[string]int
	order      []int // parents first, otherwise the order of the space
	when       [][]link
	beliefs    beliefs
	texts      []string        // the constraints
	rules      []*expr.Program // the same, compiled
	rulesAt    [][]int         // by place in order: the rules that name no parameter behind it
}

// link is a condition with its parent as a position.
type link struct {
	parent int
	values []any
}

func newLayout(s Space) *layout {
	l := &layout{parameters: s.Parameters, at: make(map[string]int, len(s.Parameters)), when: make([][]link, len(s.Parameters))}
	for i, p := range s.Parameters {
		l.at[p.Name] = i
	}
	for i, p := range s.Parameters {
		for _, c := range p.When {
			l.when[i] = append(l.when[i], link{l.at[c.Parent], c.Values})
		}
	}
	placed := make([]bool, len(s.Parameters))
	var place func(i int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true // before the parents, so that even a cycle ends
		for _, k := range l.when[i] {
			place(k.parent)
		}
		l.order = append(l.order, i)
	}
	for i := range s.Parameters {
		place(i)
	}
	l.addRules(s)
	l.beliefs = l.newBeliefs()
	return l
}

// active reports whether parameter i exists, given the values of its parents.
func (l *layout) active(values []any, i int) bool {
	for _, k := range l.when[i] {
		if values[k.parent] == nil || indexOf(k.values, values[k.parent]) < 0 {
			return false
		}
	}
	return true
}

// params are the values as parameters in the order of the space.
func (l *layout) params(values []any) trial.Params {
	out := make(trial.Params, 0, len(values))
	for i, v := range values {
		if v != nil {
			out = append(out, trial.Param{Name: l.parameters[i].Name, Value: v})
		}
	}
	return out
}

// values are parameters as normalized values; an error when one is unknown or has a value it cannot have. Whether they are
// active is not looked at.
func (l *layout) values(p trial.Params) ([]any, error) {
	out := make([]any, len(l.parameters))
	for _, q := range p {
		i, known := l.at[q.Name]
		if !known {
			return nil, &ParameterError{Parameter: q.Name, Field: "name", Msg: "the search space has no such parameter"}
		}
		if out[i] != nil {
			return nil, &ParameterError{Parameter: q.Name, Field: "name", Msg: "it is given twice"}
		}
		v, err := l.parameters[i].Normalize(q.Value)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// settle adds the constants that are missing, then checks that exactly the active parameters have a value.
func (l *layout) settle(values []any) error {
	for _, i := range l.order {
		p := l.parameters[i]
		active := l.active(values, i)
		if active && values[i] == nil && p.count() == 1 {
			values[i] = p.at(0)
		}
		switch {
		case active && values[i] == nil:
			return &ParameterError{Parameter: p.Name, Field: "value", Msg: "it has no value", Hint: "give one"}
		case !active && values[i] != nil:
			return &ParameterError{Parameter: p.Name, Field: "value", Hint: "leave it out",
				Msg: fmt.Sprintf("it has a value but exists only when %s", l.conditionText(i))}
		}
	}
	return nil
}

func (l *layout) conditionText(i int) string {
	text := ""
	for n, c := range l.parameters[i].When {
		if n > 0 {
			text += " and "
		}
		text += c.Parent + " is " + listed(c.Values)
	}
	return text
}

// place turns a point of the unit cube, one coordinate a parameter of the space, into values. Coordinates of absent
// parameters are not used. Values that are there already stay.
func (l *layout) place(u []float64, values []any) {
	for _, i := range l.order {
		switch {
		case !l.active(values, i):
			values[i] = nil
		case values[i] == nil:
			values[i] = l.parameters[i].fromUnit(u[i])
		}
	}
}

// all yields every configuration of a finite space that satisfies the constraints, the last parameter changing fastest. The
// slice is reused. It gives up, after yielding nil, when it has looked at so many that violate one that it would take long.
func (l *layout) all() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		l.walk(&walk{make([]any, len(l.parameters)), 0, yield}, 0)
	}
}

// walk is an enumeration under way.
type walk struct {
	values []any
	barren int // values since the last configuration that violate a constraint
	yield  func([]any) bool
}

func (l *layout) walk(w *walk, depth int) bool {
	if depth == len(l.order) {
		w.barren = 0
		return w.yield(w.values)
	}
	i := l.order[depth]
	if !l.active(w.values, i) {
		w.values[i] = nil
		return l.descend(w, depth)
	}
	for k := range l.parameters[i].count() {
		w.values[i] = l.parameters[i].at(k)
		if !l.descend(w, depth) {
			return false
		}
	}
	w.values[i] = nil // siblings further up must not see it
	return true
}

// descend goes on below a value unless it violates a constraint already.
func (l *layout) descend(w *walk, depth int) bool {
	if l.permitsAt(w.values, depth) {
		return l.walk(w, depth+1)
	}
	if w.barren++; w.barren > maxBarren {
		w.yield(nil)
		return false
	}
	return true
}
