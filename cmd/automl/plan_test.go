package main

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"automl/trial"
)

// A plan that is a bound comes with an estimate, and says which is which.
func TestPlanTellsBoundFromEstimate(t *testing.T) {
	for scheduler, estimated := range map[string]bool{"asha": false, "freezethaw": true, "pasha": true, "median": true} {
		s := newSite(t, "x", "budget: {trials: 20}\nepochs: {max: 9, grace: 1}\nfolds: 1\n")
		s.schedule(scheduler)
		data := s.ok("plan", s.sweep, "-o", "json").out
		if regexp.MustCompile(`"[A-Z]\w*":`).MatchString(data) || !strings.Contains(data, `"brackets"`) {
			t.Errorf("keys have other names than those of the other commands:\n%s", data)
		}
		f := decodeJSON[forecast](t, data)
		text := s.ok("plan", s.sweep).out
		if f.AtMost != estimated || (f.Expected != nil) != estimated || strings.Contains(text, "at most") != estimated {
			t.Errorf("%s: %+v\n%s", scheduler, f, text)
		}
		if x := f.Expected; x != nil {
			line := fmt.Sprintf("That is a bound. An estimate: about %d epochs (", x.Epochs)
			if x.Epochs >= f.Full || x.Epochs < 20 || !strings.Contains(text, line) || !strings.Contains(text, "trials expected") {
				t.Errorf("%s: %+v\n%s", scheduler, x, text)
			}
		}
	}
}

func TestPlanOfAnEndlessSearch(t *testing.T) {
	s := newSite(t, "x", "budget: {hours: 2}\nepochs: {max: 9, grace: 1}\nfolds: 1\n")
	s.schedule("asha")
	if text := s.ok("plan", s.sweep).out; !strings.Contains(text, "epochs in one round, as often as the budget lasts") {
		t.Error(text)
	}
}

func TestRemembered(t *testing.T) {
	var asked atomic.Int64
	f := remembered(func(s trial.Study) int { asked.Add(1); return len(s.ID) })
	if a, b, c := f(trial.Study{ID: "a"}), f(trial.Study{ID: "a"}), f(trial.Study{ID: "bb"}); a != 1 || b != 1 || c != 2 || asked.Load() != 2 {
		t.Errorf("%d, %d, %d after %d questions", a, b, c, asked.Load())
	}
}
