package suite_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"automl/bench/search/cpython"
	"automl/bench/search/suite"
	"automl/search"
	"automl/trial"
)

// TestMadeUpTasks checks what every task without files must hold.
func TestMadeUpTasks(t *testing.T) {
	for _, name := range suite.Names() {
		if suite.Public(name) {
			continue
		}
		tasks, err := suite.Load("", name, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if err := task.Space.Validate(); err != nil {
				t.Errorf("%s: %v", task.Name, err)
			}
			r := cpython.New(1)
			for i := range 200 {
				p := suite.Draw(task.Space, r)
				if err := task.Space.Contains(p); err != nil {
					t.Fatalf("%s: %s: %v", task.Name, p, err)
				}
				once, _ := task.Curve(p, int64(i))
				again, _ := task.Curve(p, int64(i))
				for e := 1; e <= task.Epochs; e++ {
					v, seconds := once.At(e)
					if w, _ := again.At(e); v != w || !(seconds > 0) || math.IsNaN(v) {
						t.Fatalf("%s, epoch %d: %v, then %v, in %v s", task.Name, e, v, w, seconds)
					}
					if regret := task.Regret(task.Score(p, e, v)); regret < 0 || regret > 1 {
						t.Fatalf("%s, epoch %d: regret %v", task.Name, e, regret)
					}
				}
			}
		}
	}
}

// TestBestOfAnalyticFunctions evaluates the functions where their minima are known to be.
func TestBestOfAnalyticFunctions(t *testing.T) {
	at := map[string][]float64{"branin": {math.Pi, 2.275}, "hartmann3": {0.114614, 0.555649, 0.852547},
		"hartmann6": {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573}}
	tasks, err := suite.Load("", "analytic", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		var p trial.Params
		for i, q := range task.Space.Parameters {
			p = append(p, trial.Param{Name: q.Name, Value: at[task.Name][i]})
		}
		if r := task.Regret(task.Score(p, 1_000_000, 0)); !(math.Abs(r) < 1e-5) {
			t.Errorf("%s: the regret at its minimum is %v", task.Name, r)
		}
	}
}

func line(values ...float64) *suite.Task {
	task := &suite.Task{Space: search.Space{Parameters: []search.Parameter{{Name: "x", Kind: search.Float, High: 1},
		{Name: "c", Kind: search.Categorical, Choices: []any{"a", "b"}}}}}
	for _, v := range values {
		task.Space.Candidates = append(task.Space.Candidates, trial.Params{{Name: "x", Value: v}, {Name: "c", Value: "a"}})
	}
	return task
}

// TestNearest checks that candidates are handed out once, and that another category is far away.
func TestNearest(t *testing.T) {
	task := line(0.3, 0.4, 0.5, 0.9)
	task.Space.Candidates = append(task.Space.Candidates, trial.Params{{Name: "x", Value: 0.42}, {Name: "c", Value: "b"}})
	n := suite.NewNearest(task)
	want := []float64{0.4, 0.5, 0.3, 0.9, 0.42}
	for _, w := range want {
		if p, ok := n.Take(trial.Params{{Name: "x", Value: 0.42}, {Name: "c", Value: "a"}}); !ok || p.Float("x", -1) != w {
			t.Errorf("took %s, want x=%v", p, w)
		}
	}
	if _, ok := n.Take(task.Space.Candidates[0]); ok {
		t.Error("a candidate was left after all were taken")
	}
}

// TestFind looks for the folder where it is told to, and above the working directory.
func TestFind(t *testing.T) {
	root := t.TempDir()
	bench, deep := filepath.Join(root, "shared", "bench"), filepath.Join(root, "main", "bench")
	for _, dir := range []string{filepath.Join(bench, "taskset"), deep} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(suite.Variable, "")
	t.Chdir(deep)
	got, err := suite.Find("")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := os.Stat(got)
	if b, _ := os.Stat(bench); !os.SameFile(a, b) {
		t.Errorf("found %s", got)
	}
	if _, err := suite.Find(deep); !errors.Is(err, suite.ErrAbsent) {
		t.Errorf("a folder without suites gives %v", err)
	}
	t.Setenv(suite.Variable, bench)
	if got, err := suite.Find(""); err != nil || got != bench {
		t.Errorf("the variable gives %s, %v", got, err)
	}
	if _, err := suite.Load(deep, "taskset", nil); !errors.Is(err, suite.ErrAbsent) {
		t.Errorf("loading from an empty folder gives %v", err)
	}
}
