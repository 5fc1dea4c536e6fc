package main

import (
	"strings"
	"testing"

	"automl/bench/search/score"
)

// TestTargets reads the targets, and says what is reached and what is not.
func TestTargets(t *testing.T) {
	all, err := readTargets(targetFile)
	if err != nil || len(all) != 18 {
		t.Fatalf("%d targets, %v", len(all), err)
	}
	for _, x := range all {
		if x.regret >= x.bestPeer || x.regret <= 0 || x.workers != 1 {
			t.Errorf("odd target %+v", x)
		}
	}
	row := func(budget, regret float64) score.Row {
		return score.Row{Suite: "taskset", Workers: 1, Optimizer: "auto", Budget: budget, Regret: regret}
	}
	text := targetTable(all, []score.Row{row(2, .38), row(4, .2125)})
	for _, want := range []string{"| taskset | 1 | auto | 2x | 0.380 | 0.3800 | 0.000-0.000 | reached |", "**short by 0.0125**", "1 of 18 reached"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, bad := range []string{"a\n1\n", "suite,workers,search,budget,target,best_peer\ns,1,auto,2,low,1\n", "suite,workers,search,budget,target,best_peer\ns,x,auto,2,1,1\n"} {
		if _, err := readTargets(bad); err == nil {
			t.Errorf("read %q", bad)
		}
	}
}

// TestComparisons flags what is worse beyond the interval, and divides by what one worker reaches.
func TestComparisons(t *testing.T) {
	pairs := []score.Pair{{Suite: "s", Workers: 1, Budget: 10, Runs: 90, A: .5, B: .3, Low: .1, High: .3},
		{Suite: "s", Workers: 1, Budget: 20, Runs: 90, A: .3, B: .3, Low: -.1, High: .1}, {Suite: "s", Workers: 1, Budget: 40, Runs: 90, B: .3, Low: -.4, High: -.2},
		{Suite: "s", Workers: 1, Budget: 80, Runs: 2, A: .5, Low: .4, High: .6}}
	text := pairTable(pairs, "hyperband")
	for _, want := range []string{"+0.2000 | +0.1000 to +0.3000 | **worse beyond the interval** |", "| even |", "| better |", "| too few pairs to tell |", "in 1 of 4"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	text = scaleTable([]score.Scaling{{Suite: "s", Optimizer: "a", Workers: 4, Budget: 10, One: .2, Many: .3}, {Suite: "s", Optimizer: "b", Workers: 8, Budget: 10, Many: .3}})
	for _, want := range []string{"| s | 4 workers, 10x | 8 workers, 10x |", "| a | 1.50 | |", "| b | | 0 to 0.3000 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
