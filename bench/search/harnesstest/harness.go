// Package harnesstest holds, for tests, what the Python harness of the benchmark folder says: tasks, values, whole runs. It was
// recorded by testdata/record.py.
package harnesstest

import (
	_ "embed"
	"encoding/json"
	"testing"

	"automl/bench/search/suite"
	"automl/search"
	"automl/trial"
)

//go:embed testdata/harness.json
var document []byte

// Harness is the whole recording.
type Harness struct {
	Tasks     []Task
	Runs      []Run
	Bootstrap struct {
		Values   []float64
		Interval [2]float64
	}
	Rank struct{ Values, Ranks []float64 }
}

// Task is one task of a public suite.
type Task struct {
	Suite, Name, Goal, Metric string
	Epochs                    int
	Best, Worst               float64
	Budgets                   []int
	Candidates                int
	Params                    []struct {
		Name, Kind string
		Low, High  float64
		Log        bool
		Choices    []any
	}
	Queries []Query
}

// Query is one configuration, its values and seconds at some epochs, and what an incumbent with it is judged by.
type Query struct {
	Config          map[string]any
	Seed            int64
	Epochs          []int
	Values, Seconds []float64
	Length          int
	Score           float64
}

// Run is one search. A point of the trace is epochs, seconds rounded to thousandths, and score.
type Run struct {
	Suite, Task, Optimizer      string
	Seed                        int64
	Workers, Limit              int
	Epochs, Trials, Asks, Tells int
	Seconds                     float64
	Ended                       string
	Trace                       [][3]float64
}

// Load returns the recording.
func Load(t testing.TB) Harness {
	t.Helper()
	var h Harness
	if err := json.Unmarshal(document, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// Folder is the benchmark folder; a test without it is skipped.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := suite.Find("")
	if err != nil {
		t.Skip(err)
	}
	return dir
}

// LoadTask loads one task of a suite, or skips the test.
func LoadTask(t testing.TB, name, task string) *suite.Task {
	t.Helper()
	dir := ""
	if suite.Public(name) {
		dir = Folder(t)
	}
	tasks, err := suite.Load(dir, name, func(n string) bool { return n == task })
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) != 1 {
		t.Fatalf("suite %s has %d tasks called %s", name, len(tasks), task)
	}
	return tasks[0]
}

// Params is the configuration in the types of a space.
func (q Query) Params(t testing.TB, s search.Space) trial.Params {
	t.Helper()
	var p trial.Params
	for _, d := range s.Parameters {
		if v, ok := q.Config[d.Name]; ok {
			p = append(p, trial.Param{Name: d.Name, Value: v})
		}
	}
	p, err := s.Complete(p)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
