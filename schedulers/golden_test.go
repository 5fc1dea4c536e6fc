package schedulers_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

var update = flag.Bool("update", false, "rewrite the golden transcripts; read the diff before you keep it")

// TestGolden plays whole searches on a fixed table of curves. In the table trial 11 has no finite value, the folds of trials 5
// and 14 end early, and trial 9 breaks in its fourth epoch, however often it is tried.
func TestGolden(t *testing.T) {
	curves := readCurves(t)
	for _, c := range []schedulers.Config{
		{Type: "fifo", Trials: 8},
		{Type: "asha", Trials: 30, Grace: 1},
		{Type: "hyperband", Trials: 30, Grace: 1},
		{Type: "pasha", Trials: 30, Eta: 2, Grace: 1},
		{Type: "median", Trials: 20, Grace: 2, Startup: 3},
		{Type: "fifo", Trials: 20, Race: schedulers.Race{On: true, Audit: 0.2}},
		{Type: "asha", Trials: 30, Grace: 1, Race: schedulers.Race{On: true, Risk: 0.3, Audit: 0.2}},
	} {
		for _, workers := range []int{1, 4} {
			name := fmt.Sprintf("%s%s-%d", c.Type, strings.Replace(race(c), " ", "-", 1), workers)
			t.Run(name, func(t *testing.T) {
				game, err := simulate.Play(maker(t, c), curves.study(), curves.world(workers))
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name, transcript(game))
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s changed (-want +got); rewrite it with -update if that is meant:\n%s", path, diff)
	}
}

func maker(t testing.TB, c schedulers.Config) func(*trial.State) schedulers.Scheduler {
	return func(s *trial.State) schedulers.Scheduler {
		sched, err := schedulers.New(c, s)
		if err != nil {
			t.Fatal(err)
		}
		return sched
	}
}

// curves is the table: trial, fold, epoch-1 -> a number, "nan", "crash", or nothing where the fold has ended.
type curves [][][]string

func readCurves(t *testing.T) curves {
	t.Helper()
	file, err := os.Open("testdata/curves.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out curves
	for _, row := range rows[1:] {
		if row[1] == "0" {
			out = append(out, nil)
		}
		last := len(out) - 1
		out[last] = append(out[last], row[2:])
	}
	return out
}

func (c curves) study() trial.Study {
	return trial.Study{ID: "s", Name: "curves", Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize},
		Shape: trial.Shape{Folds: len(c[0]), Epochs: len(c[0][0])}}
}

func (c curves) world(workers int) simulate.World {
	return simulate.World{
		Workers: workers,
		Value: func(n, fold, epoch int) float64 {
			v, err := strconv.ParseFloat(c[n][fold][epoch-1], 64)
			if err != nil {
				return math.NaN()
			}
			return v
		},
		Last: func(n, fold, epoch int) bool { return epoch < len(c[n][fold]) && c[n][fold][epoch] == "" },
		Fail: func(n, _, fold, epoch int) trial.Failure {
			if c[n][fold][epoch-1] == "crash" {
				return trial.Crash
			}
			return ""
		},
		Seconds: func(n int) float64 { return 1 + float64(n%5)/10 },
	}
}

// transcript is the plan, the decisions and the outcome of a search.
func transcript(g *simulate.Game) string {
	var b strings.Builder
	plan := g.Scheduler.Plan()
	for _, bracket := range plan.Brackets {
		fmt.Fprintf(&b, "bracket %d:", bracket.Bracket)
		for _, r := range bracket.Rungs {
			fmt.Fprintf(&b, "  %d to %s (%d epochs)", r.Trials, r.At, r.Epochs)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "planned: %d epochs, %.3f of %d\n\n", plan.Epochs, plan.Fraction(), plan.Full)
	for _, e := range g.Events {
		d := e.Decision
		if d == nil || d.What == trial.Assigned || d.What == trial.Started {
			continue
		}
		clock := e.Time.Sub(g.State.Study.Created).Seconds()
		fmt.Fprintf(&b, "%6.1f  trial %2d  %-9s  %s\n", clock, d.Trial, d.What, d.Reason)
	}
	counts := g.State.Counts()
	fmt.Fprintf(&b, "\n%s\ntrained: %d epochs, %d complete, %d pruned, %d failed, best trial %d\n", finish(g),
		g.State.EpochsRun(), counts[trial.Complete], counts[trial.PrunedState], counts[trial.Fail], g.State.Best().Number)
	return b.String()
}

func finish(g *simulate.Game) string { return g.Scheduler.Next().(schedulers.Finish).Reason }
