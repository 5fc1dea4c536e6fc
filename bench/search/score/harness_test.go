package score_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"automl/bench/search/harnesstest"
	"automl/bench/search/score"
	"automl/bench/search/sim"
	"automl/bench/search/suite"
)

// TestBootstrapOfHarness compares the interval with the harness's, which draws the same random numbers.
func TestBootstrapOfHarness(t *testing.T) {
	want := harnesstest.Load(t).Bootstrap
	low, high := score.Bootstrap(want.Values)
	if math.Abs(low-want.Interval[0]) > 1e-12 || math.Abs(high-want.Interval[1]) > 1e-12 {
		t.Errorf("%v to %v, want %v", low, high, want.Interval)
	}
}

// TestRecordedTable makes the first rows of the recorded table again, from tasks to intervals.
func TestRecordedTable(t *testing.T) {
	dir := harnesstest.Folder(t)
	rows, err := score.Read(filepath.Join(dir, "results", "tabular_mean.csv"))
	if err != nil {
		t.Skip(err)
	}
	tasks, err := suite.Load(dir, "tabular_mean", nil)
	if err != nil {
		t.Fatal(err)
	}
	maker, err := sim.Parse("random")
	if err != nil {
		t.Fatal(err)
	}
	var runs []score.Run
	for _, task := range tasks {
		for seed := range 30 {
			r, err := sim.Run(sim.Problem{Task: task, Seed: int64(seed), Workers: 1}, maker, 50)
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, score.Run{Suite: task.Suite, Task: task.Name, Optimizer: "random", Seed: seed, Workers: 1,
				Budgets: []float64{20, 50}, Regret: r.Regrets(task)[:2]})
		}
	}
	for _, got := range score.Table(runs) {
		i := slices.IndexFunc(rows, func(r score.Row) bool { return r.Optimizer == "random" && r.Budget == got.Budget })
		if i < 0 {
			t.Fatalf("nothing is recorded at %v", got.Budget)
		}
		if w := rows[i]; math.Abs(got.Regret-w.Regret) > 1e-6 || math.Abs(got.Low-w.Low) > 1e-6 || math.Abs(got.High-w.High) > 1e-6 || got.Seeds != w.Seeds {
			t.Errorf("random at %v: %+v, recorded is %+v", got.Budget, got, w)
		}
	}
}
