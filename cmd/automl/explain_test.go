package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"automl/schedulers"
	"automl/trial"
)

// explain names, for every decision about every trial, the rule that made it and the figures it rests on, whatever the scheduler.
func TestExplainNamesTheRuleAndTheFigures(t *testing.T) {
	rules := map[string]string{"auto": "freezethaw"}
	for _, scheduler := range schedulers.Types() {
		t.Run(scheduler, func(t *testing.T) {
			t.Parallel()
			rule := scheduler
			if r, other := rules[scheduler]; other {
				rule = r
			}
			s := newSite(t, "nan=3", "budget: {trials: 12}\nfolds: 2\nsampler: random\n")
			s.schedule(scheduler)
			s.ok("run", s.sweep)
			st, events := s.state()
			made := map[int]int{}
			for _, e := range events {
				if e.Decision != nil {
					made[e.Decision.Trial]++
				}
			}
			seen := map[trial.What]int{}
			for _, tr := range st.Trials {
				n := strconv.Itoa(tr.Number)
				all := decodeJSON[[]explanation](t, s.ok("explain", "e2e", n, "-o", "json").out)
				if len(all) != made[tr.Number] {
					t.Errorf("trial %s: %d decisions are explained, %d were made", n, len(all), made[tr.Number])
				}
				text := s.ok("explain", "e2e", n).out
				for _, x := range all {
					seen[x.What]++
					if err := x.complete(rule); err != nil {
						t.Errorf("trial %s, decision %d (%s): %v: %+v", n, x.Seq, x.What, err, x)
					}
					if !strings.Contains(text, x.Reason) || x.Value != nil && !strings.Contains(text, numberText(x.Value)) {
						t.Errorf("trial %s: the text does not tell of %+v:\n%s", n, x, text)
					}
				}
			}
			if seen[trial.Completed] == 0 || rule == "fifo" && seen[trial.Failed] == 0 || rule != "fifo" && seen[trial.Pruned] == 0 {
				t.Errorf("the study was too easy: %v", seen)
			}
		})
	}
}

// complete tells what is missing in an explanation.
func (x explanation) complete(rule string) error {
	named := strings.HasPrefix(x.Reason, rule)
	switch {
	case x.Reason == "":
		return fmt.Errorf("no reason")
	case (x.What == trial.Sampled || x.What == trial.Promoted || x.What == trial.Paused || x.What == trial.Pruned) && !named:
		return fmt.Errorf("the rule %s is not named", rule)
	case (x.What == trial.Promoted || x.What == trial.Pruned) && (x.Value == nil || x.Threshold == nil || x.Rung == nil):
		return fmt.Errorf("a figure is missing")
	case (x.What == trial.Paused || x.What == trial.Completed) && (x.Value == nil || x.Rung == nil):
		return fmt.Errorf("a figure is missing")
	}
	if x.What == trial.Completed || x.What == trial.Sampled {
		return nil
	}
	for _, v := range []*float64{x.Value, x.Threshold} {
		if v != nil && !strings.Contains(x.Reason, strconv.FormatFloat(*v, 'g', 5, 64)) {
			return fmt.Errorf("the reason does not tell %v", *v)
		}
	}
	return nil
}

// schedule changes the scheduler of the sweep.
func (s *site) schedule(name string) {
	s.t.Helper()
	s.rewrite("scheduler: {type: hyperband, eta: 3}", "scheduler: {type: "+name+"}")
}
