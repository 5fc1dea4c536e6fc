package sim_test

import (
	"math"
	"testing"

	"automl/bench/search/harnesstest"
	"automl/bench/search/sim"
	"automl/bench/search/suite"
)

// TestRunsOfHarness plays the recorded runs of the Python harness again. The references draw the same random numbers, so the
// same run has to come out: every step of the incumbent, every question, the reason it ended.
func TestRunsOfHarness(t *testing.T) {
	tasks := map[string]*suite.Task{}
	for _, want := range harnesstest.Load(t).Runs {
		name := want.Suite + "/" + want.Task
		if tasks[name] == nil {
			tasks[name] = harnesstest.LoadTask(t, want.Suite, want.Task)
		}
		maker, err := sim.Parse(want.Optimizer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sim.Run(sim.Problem{Task: tasks[name], Seed: want.Seed, Workers: want.Workers}, maker, want.Limit)
		if err != nil {
			t.Fatal(err)
		}
		if got.Epochs != want.Epochs || got.Trials != want.Trials || got.Ended != want.Ended || len(got.Ask) != want.Asks ||
			len(got.Tell) != want.Tells || len(got.Trace) != len(want.Trace) {
			t.Errorf("%s on %s with %d workers: %d epochs, %d trials, %d asks, %d tells, %d steps, %s; want %+v", want.Optimizer, name,
				want.Workers, got.Epochs, got.Trials, len(got.Ask), len(got.Tell), len(got.Trace), got.Ended, want)
			continue
		}
		within := 0.0
		if want.Suite == "yahpo_lcbench" { // evaluated with another order of additions in 32 bits
			within = 1e-4
		}
		for i, p := range want.Trace {
			g := got.Trace[i]
			if float64(g.Epochs) != p[0] || !near(g.Seconds, p[1], 0.0005+within) || !near(g.Score, p[2], within) {
				t.Errorf("%s on %s, step %d: %+v, want %v", want.Optimizer, name, i, g, p)
			}
		}
	}
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within*max(1, math.Abs(a)) }
