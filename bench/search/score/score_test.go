package score

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"automl/bench/search/harnesstest"
)

// two is two searches on two tasks with two seeds; on the second task a third search ran alone with one seed.
func two() []Run {
	run := func(name, task string, seed int, at1, at2 float64) Run {
		return Run{Suite: "s", Task: task, Optimizer: name, Seed: seed, Workers: 1, Budgets: []float64{1, 2}, Regret: []float64{at1, at2},
			Ask: Timing{P50: 1, P99: 2, Total: 500}, Tell: Timing{P50: 3, P99: 4, Total: 1500}}
	}
	return []Run{
		run("a", "x", 0, 0.8, 0.4), run("a", "x", 1, 0.6, 0.2), run("a", "y", 0, 0.5, 0.5), run("a", "y", 1, 0.3, 0.1),
		run("b", "x", 0, 0.9, 0.1), run("b", "x", 1, 0.9, 0.3), run("b", "y", 0, 0.4, 0.2), run("b", "y", 1, 0.4, 0.2),
	}
}

// TestTable compares with what was computed by hand. Regret of a at 1: x .7, y .4, mean .55; of b: x .9, y .4, mean .65. Rank of
// a: x 1, y 1.5. At 2: a x .3, y .3; b x .2, y .2.
func TestTable(t *testing.T) {
	rows := Table(two())
	want := []Row{
		{Optimizer: "a", Budget: 1, Regret: 0.55, Low: 0.4, High: 0.7, Rank: 1.25},
		{Optimizer: "b", Budget: 1, Regret: 0.65, Low: 0.4, High: 0.9, Rank: 1.75},
		{Optimizer: "a", Budget: 2, Regret: 0.3, Low: 0.3, High: 0.3, Rank: 2},
		{Optimizer: "b", Budget: 2, Regret: 0.2, Low: 0.2, High: 0.2, Rank: 1},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, w := range want {
		g := rows[i]
		if g.Optimizer != w.Optimizer || g.Budget != w.Budget || g.Tasks != 2 || g.RankTasks != 2 || g.Seeds != 2 ||
			!near(g.Regret, w.Regret) || !near(g.Low, w.Low) || !near(g.High, w.High) || !near(g.Rank, w.Rank) {
			t.Errorf("row %d is %+v, want %+v", i, g, w)
		}
		if g.Ask != (Timing{1, 2, 500}) || g.Tell != (Timing{3, 4, 1500}) || g.OwnSeconds != 2 {
			t.Errorf("times of row %d: %+v", i, g)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 || math.IsNaN(a) && math.IsNaN(b) }

// TestRankOfPartial checks that a search that missed a task has no rank, and takes none from the others.
func TestRankOfPartial(t *testing.T) {
	runs := append(two(), Run{Suite: "s", Task: "x", Optimizer: "c", Workers: 1, Budgets: []float64{1}, Regret: []float64{0.1}})
	rows := Table(runs)
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range []float64{1.25, 1.75, math.NaN()} {
		if r := rows[i]; !near(r.Rank, want) || r.RankTasks != map[bool]int{false: 2, true: 0}[math.IsNaN(want)] {
			t.Errorf("%s has rank %v over %d tasks, want %v", r.Optimizer, r.Rank, r.RankTasks, want)
		}
	}
	if rows[2].Tasks != 1 || rows[2].Seeds != 1 || rows[0].Tasks != 2 {
		t.Errorf("tasks and seeds: %+v", rows[2])
	}
}

// TestRanks shares ranks among equals, as the harness does.
func TestRanks(t *testing.T) {
	want := harnesstest.Load(t).Rank
	if got := ranks(want.Values); !slices.Equal(got, want.Ranks) {
		t.Errorf("ranks of %v: %v, want %v", want.Values, got, want.Ranks)
	}
}

// TestTime takes percentiles of a hundred answers.
func TestTime(t *testing.T) {
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(100-i)*time.Millisecond)
	}
	if got := Time(took); got != (Timing{51, 100, 5050}) {
		t.Errorf("%+v", got)
	}
	if Time(nil) != (Timing{}) {
		t.Error("no answers take time")
	}
}

// TestCSV writes rows and reads them again.
func TestCSV(t *testing.T) {
	rows := Table(append(two(), Run{Suite: "s", Task: "z", Optimizer: "c", Workers: 1, Budgets: []float64{1}, Regret: []float64{1.0 / 3}}))
	var b bytes.Buffer
	if err := Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil || len(again) != len(rows) {
		t.Fatalf("%d rows, %v", len(again), err)
	}
	for i, r := range rows {
		g := again[i]
		if g.Optimizer != r.Optimizer || g.Tasks != r.Tasks || g.Seeds != r.Seeds || math.Abs(g.Regret-r.Regret) > 1e-6 || g.OwnSeconds != r.OwnSeconds {
			t.Errorf("row %d: %+v, want %+v", i, g, r)
		}
	}
	for _, bad := range []string{"", "a,b\n1,2\n", strings.Replace(b.String(), "s,1,a,1,", "s,1,a,one,", 1), strings.Replace(b.String(), "s,1,", "s,x,", 1)} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("read %.40q", bad)
		}
	}
}

// TestMarkdown checks the order of a table: the best first, peers without rank, those that ran only a part last, and no peer that
// was measured here.
func TestMarkdown(t *testing.T) {
	peer := func(name string, tasks, seeds int, regret float64) Row {
		return Row{Suite: "s", Workers: 1, Optimizer: name, Budget: 1, Regret: regret, Low: regret / 2, High: 1, Tasks: tasks, Seeds: seeds}
	}
	text := Markdown(Table(two()), []Row{peer("fast", 2, 5, 0.01), peer("partly", 1, 5, 0.001), peer("seldom", 2, 4, 0.01), peer("a", 2, 5, 0.5),
		{Suite: "other", Workers: 1, Optimizer: "o"}})
	at := -1
	for _, want := range []string{"| fast (recorded) | 2 x 5 | 0.0100 (0.005-1.000) | | 0.00/0.0 |",
		"| **a** | 2 x 2 | 0.5500 (0.400-0.700) #1.2 | 0.3000 (0.300-0.300) #2.0 | 1.00/2.0 | 2.0 |",
		"| **b** | 2 x 2 | 0.6500 (0.400-0.900) #1.8 | 0.2000 (0.200-0.200) #1.0 |",
		"| partly (recorded, partial) | 1 x 5 | 0.0010", "| seldom (recorded, partial) | 2 x 4 |"} {
		i := strings.Index(text, want)
		if i <= at {
			t.Errorf("%q is missing or out of order in\n%s", want, text)
		}
		at = i
	}
	if strings.Contains(text, "a (recorded)") || strings.Contains(text, "| o ") {
		t.Errorf("rows that do not belong here:\n%s", text)
	}
	if got := ByTask(two(), "s", 1, 2); !strings.Contains(got, "| x | 0.3000 | **0.2000** |") {
		t.Errorf("by task:\n%s", got)
	}
	if got := ByTask(two(), "s", 1, 40); got != "" {
		t.Errorf("a budget that nobody ran: %s", got)
	}
}
