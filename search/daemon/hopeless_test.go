package daemon

import (
	"strings"
	"testing"

	"automl/trial"
)

// A script that cannot run fails every trial: the study ends after a few of them, and says that it is the script.
func TestTrainerThatNeverReportsEndsTheStudy(t *testing.T) {
	spec := testSpec()
	spec.Scheduler.Trials = 1000
	for _, kind := range []trial.Failure{trial.Crash, trial.Signal, trial.Processes, trial.Protocol} {
		s := newSim(t, spec, 1)
		s.exit = func(trial.Assignment, int) *trial.Exit {
			return &trial.Exit{Failure: kind, Message: "SyntaxError: invalid syntax"}
		}
		s.play(2)
		if n := len(s.c.state.Trials); n != vain || s.c.state.Counts()[trial.Fail] != n {
			t.Errorf("%s: %d trials, of which %d failed", kind, n, s.c.state.Counts()[trial.Fail])
		}
		said := false
		for _, d := range s.decisions(trial.Moved) {
			said = said || d.Study == trial.StudyDraining && strings.Contains(d.Reason, "10 trials failed and none has reported")
		}
		if !said {
			t.Errorf("%s: the record does not say why", kind)
		}
		if end := s.c.state.Reason; !strings.HasPrefix(end, "10 trials failed") || !strings.HasSuffix(end, "no trial is complete") {
			t.Errorf("%s: in the end the study says %q", kind, end)
		}
	}
}

// Where a trial has reported, or failed for what its parameters may have done, the search goes on.
func TestTrainerThatMayWorkIsTriedOn(t *testing.T) {
	spec := testSpec()
	spec.Scheduler.Trials = 3 * vain
	for name, exit := range map[string]func(a trial.Assignment, step int) *trial.Exit{
		"out of memory": func(trial.Assignment, int) *trial.Exit { return &trial.Exit{Failure: trial.OOM} },
		"one reported": func(a trial.Assignment, step int) *trial.Exit {
			if a.Trial == 1 && step == 1 {
				return nil
			}
			return &trial.Exit{Failure: trial.Crash}
		},
	} {
		s := newSim(t, spec, 1)
		s.exit = exit
		s.play(2)
		if n := len(s.c.state.Trials); n != 3*vain {
			t.Errorf("%s: the study ended after %d trials: %s", name, n, s.c.state.Reason)
		}
	}
}
