package score

import (
	"math"
	"testing"
)

// TestPaired leaves out what only one of the two ran, and tells a difference from chance.
func TestPaired(t *testing.T) {
	run := func(name, task string, seed, workers int, regret ...float64) Run {
		return Run{Suite: "s", Task: task, Optimizer: name, Seed: seed, Workers: workers, Budgets: []float64{1, 2, 4}[:len(regret)], Regret: regret}
	}
	runs := []Run{
		run("a", "x", 0, 1, .5, .1, .3), run("a", "x", 1, 1, .5, .2, .1), run("a", "y", 0, 1, .5, .3, .2), run("a", "y", 7, 1, 0, 0, 0),
		run("b", "y", 0, 1, .4, .5, .2), run("b", "x", 0, 1, .2, .3, .1), run("b", "x", 1, 1, .3, .4, .3), run("c", "x", 0, 1, 1, 1, 1),
		run("a", "x", 0, 4, .5), run("b", "x", 0, 4, .5),
	}
	pairs := Paired(runs, "a", "b")
	if len(pairs) != 4 {
		t.Fatalf("%d pairs", len(pairs))
	}
	for i, want := range []Pair{{Budget: 1, A: .5, B: .3}, {Budget: 2, A: .2, B: .4}, {Budget: 4, A: .2, B: .2}} {
		if p := pairs[i]; p.Budget != want.Budget || p.Runs != 3 || !near(p.A, want.A) || !near(p.B, want.B) {
			t.Errorf("%+v, want %+v", p, want)
		}
	}
	for i := range pairs {
		if pairs[i].Worse() || pairs[i].Better() {
			t.Errorf("three pairs decide: %+v", pairs[i])
		}
		pairs[i].Runs *= 4
	}
	if p := pairs[0]; !p.Worse() || p.Better() || p.Low < .1-1e-9 || p.High > .3+1e-9 {
		t.Errorf("differences .3, .2 and .1: %+v", p)
	}
	if p := pairs[1]; p.Worse() || !p.Better() {
		t.Errorf("three times -.2: %+v", p)
	}
	if p := pairs[2]; p.Worse() || p.Better() {
		t.Errorf("differences .2, -.2 and 0: %+v", p)
	}
	if p := pairs[3]; p.Workers != 4 || p.Runs != 4 {
		t.Errorf("with four workers: %+v", p)
	}
}

// TestScale compares the same tasks and seeds.
func TestScale(t *testing.T) {
	run := func(task string, workers int, at10 float64) Run {
		return Run{Suite: "s", Task: task, Optimizer: "a", Workers: workers, Budgets: []float64{1, 10}, Regret: []float64{1, at10}}
	}
	got := Scale([]Run{run("x", 1, .1), run("y", 1, .3), run("z", 1, .9), run("x", 8, .2), run("y", 8, .4)}, 10)
	if len(got) != 1 || got[0].Workers != 8 || got[0].Runs != 2 || !near(got[0].Ratio(), 1.5) {
		t.Errorf("%+v", got)
	}
	if got := Scale([]Run{run("x", 1, 0), run("x", 4, 0)}, 10); got[0].Ratio() != 1 {
		t.Errorf("nothing to nothing is %v", got[0].Ratio())
	}
	if got := Scale([]Run{run("x", 1, 0), run("x", 4, .2)}, 10); !math.IsNaN(got[0].Ratio()) {
		t.Errorf("a ratio to nothing is %v", got[0].Ratio())
	}
}
