package schedulers_test

import (
	"slices"
	"strings"
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

func TestSeveralObjectives(t *testing.T) {
	study := trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 20}, Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize},
		Others: []trial.Objective{{Metric: "size", Goal: trial.Minimize}}}
	if got, err := (schedulers.Config{}).Resolve(study); err != nil || got.Type != "fifo" {
		t.Errorf("auto is %+v, %v", got, err)
	}
	_, err := schedulers.New(schedulers.Config{Type: "median"}, trial.NewState(study))
	if trial.CodeOf(err) != trial.Invalid || !strings.Contains(trial.HintOf(err), "asha") {
		t.Errorf("median: %v", err)
	}
}

// TestSeveralPromoteTheFront holds asha to a table: what is on the front goes on, whichever objective it is good in, and the
// crowded middle of it waits.
func TestSeveralPromoteTheFront(t *testing.T) {
	study := trial.Study{ID: "s", Name: "s", Shape: trial.Shape{Folds: 1, Epochs: 3},
		Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}, Others: []trial.Objective{{Metric: "size", Goal: trial.Minimize}}}
	acc, size := []float64{9, 1, 5, 8, 8.9, 2}, []float64{90, 10, 70, 80, 89, 60} // on the front: 0, 1, 3, 4
	g, err := simulate.Play(maker(t, schedulers.Config{Type: "asha", Grace: 1, Trials: 6}), study, simulate.World{Workers: 1,
		Value: func(n, _, _ int) float64 { return acc[n] }, Other: func(_, n, _, _ int) float64 { return size[n] }})
	if err != nil {
		t.Fatal(err)
	}
	var complete []int
	for _, tr := range g.State.Trials {
		if tr.Status == trial.Complete {
			complete = append(complete, tr.Number)
		}
		if tr.Status == trial.PrunedState && !strings.Contains(tr.Reason, "by non-dominated sorting") {
			t.Errorf("trial %d: %s", tr.Number, tr.Reason)
		}
	}
	if !slices.Equal(complete, []int{0, 1}) {
		t.Errorf("complete: %v", complete)
		for _, tr := range g.State.Trials {
			t.Log(tr.Number, tr.Status, tr.Reason)
		}
	}
}
