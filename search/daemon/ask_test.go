package daemon

import (
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

// The way of a program that trains by itself: ask, tell each epoch, stop when told or at the end of the work.
func TestAskAndTellPlayAWholeStudy(t *testing.T) {
	spec := testSpec()
	spec.External, spec.Refit = true, false
	e, err := NewEngine(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0).UTC()
	var record []trial.Event
	for range 1000 {
		a, reply := e.Ask(now)
		if reply == trial.ReplyOver {
			break
		}
		if reply == trial.ReplyWait {
			t.Fatal("there is nothing to wait for with one worker")
		}
		trainOutside(t, e, now, a)
		events, err := e.Take()
		if err != nil {
			t.Fatal(err)
		}
		record = append(record, events...)
	}
	s := e.State()
	if s.Status != trial.StudyDone || len(s.Trials) != 16 || s.Best() == nil || s.Open() != 0 {
		t.Fatalf("%s: %s, %d trials", s.Status, s.Reason, len(s.Trials))
	}
	again, err := NewEngine(spec, record)
	if err != nil {
		t.Fatal(err)
	}
	if again.State().Best().Number != s.Best().Number {
		t.Error("the record tells another story")
	}
}

func trainOutside(t *testing.T, e *Engine, now time.Time, a trial.Assignment) {
	t.Helper()
	for _, p := range a.Shape.Slices(a.From, a.To) {
		for epoch := p.From + 1; epoch <= p.To; epoch++ {
			r := trial.Report{Fold: p.Fold, Epoch: epoch, Metrics: trial.Metrics{{Name: "acc", Value: curve(a, p.Fold, epoch)}}}
			verb, _ := e.Tell(now, a.Key(), []trial.Report{r}, nil)
			if verb != trial.Continue {
				before := e.State().Seq
				if again, _ := e.Tell(now, a.Key(), []trial.Report{r}, nil); e.State().Seq != before || again != trial.Stop {
					t.Fatalf("told twice: %s, %d new events", again, e.State().Seq-before)
				}
				return
			}
		}
	}
}

func TestTellAFailure(t *testing.T) {
	spec := testSpec()
	spec.External = true
	e, err := NewEngine(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0).UTC()
	a, _ := e.Ask(now)
	if verb, _ := e.Tell(now, a.Key(), nil, &trial.Exit{Failure: trial.NaN, Message: "diverged"}); verb != trial.Stop {
		t.Error(verb)
	}
	if tr := e.State().Trial(0); tr.Status != trial.Fail || tr.Reason != "diverged" {
		t.Errorf("%s: %s", tr.Status, tr.Reason)
	}
}

func TestAskThroughTheDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h := newHouse(t, store)
		h.submit()
		if _, _, err := h.d.Ask(t.Context(), "study", trial.Lease{}); trial.CodeOf(err) != trial.Conflict {
			t.Errorf("asking for a study that runners train: %v", err)
		}
		h.stop()
		h.spec.External = true
		h = newHouseWith(t, store, h.spec)
		a, reply, err := h.d.Ask(t.Context(), "study", trial.Lease{})
		if err != nil || reply != trial.ReplyWork {
			t.Fatal(reply, err)
		}
		h.heartbeat("run1", time.Now(), 4)
		if w := h.bus.take(); len(w) != 0 {
			t.Errorf("runners were given %+v", w)
		}
		h.stop()
		h = newHouseWith(t, store, h.spec)
		defer h.stop()
		time.Sleep(5 * time.Minute) // whoever asked keeps its job for as long as its lease
		r := trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}
		if verb, why, err := h.d.Tell(t.Context(), "study", a.Key(), []trial.Report{r}, nil); err != nil || verb != trial.Continue {
			t.Errorf("%s %s %v", verb, why, err)
		}
		if h.trial(0).Epochs != 1 {
			t.Error("what was told is not on record")
		}
	})
}
