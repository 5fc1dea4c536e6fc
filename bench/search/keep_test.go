package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"automl/bench/search/score"
	"automl/bench/search/suite"
)

func someRun(optimizer string, seed int, regret ...float64) score.Run {
	return score.Run{Suite: "flat", Task: "flat", Optimizer: optimizer, Seed: seed, Workers: 1, Budgets: []float64{1, 2, 4}[:len(regret)],
		Regret: regret, Epochs: 9, Trials: 3, Ended: "budget", Ask: score.Timing{P50: 1, P99: 2, Total: 3}, Tell: score.Timing{P50: .5}}
}

// TestArchive keeps runs, takes what is measured again in place of the old, and reads further files.
func TestArchive(t *testing.T) {
	path, other := filepath.Join(t.TempDir(), "a.json"), filepath.Join(t.TempDir(), "b.json")
	save := func(path string, runs ...score.Run) {
		t.Helper()
		a, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			a.add(r)
		}
		if err := a.save(); err != nil {
			t.Fatal(err)
		}
	}
	save(path, someRun("a", 1, .5), someRun("b", 1, .5, .25), someRun("a", 0, .75))
	save(path, someRun("a", 1, .5, .1))
	save(other, someRun("a", 1, 0), someRun("c", 1, .5))
	a, err := open(path, other)
	if err != nil {
		t.Fatal(err)
	}
	want := []score.Run{someRun("a", 0, .75), someRun("a", 1, .5, .1), someRun("b", 1, .5, .25), someRun("c", 1, .5)}
	if got := a.all(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.new")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := open(path, filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a further file that is not there is read")
	}
	for _, bad := range []string{"", "{}", `[{"suite":"flat","budgets":[1,2],"runs":[{"seed":1,"regret":[0.5]}]}]`} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("read %q: %v", bad, err)
		}
	}
}

// TestResume stops a measurement, goes on, and comes to the same runs as one that was not stopped; what is there is not run again.
func TestResume(t *testing.T) {
	tasks, err := suite.Load("", "analytic", nil)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-optimizers", "random,tpe+asha", "-seeds", "4", "-parallel", "2", "-budget", "2"}
	whole := measured(t, tasks, args...)
	o, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "runs.json")
	a, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := measure(ctx, o.jobs(tasks, a), 2, a, io.Discard); err == nil || !strings.Contains(err.Error(), "of 24 runs") {
		t.Errorf("stopped: %v", err)
	}
	if err := measure(t.Context(), o.jobs(tasks, a)[:9], 2, a, io.Discard); err != nil {
		t.Fatal(err)
	}
	a, err = open(path)
	if err != nil || len(a.runs) < 9 {
		t.Fatalf("%d runs are kept, %v", len(a.runs), err)
	}
	left := o.jobs(tasks, a)
	if len(left) != 24-len(a.runs) {
		t.Errorf("%d runs are there and %d left", len(a.runs), len(left))
	}
	if err := measure(t.Context(), left, 2, a, io.Discard); err != nil {
		t.Fatal(err)
	}
	same := func(x, y score.Run) bool {
		return keyOf(x) == keyOf(y) && fmt.Sprintf("%.6f", x.Regret) == fmt.Sprintf("%.6f", y.Regret)
	}
	for i, r := range a.all() {
		if !same(r, whole[i]) {
			t.Errorf("run %d is %+v, want %+v", i, r, whole[i])
		}
	}
	o.budget = 4
	if n := len(o.jobs(tasks, a)); n != 24 {
		t.Errorf("a larger budget asks for %d runs", n)
	}
	if o.budget, o.again = 2, true; len(o.jobs(tasks, a)) != 24 {
		t.Error("-again does not measure again")
	}
}

// TestRemaining estimates from runs of the same kind; from earlier calls, and from all runs, where there are none.
func TestRemaining(t *testing.T) {
	a, _ := open("")
	old := someRun("slow", 0, .5)
	old.Ask.Total = 8000
	old.Tell.Total = 0
	a.add(old)
	task := &suite.Task{Suite: "flat", Name: "flat", Epochs: 1}
	var jobs []job
	for i := range 6 {
		jobs = append(jobs, job{task: task, optimizer: []string{"fast", "slow", "new"}[i%3], workers: 1})
	}
	b := newBar(io.Discard, jobs, 2, a)
	b.step(jobs[0], 2*time.Second)
	// left: one fast of 2 s, two slow of 8 s, two new of the mean, 5 s; two at the same time
	if got := b.remaining(); got != 14*time.Second {
		t.Errorf("%v left", got)
	}
}
