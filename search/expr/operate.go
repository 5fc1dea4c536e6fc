package expr

import (
	"fmt"
	"slices"
	"strings"
)

func arithmetic(t token, v []value) (value, *Error) {
	for _, o := range v {
		if o.sort != aNumber {
			return value{}, wrong(t.column, "", "%s needs numbers, not %s", t.raw, o.describe())
		}
	}
	if len(v) == 1 {
		a := v[0].number
		return numeric(func(x []any) float64 { return -a(x) }), nil
	}
	a, b := v[0].number, v[1].number
	switch t.kind {
	case "+":
		return numeric(func(x []any) float64 { return a(x) + b(x) }), nil
	case "-":
		return numeric(func(x []any) float64 { return a(x) - b(x) }), nil
	case "*":
		return numeric(func(x []any) float64 { return a(x) * b(x) }), nil
	}
	return numeric(func(x []any) float64 { return a(x) / b(x) }), nil
}

func logic(t token, v []value) (value, *Error) {
	for _, o := range v {
		if o.sort != aTruth {
			return value{}, wrong(t.column, "compare it with something", "%s needs true or false, not %s", t.raw, o.describe())
		}
	}
	a := v[0].truth
	if t.kind == "not" {
		return truth(func(x []any) bool { return !a(x) }), nil
	}
	b := v[1].truth
	if t.kind == "and" {
		return truth(func(x []any) bool { return a(x) && b(x) }), nil
	}
	return truth(func(x []any) bool { return a(x) || b(x) }), nil
}

// compare makes a comparison: of numbers any, of everything else whether both are the same.
func compare(t token, a, b value) (value, *Error) {
	if t.kind == "==" || t.kind == "!=" {
		if err := meet(t, a, b); err != nil {
			return value{}, err
		}
		f, g, want := a.any, b.any, t.kind == "=="
		return truth(func(x []any) bool { return (f(x) == g(x)) == want }), nil
	}
	for _, o := range []value{a, b} {
		if o.sort != aNumber {
			return value{}, wrong(t.column, "use == or !=", "%s needs numbers, not %s", t.raw, o.describe())
		}
	}
	f, g := a.number, b.number
	switch t.kind {
	case "<":
		return truth(func(x []any) bool { return f(x) < g(x) }), nil
	case "<=":
		return truth(func(x []any) bool { return f(x) <= g(x) }), nil
	case ">":
		return truth(func(x []any) bool { return f(x) > g(x) }), nil
	}
	return truth(func(x []any) bool { return f(x) >= g(x) }), nil
}

// meet refuses a comparison that can only ever have one outcome.
func meet(t token, a, b value) *Error {
	if a.sort != b.sort && a.sort != mixed && b.sort != mixed {
		return wrong(t.column, "", "%s and %s are never the same", a.describe(), b.describe())
	}
	for _, pair := range [][2]value{{a, b}, {b, a}} {
		v, c := pair[0], pair[1]
		if v.name == "" || c.name != "" || c.sort != aText || slices.Contains(v.choices, c.choices[0]) {
			continue
		}
		return wrong(c.column, "it is one of "+listed(v.choices), "%s is never %q", v.name, c.choices[0])
	}
	return nil
}

func (v value) describe() string {
	if v.name != "" {
		return fmt.Sprintf("%s, which is %s", v.name, v.sort)
	}
	return string(v.sort)
}

func listed(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprint(v)
	}
	return strings.Join(out, ", ")
}
