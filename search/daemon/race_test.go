package daemon

import (
	"strings"
	"testing"
	"time"

	"automl/schedulers"
	"automl/trial"
)

// raceStudy plays a whole study of ask and tell with a fold race, every report told twice, and returns it with its record.
func raceStudy(t *testing.T, audit float64) (*Engine, []trial.Event, Spec) {
	t.Helper()
	spec := testSpec()
	spec.External, spec.Refit = true, false
	spec.Scheduler = schedulers.Config{Type: "fifo", Trials: 16, Race: schedulers.Race{On: true, Audit: audit}}
	e, err := NewEngine(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	var record []trial.Event
	now := time.Unix(1e9, 0).UTC()
	for {
		a, reply := e.Ask(now)
		if reply == trial.ReplyOver {
			break
		}
		trainOutside(t, e, now, a)
		events, err := e.Take()
		if err != nil {
			t.Fatal(err)
		}
		record = append(record, events...)
	}
	return e, record, spec
}

func TestFoldRaceStopsTrials(t *testing.T) {
	e, _, _ := raceStudy(t, 0)
	stopped := 0
	for _, q := range e.State().Trials {
		if q.Status == trial.PrunedState {
			stopped++
			if !strings.HasPrefix(q.Reason, schedulers.RaceName) || q.Done.Epoch != 6 {
				t.Errorf("trial %d at %s: %s", q.Number, q.Done, q.Reason)
			}
		}
	}
	if stopped == 0 || e.State().Best() == nil {
		t.Errorf("%d trials were stopped", stopped)
	}
}

// TestAuditIsOnRecord: an audited trial has one mark, runs to the end, says so there, and the record gives the same study again.
func TestAuditIsOnRecord(t *testing.T) {
	e, record, spec := raceStudy(t, 1)
	marks := map[int]int{}
	for _, ev := range record {
		if d := ev.Decision; d != nil && d.What == trial.Audited {
			marks[d.Trial]++
			if d.Value == nil || d.Threshold == nil || *d.Value >= *d.Threshold {
				t.Errorf("%+v", d)
			}
		}
	}
	if len(marks) == 0 || e.State().Audit().Judged != len(marks) {
		t.Errorf("%d trials are marked, the audit is %+v", len(marks), e.State().Audit())
	}
	for n, k := range marks {
		if q := e.State().Trial(n); k != 1 || q.Status != trial.Complete || !strings.Contains(q.Reason, "one of the audited share") {
			t.Errorf("trial %d is marked %d times and %s: %s", n, k, q.Status, q.Reason)
		}
	}
	again, err := NewEngine(spec, record)
	if err != nil {
		t.Fatal(err)
	}
	if again.State().Audit() != e.State().Audit() {
		t.Error("the record tells another story")
	}
}
