package schedulers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/schedulers"
	"automl/trial"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape trial.Shape
		in    schedulers.Config
		want  schedulers.Config
	}{
		{"three rungs", trial.Shape{Folds: 1, Epochs: 20}, schedulers.Config{Trials: 5}, schedulers.Config{Type: "freezethaw", Eta: 2, Grace: 3, Trials: 5}},
		{"two rungs", trial.Shape{Folds: 1, Epochs: 6}, schedulers.Config{Type: "auto"}, schedulers.Config{Type: "freezethaw", Eta: 2, Grace: 3}},
		{"one rung", trial.Shape{Folds: 1, Epochs: 2}, schedulers.Config{}, schedulers.Config{Type: "fifo", Eta: 3, Grace: 2}},
		{"percentile", trial.Shape{Folds: 1, Epochs: 20}, schedulers.Config{Type: "pasha"}, schedulers.Config{Type: "pasha", Eta: 3, Grace: 3, Percentile: 90}},
		{"as it is", trial.Shape{Folds: 1, Epochs: 20}, schedulers.Config{Type: "asha", Eta: 4, Grace: 1}, schedulers.Config{Type: "asha", Eta: 4, Grace: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.in.Resolve(trial.Study{Shape: c.shape})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	study := trial.Study{Shape: trial.Shape{Folds: 2, Epochs: 9}}
	used := trial.NewState(study)
	used.Seq = 1
	for name, c := range map[string]struct {
		config schedulers.Config
		state  *trial.State
		code   trial.Code
	}{
		"an unknown type": {schedulers.Config{Type: "hyperbnd"}, trial.NewState(study), trial.Invalid},
		"eta 1":           {schedulers.Config{Eta: 1}, trial.NewState(study), trial.Invalid},
		"negative trials": {schedulers.Config{Trials: -1}, trial.NewState(study), trial.Invalid},
		"percentile":      {schedulers.Config{Type: "pasha", Percentile: 100.5}, trial.NewState(study), trial.Invalid},
		"startup -1":      {schedulers.Config{Startup: -1}, trial.NewState(study), trial.Invalid},
		"no ladder":       {schedulers.Config{}, trial.NewState(trial.Study{}), trial.Invalid},
		"a used state":    {schedulers.Config{}, used, trial.Internal},
	} {
		if _, err := schedulers.New(c.config, c.state); err == nil || trial.CodeOf(err) != c.code {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTypesCanBeMade(t *testing.T) {
	for _, name := range schedulers.Types() {
		state := trial.NewState(trial.Study{Shape: trial.Shape{Folds: 3, Epochs: 9}})
		if _, err := schedulers.New(schedulers.Config{Type: name}, state); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
