package search

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"automl/trial"
)

// maxInt is the largest whole number that every float64 below represents exactly; bounds of integers may not exceed it.
const maxInt = 1 << 53

// same reports whether two values of a parameter mean the same: 1 and 1.0 do, 1 and true do not.
func same(a, b any) bool {
	x, xok := number(a)
	y, yok := number(b)
	if xok && yok {
		return x == y
	}
	return a == b
}

// number is a numeric value as a float64.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// indexOf is the position of a value among the choices, -1 when it is none of them.
func indexOf(choices []any, v any) int {
	return slices.IndexFunc(choices, func(c any) bool { return same(c, v) })
}

// listed is a list of values for a person.
func listed(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = trial.FormatValue(v)
	}
	return strings.Join(out, ", ")
}

// Normalize turns a value into the one the parameter would propose itself: a float64 for a float, an int64 for an int, the
// choice as it was written for the others. An error when the parameter can never have the value.
func (p Parameter) Normalize(v any) (any, error) {
	if p.Kind != Float && p.Kind != Int {
		if i := indexOf(p.Choices, v); i >= 0 {
			return p.Choices[i], nil
		}
		return nil, p.refuse(v, "one of "+listed(p.Choices))
	}
	x, ok := number(v)
	switch {
	case !ok || !(x >= p.Low && x <= p.High):
		return nil, p.refuse(v, p.between())
	case p.Kind == Int && x != math.Trunc(x):
		return nil, p.refuse(v, "a whole number "+p.between())
	case p.Step > 0:
		i := math.Round((x - p.Low) / p.Step)
		if math.Abs(p.Low+i*p.Step-x) > 1e-6*p.Step {
			return nil, p.refuse(v, fmt.Sprintf("%v plus a multiple of %v", p.Low, p.Step))
		}
		return p.at(int(i)), nil
	case p.Kind == Int:
		return int64(x), nil
	}
	return x, nil
}

func (p Parameter) between() string { return fmt.Sprintf("between %v and %v", p.Low, p.High) }

func (p Parameter) refuse(v any, want string) error {
	return &ParameterError{Parameter: p.Name, Field: "value", Hint: "give " + want,
		Msg: fmt.Sprintf("%s is not allowed: it must be %s", trial.FormatValue(v), want)}
}

// count is how many values the parameter can have; 0 when they form a continuum.
func (p Parameter) count() int {
	switch {
	case p.Kind == Constant:
		return 1
	case p.Kind == Ordinal || p.Kind == Categorical:
		return len(p.Choices)
	case p.Low == p.High:
		return 1
	case p.Step > 0:
		// A step that divides the range up to rounding reaches its end.
		return int(math.Floor((p.High-p.Low)/p.Step*(1+1e-12)+1e-9)) + 1
	case p.Kind == Int:
		return int(p.High-p.Low) + 1
	}
	return 0
}

// at is the i-th value of a parameter with finitely many.
func (p Parameter) at(i int) any {
	switch {
	case p.Kind != Float && p.Kind != Int:
		return p.Choices[i]
	case p.Kind == Int:
		return int64(p.Low) + int64(i)*int64(max(p.Step, 1))
	case p.Step > 0:
		return p.tidy(p.Low + float64(i)*p.Step)
	}
	return p.Low
}

// position is the inverse of at, for a value that Normalize returned.
func (p Parameter) position(v any) int {
	if p.Kind != Float && p.Kind != Int {
		return indexOf(p.Choices, v)
	}
	x, _ := number(v)
	step := p.Step
	if p.Kind == Int {
		step = max(step, 1)
	}
	if step == 0 {
		return 0
	}
	return int(math.Round((x - p.Low) / step))
}

// tidy rounds away what the arithmetic of steps leaves in the last digits: 3 * 0.05 is 0.15, not 0.15000000000000002, so
// that a value looks and compares as a person would write it.
func (p Parameter) tidy(x float64) float64 {
	scale := max(math.Abs(p.Low), math.Abs(p.High), p.Step)
	digits := max(0, 15-int(math.Ceil(math.Log10(scale))))
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'f', digits, 64), 64)
	return min(max(x, p.Low), p.High) + 0 // + 0 turns -0 into 0
}
