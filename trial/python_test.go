package trial

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files that the Python client is held to")

// pythonFolds is what the Python client must draw, too: see python/tests/test_folds.py.
const pythonFolds = "../python/tests/data/folds.json"

type foldCase struct {
	Plan  FoldPlan `json:"plan"`
	Keys  []string `json:"keys"`
	Hash  string   `json:"hash"`
	Folds [][]int  `json:"folds"` // the validation rows of the folds 0 to 2k-1
}

// Keys of many kinds: their order is that of bytes, and of numbers where folds are named.
func foldCases() []foldCase {
	classes := make([]string, 97)
	groups := make([]string, len(classes))
	fixed := make([]string, len(classes))
	for i := range classes {
		classes[i] = []string{"b", "a", "é", "Z", "10", "9", "漢", ""}[i*i%8]
		groups[i] = fmt.Sprint("g", i*i%23)
		fixed[i] = []string{"2", "10", "", "1"}[i%4]
	}
	var out []foldCase
	for _, seed := range []uint64{1, 1<<64 - 1} {
		out = append(out,
			foldCase{Plan: FoldPlan{K: 1, Split: Plain, Seed: seed}, Keys: make([]string, 13)},
			foldCase{Plan: FoldPlan{K: 3, Split: Plain, Seed: seed}, Keys: make([]string, 50)},
			foldCase{Plan: FoldPlan{K: 3, Split: Stratified, Seed: seed}, Keys: classes},
			foldCase{Plan: FoldPlan{K: 1, Split: Stratified, Seed: seed}, Keys: classes},
			foldCase{Plan: FoldPlan{K: 5, Split: Group, Seed: seed}, Keys: groups},
			foldCase{Plan: FoldPlan{K: 3, Split: Fixed, Seed: seed}, Keys: fixed})
	}
	return out
}

func TestFoldsOfThePythonClient(t *testing.T) {
	cases := foldCases()
	for i := range cases {
		c := &cases[i]
		var err error
		if c.Hash, err = c.Plan.ManifestHash(c.Keys); err != nil {
			t.Fatal(err)
		}
		for f := range 2 * c.Plan.K {
			_, valid, err := c.Plan.Fold(c.Keys, f)
			if err != nil {
				t.Fatal(err)
			}
			c.Folds = append(c.Folds, valid)
		}
	}
	golden(t, pythonFolds, cases)
}

type scheduleCase struct {
	Strategy      Strategy  `json:"strategy"`
	Depth         float64   `json:"depth"`
	UnfreezeEvery int       `json:"unfreeze_every"`
	LayerDecay    float64   `json:"layer_decay"`
	HeadLRFactor  float64   `json:"head_lr_factor"`
	Trained       []string  `json:"trained"` // in the epochs 1 to 6: 1 for a block that trains
	Factors       []float64 `json:"factors"`
}

func TestFreezeSchedulesOfThePythonClient(t *testing.T) {
	var cases []scheduleCase
	for _, strategy := range Strategies {
		for _, depth := range []float64{0.1, 0.5, 0.625, 1} {
			for _, every := range []int{1, 3} {
				for _, blocks := range []int{1, 2, 5, 8} {
					s := FreezeSchedule{Strategy: strategy, Depth: depth, UnfreezeEvery: every, LayerDecay: 0.75, HeadLRFactor: 20}
					c := scheduleCase{Strategy: strategy, Depth: depth, UnfreezeEvery: every, LayerDecay: 0.75, HeadLRFactor: 20,
						Factors: s.LRFactors(blocks)}
					for epoch := 1; epoch <= 6; epoch++ {
						c.Trained = append(c.Trained, marks(s.Trained(epoch, blocks)))
					}
					cases = append(cases, c)
				}
			}
		}
	}
	golden(t, "../python/tests/data/schedules.json", cases)
}

func marks(trained []bool) string {
	out := make([]byte, len(trained))
	for i, on := range trained {
		out[i] = '0'
		if on {
			out[i] = '1'
		}
	}
	return string(out)
}

// golden holds a value to its file.
func golden(t *testing.T, path string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(text) {
		t.Errorf("%s is not what this package computes; go test ./trial -update rewrites it, and the Python client must follow", path)
	}
}
