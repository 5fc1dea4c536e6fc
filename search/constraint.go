package search

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"automl/search/expr"
)

// Bounds of the search for configurations that satisfy the constraints.
const (
	constrainedDraws = 20      // times as many draws as without constraints
	maxFeasibleDraws = 200_000 // before a space counts as having none
	maxBarren        = 1 << 20 // values in a row that an enumeration finds to violate a constraint
)

// variables are the parameters as expressions see them.
func (s Space) variables() []expr.Var {
	out := make([]expr.Var, len(s.Parameters))
	for i, p := range s.Parameters {
		out[i].Name = p.Name
		if p.Kind != Float && p.Kind != Int {
			out[i].Values = p.Choices
		}
	}
	return out
}

// addRules compiles the constraints of a valid space.
func (l *layout) addRules(s Space) {
	l.rulesAt = make([][]int, len(l.order))
	variables := s.variables()
	for _, text := range s.Constraints {
		p, err := expr.Compile(text, variables)
		if err != nil {
			continue
		}
		last := 0
		for _, i := range p.Uses() {
			last = max(last, slices.Index(l.order, i))
		}
		l.rulesAt[last] = append(l.rulesAt[last], len(l.rules))
		l.rules, l.texts = append(l.rules, p), append(l.texts, text)
	}
}

// permits reports whether values satisfy all constraints.
func (l *layout) permits(values []any) bool { return l.broken(values) < 0 }

// broken is the first constraint that values violate, -1 when they violate none.
func (l *layout) broken(values []any) int {
	return slices.IndexFunc(l.rules, func(p *expr.Program) bool { return !p.Holds(values) })
}

// permitsAt is permits for the constraints that can be decided once the parameter at a place of the order has its value.
func (l *layout) permitsAt(values []any, depth int) bool {
	for _, i := range l.rulesAt[depth] {
		if !l.rules[i].Holds(values) {
			return false
		}
	}
	return true
}

// feasible reports whether an encoded configuration satisfies the constraints; nil when there are none.
func (c *Codec) feasible() func(x []float64) bool {
	if len(c.layout.rules) == 0 {
		return nil
	}
	return func(x []float64) bool { return c.layout.permits(c.decode(x)) }
}

// draws is how often to draw before giving up, where n would do without constraints.
func (l *layout) draws(n int) int {
	if len(l.rules) > 0 {
		return n * constrainedDraws
	}
	return n
}

// violated is the error of a configuration that violates a constraint.
func (l *layout) violated(values []any) error {
	i := l.broken(values)
	if i < 0 {
		return nil
	}
	var given []string
	for _, k := range l.rules[i].Uses() {
		given = append(given, fmt.Sprintf("%s=%v", l.parameters[k].Name, values[k]))
	}
	return &ParameterError{Field: "constraints", Msg: fmt.Sprintf("%s does not satisfy the constraint %s", joined(given), strconv.Quote(l.texts[i]))}
}

// unfillable is the error of a configuration with gaps that nothing fills: the last violation, unless what is given alone
// violates a constraint.
func (l *layout) unfillable(given []any, last error) error {
	if err := l.violated(given); err != nil {
		return err
	}
	var p *ParameterError
	if errors.As(last, &p) {
		p.Msg = fmt.Sprintf("none of %d ways to draw what is left out satisfies all constraints: for one, %s", l.draws(maxDraws), p.Msg)
		p.Hint = "give more of the parameters"
	}
	return last
}

func joined(words []string) string {
	out := ""
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += w
	}
	return out
}

// ValidateConstraints checks, in a space that is otherwise valid, that each constraint can be computed, and that some configuration
// satisfies all of them. The error is a *ConstraintError.
func (s Space) ValidateConstraints() error {
	variables := s.variables()
	for i, text := range s.Constraints {
		if _, err := expr.Compile(text, variables); err != nil {
			e := &ConstraintError{Index: i, Err: err}
			var x *expr.Error
			if errors.As(err, &x) {
				e.Hint = x.Hint
			}
			return e
		}
	}
	if len(s.Constraints) == 0 {
		return nil
	}
	return newLayout(s).satisfiable(s)
}

// satisfiable finds a configuration that satisfies all constraints: among the candidates, at random, or by enumeration.
func (l *layout) satisfiable(s Space) error {
	if s.Candidates != nil {
		if len(newPool(s, l).params) > 0 {
			return nil
		}
		return &ConstraintError{Index: -1, Err: errors.New("no candidate satisfies them"), Hint: "change the constraints or the candidates"}
	}
	source, holds := Source(0, 0), make([]bool, len(l.rules))
	values := make([]any, len(l.parameters))
	for range maxFeasibleDraws {
		clear(values)
		l.place(cube(len(values), source), values)
		all := true
		for i, p := range l.rules {
			ok := p.Holds(values)
			holds[i], all = holds[i] || ok, all && ok
		}
		if all {
			return nil
		}
	}
	if l.finite() {
		for values := range l.all() {
			if values != nil {
				return nil
			}
		}
	}
	if i := slices.Index(holds, false); i >= 0 {
		return &ConstraintError{i, fmt.Errorf("no configuration was found, in %d random draws, that satisfies it", maxFeasibleDraws),
			"look at the ranges of the parameters it names"}
	}
	return &ConstraintError{-1, fmt.Errorf("no configuration was found, in %d random draws, that satisfies all of them", maxFeasibleDraws),
		"loosen one of them, or narrow the ranges of the parameters"}
}

// count is Size with constraints: by enumeration, as far as that goes.
func (l *layout) count() (int, bool) {
	n := 0
	for values := range l.all() {
		if n++; values == nil || n > maxVisits {
			return 0, false
		}
	}
	return n, true
}
