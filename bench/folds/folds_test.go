package main

import (
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/trial"
)

// made is a table as the model of the race has it: fold effects, noise that grows with how bad a configuration is, and a heavy
// tail of bad ones.
func made(t testing.TB, k, n int, fold, noise float64, seed uint64) *table {
	rng := rand.New(rand.NewPCG(seed, uint64(k)))
	effects := make([]float64, k)
	for j := range effects {
		effects[j] = fold * rng.NormFloat64()
	}
	values := make([][][]float64, n)
	for c := range values {
		below := 0.02 * rng.ExpFloat64()
		if rng.Float64() < 0.3 {
			below += 0.4 * rng.Float64()
		}
		for j := range k {
			last := 0.95 - below + effects[j] + noise*(1+5*below)*rng.NormFloat64()
			values[c] = append(values[c], []float64{last - 0.1, last})
		}
	}
	out, err := newTable("made", values)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRaceAgainstForgiving: over many made tables the race stops the best less often than its risk and than forgiving does, and
// from five folds on it saves more.
func TestRaceAgainstForgiving(t *testing.T) {
	const tables = 150
	for _, k := range []int{3, 5, 10} {
		sum := map[string]summary{}
		for seed := range uint64(tables) {
			tab := made(t, k, 60, 0.015, 0.0075, seed)
			for _, r := range rules {
				s, err := measure(tab, r, 1, 1)
				if err != nil {
					t.Fatal(err)
				}
				was := sum[r.name]
				sum[r.name] = summary{studies: was.studies + s.studies, saved: was.saved + s.saved/tables, missed: was.missed + s.missed}
			}
		}
		race, forgiving, full := sum["race"], sum["forgiving"], sum["full"]
		t.Logf("k %d: %s; forgiving: %s", k, race, forgiving)
		if full.saved != 0 || full.missed != 0 {
			t.Errorf("k %d: full cross-validation: %s", k, full)
		}
		if race.missed*20 > race.studies || race.missed > forgiving.missed {
			t.Errorf("k %d: %s; forgiving: %s", k, race, forgiving)
		}
		if race.saved < 0.4 || k >= 5 && race.saved <= forgiving.saved {
			t.Errorf("k %d: %s; forgiving: %s", k, race, forgiving)
		}
	}
}

// TestTheBaselinesStopWhenTheySay plays forgiving and aggressive on a table where their stops are known.
func TestTheBaselinesStopWhenTheySay(t *testing.T) {
	tab, err := newTable("t", [][][]float64{{{0.9}, {0.8}, {0.7}}, {{0.75}, {0.6}, {0.9}}, {{0.65}, {1}, {1}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule string
		want [3]bool // complete; the incumbent is trial 0: mean 0.8, worst fold 0.7
	}{{"full", [3]bool{true, true, true}}, {"forgiving", [3]bool{true, false, false}}, {"aggressive", [3]bool{true, false, false}}} {
		for _, r := range rules {
			if r.name != c.rule {
				continue
			}
			cut := &cutter{rule: r, table: tab, order: []int{0, 1, 2}}
			for n := range 3 {
				whole := true
				for fold := range 3 {
					if cut.cut(n, fold, 1) {
						whole = false
						if r.name == "forgiving" && n == 1 && fold != 1 {
							t.Errorf("forgiving stops trial 1 (0.75, then 0.675) after fold %d", fold)
						}
						break
					}
				}
				if whole != c.want[n] {
					t.Errorf("%s: trial %d complete is %v", r.name, n, whole)
				}
			}
		}
	}
}

func TestReadTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set_k2.csv.gz")
	write := func(text string) {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(f)
		fmt.Fprint(z, text)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("config,fold,epoch,value\n1,1,1,0.5\n0,0,1,0.1\n0,0,2,0.6\n0,1,1,0.3\n0,1,2,0.2\n1,0,1,0.1\n1,0,2,0.2\n1,1,2,NaN\n")
	tab, err := readTable(path)
	if err != nil {
		t.Fatal(err)
	}
	if tab.name != "set_k2" || tab.shape != (trial.Shape{Folds: 2, Epochs: 2}) || math.Abs(tab.best-0.4) > 1e-12 ||
		math.Abs(tab.scores[1]-0.3) > 1e-12 {
		t.Errorf("%+v", tab)
	}
	for text, want := range map[string]string{
		"config,fold,epoch,val\n":                        "columns",
		"config,fold,epoch,value\n0,0,0,1\n":             "count from 1",
		"config,fold,epoch,value\n0,0,2,1\n":             "missing",
		"config,fold,epoch,value\n0,0,1,1\n1,1,1,1\n":    "folds",
		"config,fold,epoch,value\n0,x,1,1\n":             "line 2",
		"config,fold,epoch,value\n":                      "empty",
		"config,fold,epoch,value\n0,0,1,1\n1,0,1,high\n": "line 3",
	} {
		write(text)
		if _, err := readTable(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
