package simulate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

func TestExpect(t *testing.T) {
	race := schedulers.Race{On: true, Audit: 0.05}
	for _, c := range []struct {
		name   string
		config schedulers.Config
		shape  trial.Shape
		most   float64 // of full training
	}{
		{"freezethaw", schedulers.Config{Type: "freezethaw", Trials: 30}, trial.Shape{Folds: 1, Epochs: 51}, 0.4},
		{"pasha", schedulers.Config{Type: "pasha", Trials: 60, Grace: 1}, trial.Shape{Folds: 1, Epochs: 27}, 0.3},
		{"median", schedulers.Config{Type: "median", Trials: 30}, trial.Shape{Folds: 1, Epochs: 20}, 0.95},
		{"fifo with a race", schedulers.Config{Type: "fifo", Trials: 30, Race: race}, trial.Shape{Folds: 5, Epochs: 4}, 0.6},
		{"hyperband with a race", schedulers.Config{Type: "hyperband", Trials: 30, Race: race}, trial.Shape{Folds: 3, Epochs: 9}, 0.6},
	} {
		t.Run(c.name, func(t *testing.T) {
			study := trial.Study{Shape: c.shape}
			x, known, err := simulate.Expect(c.config, study, 3)
			if err != nil || !known {
				t.Fatalf("%v, %v", known, err)
			}
			sched, err := schedulers.New(c.config, trial.NewState(study))
			if err != nil {
				t.Fatal(err)
			}
			plan := sched.Plan()
			if x.Searches != 3 || x.Least > x.Epochs || x.Epochs > x.Most || x.Most > plan.Epochs || float64(x.Most) > c.most*float64(plan.Full) {
				t.Errorf("%+v where the plan says %d of %d", x, plan.Epochs, plan.Full)
			}
			epochs, last := 0.0, float64(plan.Trials())+1e-9
			for _, r := range x.Rungs {
				if epochs += r.Epochs; r.Trials > last {
					t.Errorf("%.1f trials reach %s, %.1f the rung below", r.Trials, r.At, last)
				}
				last = r.Trials
			}
			if end := x.Rungs[len(x.Rungs)-1]; end.At != c.shape.Full() || end.Trials < 1 || int(epochs+0.5) != x.Epochs {
				t.Errorf("%.1f trials reach the end, at %s; the rungs make %.2f epochs of %d", end.Trials, end.At, epochs, x.Epochs)
			}
			if again, _, _ := simulate.Expect(c.config, study, 3); !cmp.Equal(again, x) {
				t.Errorf("asked again, it expects %+v", again)
			}
		})
	}
}

// There is no estimate where the plan says it all, or nothing has an end.
func TestExpectNothing(t *testing.T) {
	study := trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 9}}
	for _, c := range []schedulers.Config{{Type: "asha", Trials: 20}, {Type: "freezethaw"}, {Type: "median", Trials: 5000}} {
		if x, known, err := simulate.Expect(c, study, 3); known || err != nil {
			t.Errorf("%+v: %+v, %v", c, x, err)
		}
	}
	if _, _, err := simulate.Expect(schedulers.Config{Type: "pasha", Eta: 1}, study, 3); err == nil {
		t.Error("a bad configuration is fine")
	}
}
