package view_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/trial/view"
)

func TestConfusionOf(t *testing.T) {
	h := newHistory(t)
	n := h.start()
	for fold := range 2 {
		for epoch := 1; epoch <= 3; epoch++ {
			c := trial.NewConfusion([][]int{{5, fold, 2}, {0, 6, 0}, {epoch, 0, 4}}, []string{"a", "b", "c"})
			h.apply(trial.Event{Report: &trial.Report{Trial: n, Attempt: 1, Fold: fold, Epoch: epoch, Metrics: trial.Metrics{acc(1 / float64(epoch))}, Confusion: c}})
		}
	}
	h.decide(trial.Decision{Trial: n, What: trial.Completed, Attempt: 1, Reason: "trained in full"})
	c := view.ConfusionOf(h.State, h.Trial(n))
	wantJSON(t, c, `{"classes":["a","b","c"],"counts":[[10,1,4],[0,12,0],[2,0,8]]}`)
	if d := cmp.Diff([]view.Mistake{{"a", "c", 4, 15}, {"c", "a", 2, 10}}, c.Mistakes(2)); d != "" {
		t.Error(d)
	}
	if c := view.ConfusionOf(h.State, h.Trial(h.complete(1, 1))); c != nil {
		t.Errorf("a trial that reported none has %v", c)
	}
}
