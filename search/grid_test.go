package search_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// exhaust is everything a sampler proposes.
func exhaust(t *testing.T, cfg search.Config, space search.Space, seed uint64) []trial.Params {
	t.Helper()
	sampler, err := search.New(cfg, space)
	if err != nil {
		t.Fatal(err)
	}
	r := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1})
	for i := range 10000 {
		p, err := sampler.Sample(r.State, search.Source(seed, i))
		if errors.Is(err, search.ErrExhausted) {
			break
		}
		if err == nil {
			err = space.Contains(p)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Add(p)
	}
	var out []trial.Params
	for _, tr := range r.State.Trials {
		out = append(out, tr.Params)
	}
	return out
}

// Every configuration comes once: a parameter that does not exist multiplies nothing, and a child of a value between the points
// is reached.
func TestGridIsComplete(t *testing.T) {
	when := func(parent string, v any) []search.Condition {
		return []search.Condition{{Parent: parent, Values: []any{v}}}
	}
	space := search.Space{Parameters: []search.Parameter{
		{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-2, Log: true},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"sgd", "adamw"}},
		{Name: "momentum", Kind: search.Float, Low: -0.3, High: 0.3, When: when("optimizer", "sgd")},
		{Name: "layers", Kind: search.Int, Low: 1, High: 7, Step: 3},
		{Name: "decay", Kind: search.Float, Low: 0, High: 1},
		{Name: "rate", Kind: search.Ordinal, Choices: []any{int64(1), int64(2)}, When: when("decay", 0.1)},
	}}
	all := exhaust(t, search.Config{Type: search.GridType, Points: 3}, space, 1)
	// 3 lr * (3 momenta + 1 without) * 3 layers * (3 decays + 0.1 with 2 rates)
	if len(all) != 3*4*3*5 {
		t.Errorf("%d configurations", len(all))
	}
	seen := map[string]map[string]bool{}
	for _, p := range all {
		for _, q := range p {
			if seen[q.Name] == nil {
				seen[q.Name] = map[string]bool{}
			}
			seen[q.Name][fmt.Sprint(q.Value)] = true
		}
	}
	for name, want := range map[string][]string{"lr": {"1e-06", "0.0001", "0.01"}, "momentum": {"-0.3", "0", "0.3"},
		"layers": {"1", "4", "7"}, "decay": {"0", "0.5", "1", "0.1"}} {
		for _, v := range want {
			if !seen[name][v] || len(seen[name]) != len(want) {
				t.Errorf("%s has the values %v, not %v", name, seen[name], want)
			}
		}
	}
}

func TestGridDefault(t *testing.T) {
	line := search.Space{Parameters: []search.Parameter{{Name: "x", Kind: search.Float, High: 1}}}
	for points, want := range map[int][]float64{0: {0, 0.25, 0.5, 0.75, 1}, 1: {0.5}} {
		var got []float64
		for _, p := range exhaust(t, search.Config{Type: search.GridType, Points: points}, line, 1) {
			got = append(got, p.Float("x", -1))
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%d points: %v", points, got)
		}
	}
}

// Another seed gives another order of the same configurations.
func TestGridOrder(t *testing.T) {
	cfg := search.Config{Type: search.GridType, Points: 4}
	a, b := exhaust(t, cfg, cube(3, 0, 1), 1), exhaust(t, cfg, cube(3, 0, 1), 2)
	same := 0
	for i := range a {
		if a[i].Equal(b[i]) {
			same++
		}
	}
	if len(a) != 64 || len(b) != 64 || same > 10 {
		t.Errorf("%d and %d configurations, %d at the same place", len(a), len(b), same)
	}
}

// A prefix is spread: an eighth of a grid of 8 x 8 leaves a smaller part of it far away than a random choice does.
func TestGridPrefixIsSpread(t *testing.T) {
	far := func(points [][]float64) float64 { // the mean distance to the nearest point
		sum := 0.0
		for i := range 8 {
			for j := range 8 {
				least := math.Inf(1)
				for _, p := range points {
					least = min(least, math.Hypot(p[0]-float64(i)/7, p[1]-float64(j)/7))
				}
				sum += least / 64
			}
		}
		return sum
	}
	const seeds = 40
	var grid, random float64
	for seed := range uint64(seeds) {
		var points [][]float64
		for _, p := range exhaust(t, search.Config{Type: search.GridType, Points: 8}, cube(2, 0, 1), seed)[:8] {
			points = append(points, vector(p))
		}
		grid += far(points) / seeds
		points = nil
		for _, k := range search.Source(seed, 0).Perm(64)[:8] {
			points = append(points, []float64{float64(k/8) / 7, float64(k%8) / 7})
		}
		random += far(points) / seeds
	}
	t.Logf("mean distance to the nearest point: %.3f, random %.3f", grid, random)
	if grid > 0.93*random {
		t.Error("not spread")
	}
}
