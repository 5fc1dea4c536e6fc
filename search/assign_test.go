package search_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

func params(pairs ...any) trial.Params {
	var p trial.Params
	for i := 0; i < len(pairs); i += 2 {
		p = append(p, trial.Param{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return p
}

// small has a parent that stands after its child.
var small = search.Space{Parameters: []search.Parameter{
	{Name: "momentum", Kind: search.Float, Low: 0, High: 1, When: []search.Condition{{Parent: "optimizer", Values: []any{"sgd"}}}},
	{Name: "batch", Kind: search.Ordinal, Choices: []any{int64(16), int64(32)}},
	{Name: "warmup", Kind: search.Float, Low: 0, High: 0.2, Step: 0.05},
	{Name: "layers", Kind: search.Int, Low: 1, High: 4},
	{Name: "optimizer", Kind: search.Categorical, Choices: []any{"adamw", "sgd"}},
	{Name: "seed_words", Kind: search.Constant, Choices: []any{int64(3)}},
}}

func TestComplete(t *testing.T) {
	got, err := small.Complete(params("optimizer", "sgd", "layers", 2.0, "warmup", 0.05*3, "batch", 32.0, "momentum", int64(1)))
	if err != nil {
		t.Fatal(err)
	}
	want := params("momentum", 1.0, "batch", int64(32), "warmup", 0.15, "layers", int64(2), "optimizer", "sgd", "seed_words", int64(3))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := small.Contains(got); err != nil {
		t.Error(err)
	}
}

func TestCompleteRefuses(t *testing.T) {
	base := params("batch", int64(16), "warmup", 0.0, "layers", int64(1), "optimizer", "adamw")
	for _, c := range []struct {
		p               trial.Params
		parameter, want string
	}{
		{base[1:], "batch", "it has no value"},
		{append(params("momentum", 0.5), base...), "momentum", "exists only when optimizer is sgd"},
		{append(params("lr", 0.5), base...), "lr", "no such parameter"},
		{append(params("layers", int64(1)), base...), "layers", "given twice"},
		{append(params("layers", 1.5), base[:2]...), "layers", "a whole number between 1 and 4"},
		{append(params("layers", int64(5)), base[:2]...), "layers", "between 1 and 4"},
		{append(params("warmup", 0.06), base[:1]...), "warmup", "0 plus a multiple of 0.05"},
		{append(params("batch", int64(17)), base[1:]...), "batch", "one of 16, 32"},
		{append(params("batch", "16"), base[1:]...), "batch", "one of 16, 32"},
		{append(params("seed_words", int64(4)), base...), "seed_words", "one of 3"},
	} {
		_, err := small.Complete(c.p)
		e, ok := err.(*search.ParameterError)
		if !ok || e.Parameter != c.parameter || !strings.Contains(e.Msg, c.want) {
			t.Errorf("%v: %v, want one about %s: %s", c.p, err, c.parameter, c.want)
		}
	}
}

func TestContainsIsStrict(t *testing.T) {
	good := params("momentum", 1.0, "batch", int64(32), "warmup", 0.15, "layers", int64(2), "optimizer", "sgd", "seed_words", int64(3))
	for _, c := range []struct {
		name string
		p    trial.Params
	}{
		{"a constant missing", good[:5]},
		{"an active one missing", good[1:]},
		{"an int as a float", append(params("layers", 2.0), append(good[:3:3], good[4:]...)...)},
		{"a float as an int", append(params("momentum", int64(1)), good[1:]...)},
		{"inactive", append(params("optimizer", "adamw"), append(good[:4:4], good[5:]...)...)},
	} {
		if err := small.Contains(c.p); err == nil {
			t.Errorf("%s: %v is accepted", c.name, c.p)
		}
	}
}

func TestFill(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		got, err := small.Fill(params("momentum", 0.5), source)
		if err != nil {
			t.Fatal(err)
		}
		if err := small.Contains(got); err != nil || got.Text("optimizer", "") != "sgd" || got.Float("momentum", 0) != 0.5 {
			t.Fatalf("%v: %v", got, err)
		}
	}
	if _, err := small.Fill(params("momentum", 0.5, "optimizer", "adamw"), source); err == nil {
		t.Error("a given parameter that the given parent rules out is accepted")
	}
}

func TestFillDrawsAncestors(t *testing.T) {
	space := searchtest.Spaces()["mixed"]
	got, err := space.Fill(params("dampening", 0.25), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if err := space.Contains(got); err != nil {
		t.Error(err)
	}
	if got.Text("optimizer", "") != "sgd" {
		t.Errorf("dampening needs nesterov, which needs sgd: %v", got)
	}
}

func TestFillContradiction(t *testing.T) {
	space := search.Space{Parameters: []search.Parameter{
		{Name: "kind", Kind: search.Categorical, Choices: []any{"a", "b"}},
		{Name: "x", Kind: search.Float, High: 1, When: []search.Condition{{Parent: "kind", Values: []any{"a"}}}},
		{Name: "y", Kind: search.Float, High: 1, When: []search.Condition{{Parent: "kind", Values: []any{"b"}}}},
	}}
	if got, err := space.Fill(params("x", 0.5, "y", 0.5), rand.New(rand.NewPCG(1, 2))); err == nil {
		t.Errorf("x and y never stand together, but there is %v", got)
	}
}

func TestActive(t *testing.T) {
	for _, optimizer := range []string{"adamw", "sgd"} {
		if got := small.Active(params("optimizer", optimizer), 0); got != (optimizer == "sgd") {
			t.Errorf("momentum with %s: %v", optimizer, got)
		}
	}
}

func TestSize(t *testing.T) {
	grid := func(n float64) search.Parameter {
		return search.Parameter{Name: "g", Kind: search.Int, Low: 1, High: n}
	}
	big := search.Space{}
	for _, name := range strings.Split("abcdefgh", "") {
		p := grid(1 << 20)
		p.Name = name
		big.Parameters = append(big.Parameters, p)
	}
	for _, c := range []struct {
		name   string
		space  search.Space
		want   int
		finite bool
	}{
		{"empty", search.Space{}, 1, true},
		{"one int", search.Space{Parameters: []search.Parameter{grid(7)}}, 7, true},
		{"constants", searchtest.Constant(), 1, true},
		{"conditional", searchtest.Finite(), 23, true},
		{"grid", searchtest.Spaces()["grid"], 1000 * 5 * 3, true},
		{"continuous", small, 0, false},
		{"overflow", big, 0, false},
	} {
		if got, finite := c.space.Size(); got != c.want || finite != c.finite {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, got, finite, c.want, c.finite)
		}
	}
}
