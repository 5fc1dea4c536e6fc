package search_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"automl/search"
	"automl/search/searchtest"
)

func TestValidateAccepts(t *testing.T) {
	for name, space := range searchtest.Spaces() {
		if err := space.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, space := range []search.Space{{}, searchtest.Constant(), searchtest.Finite(), small} {
		if err := space.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	type P = search.Parameter
	when := func(parent string, values ...any) []search.Condition {
		return []search.Condition{{Parent: parent, Values: values}}
	}
	ab := P{Name: "ab", Kind: search.Categorical, Choices: []any{"a", "b"}}
	for _, c := range []struct {
		field, msg string
		p          P
	}{
		{"name", "no name", P{Name: "1x", Kind: search.Float, High: 1}},
		{"name", "two parameters", P{Name: "ab", Kind: search.Float, High: 1}},
		{"type", "no type", P{Name: "x", Kind: "real"}},
		{"low", "above high", P{Name: "x", Kind: search.Float, Low: 2, High: 1}},
		{"low", "finite", P{Name: "x", Kind: search.Float, Low: math.NaN(), High: 1}},
		{"high", "finite", P{Name: "x", Kind: search.Float, High: math.Inf(1)}},
		{"high", "too wide", P{Name: "x", Kind: search.Float, Low: -math.MaxFloat64, High: math.MaxFloat64}},
		{"low", "log needs", P{Name: "x", Kind: search.Float, High: 1, Log: true}},
		{"step", "above 0", P{Name: "x", Kind: search.Float, High: 1, Step: -1}},
		{"step", "log", P{Name: "x", Kind: search.Float, Low: 1, High: 2, Step: 0.1, Log: true}},
		{"step", "wider", P{Name: "x", Kind: search.Float, High: 1, Step: 2}},
		{"step", "too many", P{Name: "x", Kind: search.Float, High: 1, Step: 1e-300}},
		{"high", "whole", P{Name: "x", Kind: search.Int, High: 1.5}},
		{"step", "whole", P{Name: "x", Kind: search.Int, High: 3, Step: 1.5}},
		{"high", "too large", P{Name: "x", Kind: search.Int, High: 1e17}},
		{"choices", "no choices", P{Name: "x", Kind: search.Ordinal}},
		{"choices", "twice", P{Name: "x", Kind: search.Ordinal, Choices: []any{int64(1), 1.0}}},
		{"choices", "choice 2", P{Name: "x", Kind: search.Categorical, Choices: []any{"a", []int{1}}}},
		{"choices", "finite", P{Name: "x", Kind: search.Categorical, Choices: []any{math.NaN()}}},
		{"choices", "one value", P{Name: "x", Kind: search.Constant, Choices: []any{"a", "b"}}},
		{"choices", "has no choices", P{Name: "x", Kind: search.Float, High: 1, Choices: []any{0.5}}},
		{"type", "no low", P{Name: "x", Kind: search.Ordinal, High: 1, Choices: []any{0.5}}},
		{"when", "no parameter", P{Name: "x", Kind: search.Float, High: 1, When: when("nobody", "a")}},
		{"when", "itself", P{Name: "x", Kind: search.Float, High: 1, When: when("x", 0.5)}},
		{"when", "no value", P{Name: "x", Kind: search.Float, High: 1, When: when("ab")}},
		{"when", "can never be c", P{Name: "x", Kind: search.Float, High: 1, When: when("ab", "a", "c")}},
	} {
		err := search.Space{Parameters: []P{ab, c.p}}.Validate()
		var e *search.ParameterError
		if !errors.As(err, &e) || e.Parameter != c.p.Name || e.Field != c.field || !strings.Contains(e.Msg, c.msg) {
			t.Errorf("%+v: %v, want one about %s: %s", c.p, err, c.field, c.msg)
		}
	}
}

func TestValidateRefusesCycles(t *testing.T) {
	p := func(name, parent string) search.Parameter {
		return search.Parameter{Name: name, Kind: search.Categorical, Choices: []any{true, false},
			When: []search.Condition{{Parent: parent, Values: []any{true}}}}
	}
	space := search.Space{Parameters: []search.Parameter{p("a", "b"), p("b", "c"), p("c", "a")}}
	if err := space.Validate(); err == nil || !strings.Contains(err.Error(), "depends on itself") {
		t.Error(err)
	}
}
