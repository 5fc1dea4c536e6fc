package main

import (
	"encoding/csv"
	"math"
	"slices"
	"strings"
	"testing"

	"automl/trial"
	"automl/trial/pareto"
	"automl/trial/view"
)

// twoObjectives is a sweep of accuracy against size; the test trainer reports both.
const twoObjectives = `budget: {trials: 12}
epochs: {max: 2, grace: 1}
confirm: {top: 2, seeds: 1}
workers: 2
`

// several turns the sweep of a site into one with two objectives.
func several(t *testing.T, mode, more string) *site {
	s := newSite(t, mode, twoObjectives+more)
	s.rewrite("objective: {metric: acc, goal: maximize}", "objective: [{metric: acc, goal: maximize}, {metric: size, goal: minimize}]")
	s.rewrite("scheduler: {type: hyperband, eta: 3}\n", "")
	return s
}

// A study with two objectives from the sweep file to the front, by the command line, the database and the record alike.
func TestRunTwoObjectives(t *testing.T) {
	s := several(t, "x", "")
	r := s.ok("run", s.sweep)
	for _, want := range []string{"Front of ", "Best compromise of 12 trials", "hypervolume", "size"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	best := decodeJSON[view.Best](t, s.ok("best", "-o", "json").out)
	st, _ := s.state()
	if len(st.Study.Others) != 1 || st.Study.Others[0].Metric != "size" || st.Study.Others[0].Goal != trial.Minimize {
		t.Fatalf("objectives %+v", st.Study.Objectives())
	}
	checkFront(t, st, best)
	if st.Trial(best.Trial).Extra == 0 {
		t.Errorf("the winner, trial %d, was not confirmed", best.Trial)
	}
	var rows int
	s.row("SELECT count(*) FROM objectives_v WHERE metric = 'size' AND value IS NOT NULL", &rows)
	if rows != 12 {
		t.Errorf("objectives_v has the size of %d trials", rows)
	}
	table, err := csv.NewReader(strings.NewReader(s.ok("best", "-o", "csv").out)).ReadAll()
	if err != nil || len(table) != 1+len(best.Front) || !slices.Equal(table[0][:6], []string{"study", "trial", "best", "epoch", "acc", "size"}) {
		t.Errorf("csv: %v %v", table, err)
	}
	status := decodeJSON[view.Status](t, s.ok("status", "-o", "json").out)
	if status.Best == nil || len(status.Best.Front) != len(best.Front) {
		t.Errorf("status shows %+v", status.Best)
	}
	if out := s.ok("describe").out; !strings.Contains(out, "acc") || !strings.Contains(out, "size") {
		t.Errorf("describe:\n%s", out)
	}
}

// checkFront holds what best says against the record.
func checkFront(t *testing.T, st *trial.State, best view.Best) {
	t.Helper()
	var all [][]float64
	byNumber := map[int][]float64{}
	for _, tr := range st.Trials {
		if tr.Status != trial.Complete {
			t.Fatalf("trial %d is %s: %s", tr.Number, tr.Status, tr.Reason)
		}
		scores, _ := tr.ScoresAt(st.Study, st.Study.Shape.Full())
		y := []float64{-scores[0].Value, scores[1].Value}
		all, byNumber[tr.Number] = append(all, y), y
	}
	if want := len(pareto.Front(all)); len(best.Front) != want || want < 2 {
		t.Fatalf("%d trials on the front, want %d", len(best.Front), want)
	}
	for _, m := range best.Front {
		y := []float64{-m.Objectives[0].Value, m.Objectives[1].Value}
		if !slices.Equal(y, byNumber[m.Trial]) || !m.Params.Equal(st.Trial(m.Trial).Params) {
			t.Errorf("the front has %+v, the record %v", m, byNumber[m.Trial])
		}
		for _, other := range all {
			if pareto.Dominates(other, y) {
				t.Errorf("trial %d with %v is beaten by %v", m.Trial, y, other)
			}
		}
	}
	if best.Hypervolume == nil || len(best.Reference) != 2 {
		t.Fatalf("hypervolume %v up to %v", best.Hypervolume, best.Reference)
	}
	want := pareto.Hypervolume(all, []float64{-best.Reference[0], best.Reference[1]})
	if math.Abs(*best.Hypervolume-want) > 1e-12*want {
		t.Errorf("hypervolume %v, want %v", *best.Hypervolume, want)
	}
	if best.Objectives[0].Value != best.Value || best.Objectives[1].Metric != "size" {
		t.Errorf("the winner is worth %+v, its value is %v", best.Objectives, best.Value)
	}
}

// With asha, what is pruned says that it was ranked by non-dominated sorting; a report without one of the metrics fails its trial.
func TestTwoObjectivesPruned(t *testing.T) {
	s := several(t, "nosize=1", "scheduler: {type: asha, eta: 2}\nsampler: nsga2\n")
	s.ok("run", s.sweep)
	st, _ := s.state()
	pruned := 0
	for _, tr := range st.Trials {
		switch {
		case tr.Number == 1:
			if tr.Status != trial.Fail || !strings.Contains(tr.Reason, `no metric "size", which the study optimizes; it has acc`) {
				t.Errorf("trial 1 is %s: %s", tr.Status, tr.Reason)
			}
		case tr.Status == trial.PrunedState:
			pruned++
			if !strings.Contains(tr.Reason, "by non-dominated sorting") {
				t.Errorf("trial %d: %s", tr.Number, tr.Reason)
			}
		}
	}
	if pruned < 3 {
		t.Errorf("%d of %d trials were pruned", pruned, len(st.Trials))
	}
}
