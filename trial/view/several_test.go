package view_test

import (
	"math"
	"testing"

	"automl/trial"
	"automl/trial/view"
)

func size(v float64) trial.Metric { return trial.Metric{Name: "size", Value: v} }

// full adds a complete trial with the same values throughout.
func (h *history) full(p float64, metrics ...trial.Metric) {
	h.t.Helper()
	n := h.start(trial.Param{Name: "lr", Value: p})
	for f := range 2 {
		for e := range 3 {
			h.report(n, f, e+1, metrics...)
		}
	}
	h.decide(trial.Decision{Trial: n, What: trial.Completed, Attempt: 1})
}

// With several objectives the winner comes with what it is worth in each and with the front; with one, TestBestOf has all keys.
func TestBestOfSeveral(t *testing.T) {
	h := newHistory(t)
	h.Study.Others = []trial.Objective{{Metric: "size", Goal: trial.Minimize}}
	h.full(0.5, acc(0.5), size(4))
	h.full(0.1, acc(0.75), size(5))
	h.full(0.2, acc(0.25), size(6))
	b := view.BestOf(h.State, 0)
	if v := *b.Hypervolume; math.Abs(v-(0.55*1.2+0.3*1)) > 1e-12 {
		t.Errorf("hypervolume %v", v)
	}
	*b.Hypervolume = 1
	wantJSON(t, b, `{"study":"demo","trial":1,"value":0.75,"std":0,"folds":[{"fold":0,"value":0.75},{"fold":1,"value":0.75}],`+
		`"params":{"lr":0.1},"epoch":1,"cost":{"epochs":6,"seconds":9,"gpu_seconds":0},`+
		`"objectives":[{"metric":"acc","goal":"maximize","value":0.75,"std":0},{"metric":"size","goal":"minimize","value":5,"std":0}],`+
		`"front":[{"trial":1,"epoch":1,"objectives":[{"metric":"acc","goal":"maximize","value":0.75,"std":0},`+
		`{"metric":"size","goal":"minimize","value":5,"std":0}],"params":{"lr":0.1}},`+
		`{"trial":0,"epoch":1,"objectives":[{"metric":"acc","goal":"maximize","value":0.5,"std":0},`+
		`{"metric":"size","goal":"minimize","value":4,"std":0}],"params":{"lr":0.5}}],"hypervolume":1,"reference":[0.2,6.2]}`)
	if v := view.TrialOf(h.State, h.Trial(2)); len(v.Objectives) != 2 || v.Objectives[1].Value != 6 {
		t.Errorf("%+v", v)
	}
}
