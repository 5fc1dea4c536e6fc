package expr

import (
	"errors"
	"math"
	"strings"
	"testing"
)

var vars = []Var{
	{Name: "batch"}, {Name: "length"},
	{Name: "optimizer", Values: []any{"adamw", "sgd"}},
	{Name: "nesterov", Values: []any{true, false}},
	{Name: "freeze.depth", Values: []any{0.5, int64(1)}},
	{Name: "warm-up"},
	{Name: "either", Values: []any{"auto", int64(3)}},
}

// values in the order of vars.
func values() []any {
	return []any{int64(32), 128.0, "sgd", true, 0.5, 0.1, "auto"}
}

func TestHolds(t *testing.T) {
	for text, want := range map[string]bool{
		"batch * length <= 4096":                       true,
		"batch * length < 4096":                        false,
		"length/batch == 4":                            true,
		"1 + 2*3 == 7 and batch > 0":                   true,
		"(1 + 2)*3 == 9 and batch > 0":                 true,
		"10 - 3 - 2 == 5 and batch > 0":                true,
		"-batch < 0":                                   true,
		"--batch == batch":                             true,
		"batch >= 32 and length >= 129":                false,
		"batch >= 33 or length >= 128":                 true,
		"batch >= 33 or length >= 128 and batch < 0":   false,
		"not batch > 32":                               true,
		"not (batch > 31 and length > 127)":            false,
		`optimizer == "sgd"`:                           true,
		`optimizer != 'sgd'`:                           false,
		"nesterov":                                     true,
		"not nesterov":                                 false,
		"nesterov == false":                            false,
		"freeze.depth < 1":                             true,
		"`warm-up` == 1e-1":                            true,
		"`warm-up` == .1":                              true,
		`either == "auto"`:                             true,
		`either == 3`:                                  false,
		"batch / 0 > 1e300":                            true, // infinite
		"(batch - 32) / 0 == 1":                        false,
		"(batch - 32) / 0 != 1":                        true, // not a number
		"(nesterov == true) == (optimizer == 'sgd')":   true,
		"batch*length/64 - 1 >= 63 and nesterov==true": true,
	} {
		p, err := Compile(text, vars)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := p.Holds(values()); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestAbsent(t *testing.T) {
	p, err := Compile("batch < 0 and length < 0", vars)
	if err != nil {
		t.Fatal(err)
	}
	v := values()
	v[1] = nil
	if !p.Holds(v) {
		t.Error("a constraint that names an absent parameter must hold")
	}
	if got := p.Uses(); len(got) != 2 || got[0] != 0 || got[1] != 1 {
		t.Errorf("uses %v", got)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text   string
		column int
		msg    string
		hint   string
	}{
		{"", 1, "empty", "batch_size"},
		{"batch <", 8, "ends where a value", ""},
		{"batch * max_lenght <= 8", 9, `no parameter "max_lenght"`, ""},
		{"warm-up < 1", 1, `no parameter "warm"`, "`warm-up`"},
		{"optimizer == sgd", 14, `no parameter "sgd"`, `"sgd"`},
		{"optimizer == 'adam'", 14, `never "adam"`, "adamw, sgd"},
		{"optimizer < 'b'", 11, "needs numbers", "=="},
		{"optimizer == 3", 11, "never the same", ""},
		{"batch + optimizer < 3", 7, "needs numbers, not optimizer", ""},
		{"batch", 1, "a number, neither true nor false", "compare"},
		{"not batch", 1, "needs true or false", "compare"},
		{"batch and nesterov", 7, "needs true or false", "compare"},
		{"1 < batch < 3", 11, "second comparison", "and"},
		{"batch = 3", 7, "= is no operator", "=="},
		{"batch == 3 && nesterov", 12, "&& is no operator", "and"},
		{"!nesterov", 1, "! is no operator", "not"},
		{"batch ** 2 < 3", 7, "** is no operator", "multiply"},
		{"batch <> 3", 7, "<> is no operator", "!="},
		{"batch % 2 == 0", 7, "% is no operator", "remainder"},
		{"(batch < 3", 1, "not closed", "close"},
		{"batch < 3)", 10, "not opened", ""},
		{"batch < 3 nesterov", 11, "where an operator", ""},
		{"batch < * 3", 9, "where a value", ""},
		{"batch < 3x", 9, "no number", ""},
		{"batch < 1.2.3", 9, "no number", ""},
		{"optimizer == 'sgd", 14, "not closed", "close"},
		{"batch < 3; 1", 10, `";" has no meaning`, ""},
		{"1 < 2", 1, "names no parameter", ""},
		{strings.Repeat("(", 200) + "batch" + strings.Repeat(")", 200) + " < 1", 101, "nests deeper", ""},
		{strings.Repeat("-", 200) + "batch < 1", 101, "nests deeper", ""},
		{"batch < " + strings.Repeat("1", 5000), 4096, "longer than", ""},
	} {
		_, err := Compile(c.text, vars)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if e.Column != c.column || !strings.Contains(e.Msg, c.msg) || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%q: column %d: %s (hint %s)", c.text, e.Column, e.Msg, e.Hint)
		}
	}
}

// FuzzCompile wants an error or a program that computes, whatever the text.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"batch * length <= 8192", "not (`warm-up` < 1e-3) or optimizer != 'sgd'", "((", "1e", "batch=1", "é < batch"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Compile(text, vars)
		var e *Error
		switch {
		case err == nil:
			p.Holds(values())
			p.Holds([]any{math.NaN(), math.Inf(1), "adamw", false, int64(1), 0.0, int64(3)})
		case !errors.As(err, &e) || e.Column < 1 || e.Msg == "":
			t.Errorf("%q: %#v", text, err)
		}
	})
}
