package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"automl/trial"
	"automl/trial/view"
)

// TestFoldRaceIsExplained runs a study with an audit of half of the stops: explain says why for both kinds, status and best state
// how often the race was wrong.
func TestFoldRaceIsExplained(t *testing.T) {
	s := newSite(t, "x", "folds: {k: 4, race: {audit: 0.5}}\nbudget: {trials: 14}\nworkers: 1\n")
	text, err := os.ReadFile(s.sweep)
	if err != nil {
		t.Fatal(err)
	}
	fifo := strings.Replace(string(text), "scheduler: {type: hyperband, eta: 3}", "scheduler: fifo", 1)
	if err := os.WriteFile(s.sweep, []byte(fifo), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("run", s.sweep)
	st, _ := s.state()
	audited, stopped := 0, 0
	for _, q := range st.Trials {
		if q.Audit == nil && q.Status != trial.PrunedState {
			continue
		}
		out := s.ok("explain", "e2e", trial.FormatValue(q.Number)).out
		for _, want := range []string{"fold race after fold ", "expected over all", "the chance to beat trial ", ", below "} {
			if !strings.Contains(out, want) {
				t.Errorf("explain of trial %d does not say %q:\n%s", q.Number, want, out)
			}
		}
		if q.Audit != nil {
			audited++
		} else {
			stopped++
		}
	}
	if audited == 0 || stopped == 0 {
		t.Errorf("%d trials audited, %d stopped", audited, stopped)
	}
	var q view.Status
	if err := json.Unmarshal([]byte(s.ok("status", "e2e", "-o", "json").out), &q); err != nil || q.Audit == nil || q.Audit.Judged != audited {
		t.Errorf("%v: %+v", err, q.Audit)
	}
	for _, verb := range []string{"status", "best"} {
		if out := s.ok(verb, "e2e").out; !strings.Contains(out, "audited trials that the race would have stopped") {
			t.Errorf("%s:\n%s", verb, out)
		}
	}
}
