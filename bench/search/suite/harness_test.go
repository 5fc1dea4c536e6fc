package suite_test

import (
	"math"
	"strings"
	"testing"

	"automl/bench/search/harnesstest"
	"automl/bench/search/suite"
	"automl/trial"
)

// near allows what another order of additions in 32 bits makes: the harness evaluates the surrogate with onnxruntime.
func near(a, b, within float64) bool { return math.Abs(a-b) <= within*max(1, math.Abs(a), math.Abs(b)) }

func tolerance(name string) float64 {
	if name == "yahpo_lcbench" {
		return 2e-5
	}
	return 0
}

// TestTasksOfHarness compares tasks of the public suites: their order, spaces, bounds, candidates and some of their values.
// Reading takes long, so only every fourth task is read.
func TestTasksOfHarness(t *testing.T) {
	dir := harnesstest.Folder(t)
	want := map[string][]harnesstest.Task{}
	for _, w := range harnesstest.Load(t).Tasks {
		want[w.Suite] = append(want[w.Suite], w)
	}
	for _, name := range []string{"taskset", "yahpo_lcbench", "tabular", "tabular_mean"} {
		var names []string
		tasks, err := suite.Load(dir, name, func(task string) bool {
			names = append(names, task)
			return len(names)%4 == 1
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(names) != len(want[name]) {
			t.Errorf("suite %s has %d tasks, the harness has %d", name, len(names), len(want[name]))
		}
		for i, task := range tasks {
			if w := want[name][4*i]; w.Name != task.Name {
				t.Errorf("suite %s: task %d is %s, want %s", name, 4*i, task.Name, w.Name)
			} else {
				compare(t, task, w)
			}
		}
	}
}

func compare(t *testing.T, task *suite.Task, want harnesstest.Task) {
	t.Helper()
	if string(task.Objective.Goal) != want.Goal || task.Objective.Metric != want.Metric || task.Epochs != want.Epochs {
		t.Errorf("%s: %+v over %d epochs, want %s %s over %d", task.Name, task.Objective, task.Epochs, want.Goal, want.Metric, want.Epochs)
	}
	if task.Best != want.Best || task.Worst != want.Worst || len(task.Space.Candidates) != want.Candidates {
		t.Errorf("%s: best %v, worst %v, %d candidates, want %v, %v, %d", task.Name, task.Best, task.Worst, len(task.Space.Candidates),
			want.Best, want.Worst, want.Candidates)
	}
	if err := task.Space.Validate(); err != nil {
		t.Errorf("%s: %v", task.Name, err)
	}
	if len(task.Space.Parameters) != len(want.Params) || len(task.Budgets()) != len(want.Budgets) {
		t.Fatalf("%s: %d parameters and %d budgets", task.Name, len(task.Space.Parameters), len(task.Budgets()))
	}
	for i, b := range task.Budgets() {
		if b != want.Budgets[i] {
			t.Errorf("%s: budget %d, want %d", task.Name, b, want.Budgets[i])
		}
	}
	for i, p := range task.Space.Parameters {
		w := want.Params[i]
		if p.Name != w.Name || string(p.Kind) != w.Kind || p.Low != w.Low || p.High != w.High || p.Log != w.Log || len(p.Choices) != len(w.Choices) {
			t.Errorf("%s: parameter %+v, want %+v", task.Name, p, w)
		}
	}
	for _, q := range want.Queries {
		query(t, task, q)
	}
}

func query(t *testing.T, task *suite.Task, q harnesstest.Query) {
	t.Helper()
	p := q.Params(t, task.Space)
	c, err := task.Curve(p, q.Seed)
	if err != nil {
		t.Fatal(err)
	}
	if c.Len() != q.Length {
		t.Errorf("%s: a curve of %d epochs, want %d", task.Name, c.Len(), q.Length)
	}
	within := tolerance(task.Suite)
	for i, epoch := range q.Epochs {
		value, seconds := c.At(epoch)
		if !near(value, q.Values[i], within) || !near(seconds, q.Seconds[i], 500*within) { // seconds are the difference of two totals
			t.Errorf("%s, %s, epoch %d: %v in %v s, want %v in %v s", task.Name, p, epoch, value, seconds, q.Values[i], q.Seconds[i])
		}
	}
	first, _ := c.At(1)
	if got := task.Score(p, 1, first); !near(got, q.Score, within) {
		t.Errorf("%s, %s: scored %v, want %v", task.Name, p, got, q.Score)
	}
}

// TestOutsideOfTask asks tasks for what they do not have.
func TestOutsideOfTask(t *testing.T) {
	for _, name := range []string{"tabular_mean/nasbench201_cifar10", "taskset/patch32_GRU64_avg_bs128"} {
		kind, task, _ := strings.Cut(name, "/")
		if _, err := harnesstest.LoadTask(t, kind, task).Curve(trial.Params{{Name: "Op0", Value: "no such operation"}}, 0); err == nil {
			t.Errorf("%s: a configuration that it does not have has a curve", name)
		}
	}
}
