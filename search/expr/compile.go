package expr

import (
	"fmt"
	"slices"
	"strings"
)

// Var is a named value of an expression.
type Var struct {
	Name   string
	Values []any // all it can be, float64, int64, string or bool; nil: any number
}

// Program is an expression with its names resolved. It may be used by several goroutines.
type Program struct {
	uses []int
	root value
}

// Uses is the positions, among the variables, of those that the expression names, each once.
func (p *Program) Uses() []int { return p.uses }

// Holds computes the expression. Values are those of the variables, in their order: float64, int64, string or bool, or nil for
// one that is absent; an expression that names an absent one holds.
func (p *Program) Holds(values []any) bool {
	for _, i := range p.uses {
		if values[i] == nil {
			return true
		}
	}
	return p.root.truth(values)
}

// sort is the type of a value.
type sort string

const (
	aNumber sort = "a number"
	aText   sort = "a text"
	aTruth  sort = "true or false"
	mixed   sort = "a value of several types"
)

// value is a compiled expression; of the functions, those that go with its sort are there, and any always is.
type value struct {
	sort    sort
	number  func([]any) float64
	truth   func([]any) bool
	any     func([]any) any // a float64, a string or a bool
	choices []any           // of a variable, or nil
	name    string
	column  int
}

// Compile parses an expression over the variables. The error is an *Error.
func Compile(source string, vars []Var) (*Program, error) {
	n, err := parse(source)
	if err != nil {
		return nil, err
	}
	c := &compiler{vars: vars}
	v, err := c.compile(n)
	if err != nil {
		return nil, err
	}
	if v.sort != aTruth {
		return nil, wrong(v.column, "compare it with something", "the expression is %s, neither true nor false", v.sort)
	}
	if len(c.uses) == 0 {
		return nil, wrong(1, "name a parameter", "the expression names no parameter")
	}
	return &Program{c.uses, v}, nil
}

type compiler struct {
	vars []Var
	uses []int
}

func (c *compiler) compile(n *node) (value, *Error) {
	operands := make([]value, len(n.operands))
	for i, o := range n.operands {
		var err *Error
		if operands[i], err = c.compile(o); err != nil {
			return value{}, err
		}
	}
	var v value
	var err *Error
	switch {
	case n.kind == name:
		v, err = c.variable(n.token)
	case len(operands) == 0:
		v = constant(n.token)
	case isComparison(n.kind):
		v, err = compare(n.token, operands[0], operands[1])
	case n.kind == "and" || n.kind == "or" || n.kind == "not":
		v, err = logic(n.token, operands)
	default:
		v, err = arithmetic(n.token, operands)
	}
	if v.column = n.column; len(operands) == 2 {
		v.column = operands[0].column
	}
	return v, err
}

func constant(t token) value {
	switch t.kind {
	case number:
		return numeric(func([]any) float64 { return t.value })
	case text:
		return value{sort: aText, any: func([]any) any { return t.raw }, choices: []any{t.raw}}
	}
	yes := t.kind == "true"
	return truth(func([]any) bool { return yes })
}

func numeric(f func([]any) float64) value {
	return value{sort: aNumber, number: f, any: func(v []any) any { return f(v) }}
}

func truth(f func([]any) bool) value {
	return value{sort: aTruth, truth: f, any: func(v []any) any { return f(v) }}
}

// variable is the value of a named one.
func (c *compiler) variable(t token) (value, *Error) {
	i := slices.IndexFunc(c.vars, func(v Var) bool { return v.Name == t.raw })
	if i < 0 {
		return value{}, c.unknown(t)
	}
	if !slices.Contains(c.uses, i) {
		c.uses = append(c.uses, i)
	}
	get := func(v []any) any { return plain(v[i]) }
	out := value{sort: sortOf(c.vars[i].Values), any: get, choices: c.vars[i].Values, name: t.raw}
	switch out.sort {
	case aNumber:
		out.number = func(v []any) float64 { f, _ := get(v).(float64); return f }
	case aTruth:
		out.truth = func(v []any) bool { b, _ := get(v).(bool); return b }
	}
	return out, nil
}

// unknown is the error of a name that is none, with a guess at what was meant.
func (c *compiler) unknown(t token) *Error {
	e := wrong(t.column, "", "there is no parameter %q", t.raw)
	e.Name = t.raw
	for _, v := range c.vars {
		switch {
		case strings.HasPrefix(v.Name, t.raw+"-"):
			e.Hint = fmt.Sprintf("put a name with a hyphen in backquotes: `%s`", v.Name)
		case slices.Contains(v.Values, any(t.raw)):
			e.Hint = fmt.Sprintf("put a text in quotes: %q", t.raw)
		default:
			continue
		}
		e.Name = ""
		break
	}
	return e
}

// plain is a value with whole numbers as float64s.
func plain(v any) any {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v
}

func sortOf(values []any) sort {
	out := sort("")
	for _, v := range values {
		s := aNumber
		switch v.(type) {
		case string:
			s = aText
		case bool:
			s = aTruth
		}
		if out != "" && out != s {
			return mixed
		}
		out = s
	}
	if out == "" {
		return aNumber
	}
	return out
}
