package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/web"
)

const learned = `name: second
objective: {metric: loss, goal: minimize}
parameters:
  x: {type: float, low: -5, high: 5}
epochs: {max: 9, grace: 1}
budget: {trials: 20}
sampler: gp
trainer: {type: external}
warm_start: [e2e, table.csv]
`

// A study learns from an earlier one and from a table, and goes on after a restart when both are gone.
func TestWarmStart(t *testing.T) {
	s := newSite(t, "", "")
	d := s.start(s.dir, "daemon")
	ready := func() bool { _, err := readDaemonFile(s.dir); return err == nil }
	until(t, "the daemon", ready)
	info, _ := readDaemonFile(s.dir)
	o := outside{t, info}
	var first web.Submitted
	o.post("", map[string]any{"name": "e2e", "seed": 5, "objective": map[string]any{"metric": "loss", "goal": "minimize"},
		"parameters": map[string]any{"x": map[string]any{"type": "float", "low": -5, "high": 5}}, "epochs": map[string]any{"max": 2},
		"budget": map[string]any{"trials": 4}, "scheduler": "fifo", "trainer": map[string]any{"type": "external"}}, &first)
	o.all(first.Study, 100)
	st, _ := s.state()
	best := st.Best().Params.Float("x", 0)

	dir := filepath.Dir(s.sweep)
	sweep := filepath.Join(dir, "second.yaml")
	if err := os.WriteFile(sweep, []byte(learned), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.run("plan", sweep); r.code != 2 || !strings.Contains(r.err, "second.yaml:9:19: warm_start[1]") {
		t.Errorf("plan without the table: %d, %q", r.code, r.err)
	}
	table := filepath.Join(dir, "table.csv")
	if err := os.WriteFile(table, []byte("x,loss\n0.25,3\n-4,9\n7,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.ok("plan", sweep); !strings.Contains(r.err, "e2e: 4 known results") || !strings.Contains(r.err, "table.csv: 2 known results") {
		t.Errorf("plan said %q", r.err)
	}
	elsewhere := &site{t: t, dir: filepath.Join(dir, "elsewhere"), limit: s.limit}
	if r := elsewhere.run("plan", sweep); r.code != 2 || !strings.Contains(r.err, "second.yaml:9:14: warm_start[0]: there is no study in") {
		t.Errorf("plan without a record: %d, %q", r.code, r.err)
	}
	if r := s.ok("submit", sweep); !strings.Contains(r.err, "table.csv: 2 known results; 1 left out, the first because parameter x: 7") {
		t.Errorf("said %q", r.err)
	}
	for _, want := range []float64{best, 0.25} {
		var job web.Job
		if code := o.post("/second/ask", struct{}{}, &job); code != http.StatusOK || job.Params.Float("x", 0) != want {
			t.Errorf("ask: %d, %v; the best known result is %v", code, job.Params, want)
		}
		o.train("second", job)
	}

	_ = d.Process.Kill()
	_ = d.Wait()
	_ = removeDaemonFile(s.dir)
	if err := os.Remove(table); err != nil {
		t.Fatal(err)
	}
	s.start(s.dir, "daemon")
	until(t, "the daemon again", ready)
	o.info, _ = readDaemonFile(s.dir)
	s.ok("delete", "e2e")
	if r := s.ok("submit", sweep); !strings.Contains(r.out, "study second") || r.err != "" {
		t.Errorf("the same sweep is the same study: %q, %q", r.out, r.err)
	}
	if n := o.all("second", 3); n != 3 {
		t.Errorf("%d jobs after the restart", n)
	}
}

// all does the jobs of a study, at most most.
func (o outside) all(study string, most int) int {
	for n := range most {
		var job web.Job
		if o.post("/"+study+"/ask", struct{}{}, &job) != http.StatusOK {
			return n
		}
		o.train(study, job)
	}
	return most
}
