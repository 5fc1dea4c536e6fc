package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/bench/search/score"
	"automl/bench/search/suite"
)

// measured runs a command line on tasks into a new archive.
func measured(t *testing.T, tasks []*suite.Task, args ...string) []score.Run {
	t.Helper()
	o, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	a, err := open("")
	if err != nil {
		t.Fatal(err)
	}
	if err := measure(t.Context(), o.jobs(tasks, a), o.parallel, a, io.Discard); err != nil {
		t.Fatal(err)
	}
	return a.all()
}

// timeless is runs without the times that optimizers took.
func timeless(runs []score.Run) []score.Run {
	out := append([]score.Run{}, runs...)
	for i := range out {
		out[i].Ask, out[i].Tell = score.Timing{}, score.Timing{}
	}
	return out
}

// TestParallel checks that results do not depend on how many runs there are at the same time.
func TestParallel(t *testing.T) {
	tasks, err := suite.Load("", "analytic", nil)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]score.Run
	for _, parallel := range []string{"1", "7"} {
		runs := measured(t, tasks, "-optimizers", "random,tpe+hyperband", "-seeds", "3", "-workers", "1,4", "-parallel", parallel, "-budget", "4")
		all = append(all, timeless(runs))
	}
	if len(all[0]) != 2*3*2*3 || !reflect.DeepEqual(all[0], all[1]) {
		t.Errorf("%d runs one after the other, %d at the same time, and they differ", len(all[0]), len(all[1]))
	}
	if r := all[0][0]; len(r.Budgets) != 3 || r.Epochs != 4*27 || r.Budgets[2] != 4 {
		t.Errorf("a budget of 4: %+v", r)
	}
}

// TestFiles writes everything there is to write, then adds to it.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	out, kept := filepath.Join(dir, "results.md"), filepath.Join(dir, "runs.json")
	call := func(args ...string) string {
		t.Helper()
		o, err := parse(append(args, "-out", out, "-runs", kept, "-suite", "flat,conditional", "-seeds", "2", "-budget", "2"), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := execute(t.Context(), o, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	call("-optimizers", "random")
	text := call("-optimizers", "random+asha")
	for _, want := range []string{"### flat, 1 worker", "### conditional, 1 worker", "**random**", "**random+asha**", "(img/results-conditional-1.svg)",
		"| optimizers |", "| taskset | 1 | auto | 10x | 0.110 | | | not measured | 0.200 |", "0 of 18 reached"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if rows, err := score.Read(filepath.Join(dir, "results.csv")); err != nil || len(rows) != 8 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "img", "results-flat-1.svg")); err != nil || !bytes.Contains(svg, []byte("<svg")) {
		t.Errorf("no plot: %v", err)
	}
	if a, err := open(kept); err != nil || len(a.runs) != 8 {
		t.Errorf("%d runs are kept, %v", len(a.runs), err)
	}
	if again := call("-only-report", "-optimizers", "tpe+fifo"); again != text {
		t.Errorf("the report alone is another one:\n%s", again)
	}
}

// TestWithoutFolder leaves out what needs files, and says so.
func TestWithoutFolder(t *testing.T) {
	o, err := parse([]string{"-suite", "taskset,flat", "-optimizers", "random", "-seeds", "1", "-budget", "1", "-suites", t.TempDir()}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out, said strings.Builder
	if err := execute(t.Context(), o, &out, &said); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "The public suites are left out") || !strings.Contains(out.String(), "### flat") {
		t.Errorf("said %q and printed %q", said.String(), out.String())
	}
	o.suites = []string{"taskset"}
	out.Reset()
	if err := execute(t.Context(), o, &out, io.Discard); err != nil || out.Len() != 0 {
		t.Errorf("with nothing to measure: %v, %q", err, out.String())
	}
}

// TestWrongFlags refuses what cannot be run.
func TestWrongFlags(t *testing.T) {
	for _, args := range []string{"-suite nothing", "-optimizers nobody", "-workers 0", "-workers x", "-seeds 0", "-parallel 0", "-out table.txt",
		"-budget -1", "-nothing", "-only-report"} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s is accepted", args)
		}
	}
}
