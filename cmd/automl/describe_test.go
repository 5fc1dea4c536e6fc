package main

import (
	"testing"

	"automl/trial"
)

// A trial that is not there is told with those that are.
func TestTrialOf(t *testing.T) {
	for _, c := range []struct {
		trials    int
		arg, hint string
		code      trial.Code
	}{
		{0, "0", "it has none yet", trial.NotFound},
		{3, "3", "it has the trials 0 to 2", trial.NotFound},
		{3, "-1", "it has the trials 0 to 2", trial.NotFound},
		{3, "first", "automl describe digits lists the trials", trial.Invalid},
		{3, "2", "", ""},
	} {
		s := trial.NewState(trial.Study{ID: "s1", Name: "digits", Shape: trial.Shape{Folds: 1, Epochs: 1}})
		for n := range c.trials {
			if err := s.Apply(trial.Event{Seq: int64(n + 1), Decision: &trial.Decision{Trial: n, What: trial.Sampled}}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := trialOf(s, c.arg)
		if c.code == "" && (err != nil || got.Number != 2) || c.code != "" && (trial.CodeOf(err) != c.code || trial.HintOf(err) != c.hint) {
			t.Errorf("trial %s of %d: %v, hint %q", c.arg, c.trials, err, trial.HintOf(err))
		}
	}
}
