package search_test

import (
	"errors"
	"strings"
	"testing"

	"automl/search"
	"automl/search/expr"
	"automl/search/searchtest"
	"automl/trial"
)

// pair is two whole numbers up to n with constraints.
func pair(n float64, constraints ...string) search.Space {
	return search.Space{
		Parameters:  []search.Parameter{{Name: "a", Kind: search.Int, Low: 1, High: n}, {Name: "b", Kind: search.Int, Low: 1, High: n}},
		Constraints: constraints,
	}
}

func TestConstraintErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a * c < 3": `constraints[0]: column 5: there is no parameter "c"`,
		"a < 1":     "constraints[0]: no configuration was found",
	} {
		_, err := search.New(search.Config{}, pair(9, text))
		var e *search.ConstraintError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	err := pair(9, "a < b", "b < a").Validate()
	var e *search.ConstraintError
	if !errors.As(err, &e) || e.Index != -1 {
		t.Errorf("two that contradict each other: %v", err)
	}
	var x *expr.Error
	if err := pair(9, "a <").Validate(); !errors.As(err, &x) || x.Column != 4 {
		t.Errorf("%v", err)
	}
}

// TestNeedle has constraints that hardly a random draw satisfies.
func TestNeedle(t *testing.T) {
	space := pair(1000, "a + b == 1997")
	if n, ok := space.Size(); n != 4 || !ok {
		t.Errorf("%d configurations, %v", n, ok)
	}
	for _, kind := range search.Types() {
		sampler, err := search.New(search.Config{Type: kind}, space)
		if err != nil {
			t.Fatal(err)
		}
		r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
		for i := range 4 {
			p, err := sampler.Sample(r.State, search.Source(1, i))
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if err := space.Contains(p); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			r.Complete(p, p.Float("a", 0))
		}
		if _, err := sampler.Sample(r.State, search.Source(1, 4)); !errors.Is(err, search.ErrExhausted) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestConstrainedConfigurations(t *testing.T) {
	space := pair(9, "a + b == 10")
	ok, bad := trial.Params{{Name: "a", Value: int64(3)}, {Name: "b", Value: int64(7)}}, trial.Params{{Name: "a", Value: int64(3)}, {Name: "b", Value: int64(8)}}
	if err := space.Contains(ok); err != nil {
		t.Error(err)
	}
	want := `a=3 and b=8 does not satisfy the constraint "a + b == 10"`
	if err := space.Contains(bad); err == nil || err.Error() != want {
		t.Errorf("Contains: %v", err)
	}
	if _, err := space.Complete(bad); err == nil || err.Error() != want {
		t.Errorf("Complete: %v", err)
	}
	if _, err := space.Fill(bad, search.Source(1, 1)); err == nil || err.Error() != want {
		t.Errorf("Fill: %v", err)
	}
	full, err := space.Fill(trial.Params{{Name: "b", Value: int64(8)}}, search.Source(1, 1))
	if err != nil || full.Int("a", 0) != 2 {
		t.Errorf("%v, %v: what is left out must follow from the constraint", full, err)
	}
	never := pair(9, "a < b or b != 1")
	if _, err := never.Fill(trial.Params{{Name: "b", Value: int64(1)}}, search.Source(1, 1)); err == nil || !strings.Contains(err.Error(), "none of") {
		t.Errorf("nothing fills it: %v", err)
	}
}

func TestConstrainedSize(t *testing.T) {
	for want, space := range map[int]search.Space{62: searchtest.ConstrainedFinite(), 2: searchtest.ConstrainedCandidates()} {
		if n, ok := space.Size(); n != want || !ok {
			t.Errorf("%d configurations, want %d", n, want)
		}
	}
}

// TestConstrainedQuality has a best value on the border that the constraint draws, which is where a search has to end.
func TestConstrainedQuality(t *testing.T) {
	p := problem{"border", cube(4, 0, 1), func(p trial.Params) float64 {
		sum := 0.0
		for _, x := range vector(p) {
			sum += (1 - x) * (1 - x)
		}
		return sum - 1 // at x = 0.5 each
	}}
	p.space.Constraints = []string{"x0 + x1 + x2 + x3 <= 2"}
	random := medianBest(t, search.Config{Type: search.RandomType}, p, 5, 40)
	for kind, share := range map[string]float64{search.GPType: 0.1, search.TPEType: 0.6} {
		if best := medianBest(t, search.Config{Type: kind}, p, 5, 40); !(best < share*random) {
			t.Errorf("%s %.3g is not below %.2g of random search's %.3g", kind, best, share, random)
		} else {
			t.Logf("%s %.3g, random %.3g", kind, best, random)
		}
	}
}
