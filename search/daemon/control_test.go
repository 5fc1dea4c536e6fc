package daemon

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// A change that cannot be recorded is refused, and the study is read again once: nothing is handed out in between by what is ahead of the
// record.
func TestChangeThatCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		if err := h.d.Pause(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		h.heartbeat("run1", time.Now(), 2)
		h.breakStore(1)
		if err := h.d.Resume(t.Context(), "study"); trial.CodeOf(err) != trial.Unavailable {
			t.Fatalf("a change without a record: %v", err)
		}
		time.Sleep(3 * time.Second)
		if work := h.bus.take(); len(work) != 0 {
			t.Errorf("work of a study that is paused: %+v", work)
		}
		if m := h.metrics(); m.Failures != 1 || len(m.Studies) != 1 || m.Studies[0].Status != trial.StudyPaused {
			t.Errorf("%d failures, studies %+v", m.Failures, m.Studies)
		}
		if err := h.d.Resume(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		if work := h.bus.take(); len(work) != 2 {
			t.Errorf("handed out after the change: %+v", work)
		}
	})
}

// A program that hangs up while its trial is recorded has not broken the record: nothing is read again, and the trial is the next one's.
func TestAskerThatHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := testSpec()
		spec.External = true
		h := newHouseWith(t, newMemory(), spec)
		defer h.stop()
		h.submit()
		ctx, hangUp := context.WithCancel(t.Context())
		h.store.during = hangUp
		if a, reply, err := h.d.Ask(ctx, "study", trial.Lease{}); !errors.Is(err, context.Canceled) || reply != trial.ReplyWait {
			t.Errorf("it is answered trial %d, %v, %v", a.Trial, reply, err)
		}
		if m := h.metrics(); m.Failures != 0 || m.Studies[0].Leased != 0 {
			t.Errorf("%d failures to write the record, %d trials are out", m.Failures, m.Studies[0].Leased)
		}
		a, reply, err := h.d.Ask(t.Context(), "study", trial.Lease{})
		if err != nil || reply != trial.ReplyWork || a.Trial != 0 || a.Attempt != 2 || h.trial(0).Failures != 0 {
			t.Errorf("the next one is answered trial %d, attempt %d, %v, %v; %d failures", a.Trial, a.Attempt, reply, err, h.trial(0).Failures)
		}
	})
}

// What was begun for a caller is waited for, also when he has hung up: it leaves its results where he looks for them.
func TestBegunIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		ctx, hangUp := context.WithCancel(t.Context())
		gate, done := make(chan struct{}), make(chan error, 1)
		result := 0
		go func() {
			done <- h.d.do(ctx, func() error {
				hangUp()
				<-gate
				result = 1
				return nil
			})
		}()
		synctest.Wait()
		select {
		case err := <-done:
			close(gate)
			t.Fatalf("it was left alone: %v", err)
		default:
		}
		close(gate)
		if err := <-done; err != nil || result != 1 {
			t.Errorf("%v, %d", err, result)
		}
	})
}

// A study whose removal fails goes on, and no runner is told that it has ended.
func TestDeleteThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		defer h.stop()
		h.breakStore(1)
		if err := h.d.Delete(t.Context(), "study"); err == nil {
			t.Fatal("removed without a record of it")
		}
		if o := h.bus.last(); o != (trial.Outbound{}) {
			t.Errorf("the runner was told %+v", o)
		}
		h.report(key, "run1", 1, 1, .5)
		if o := h.bus.last(); o.Verb != trial.Continue || h.trial(0).Epochs != 1 {
			t.Errorf("a report afterwards is answered %+v, and %d epochs are on record", o, h.trial(0).Epochs)
		}
		if err := h.d.Delete(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		if o := h.bus.last(); o.Verb != trial.Stop || o.N != 0 || o.Key != key {
			t.Errorf("once it was removed the runner was told %+v", o)
		}
	})
}

// A study that is deleted while it is to be read again does not come back.
func TestDeleteBeforeItIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		h.breakStore(1)
		if err := h.d.Pause(t.Context(), "study"); err == nil {
			t.Fatal("paused without a record of it")
		}
		if err := h.d.Delete(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if m := h.metrics(); len(m.Studies) != 0 {
			t.Errorf("studies %+v", m.Studies)
		}
	})
}

// Nobody is shown the progress of an attempt that is over.
func TestProgressEndsWithItsAttempt(t *testing.T) {
	for name, end := range map[string]func(h *house, key trial.Key){
		"forgotten": func(h *house, _ trial.Key) {
			for range missed {
				h.heartbeat("run1", time.Now(), 1)
			}
		},
		"gone": func(h *house, _ trial.Key) { time.Sleep(2 * time.Minute) },
		"over": func(h *house, key trial.Key) { h.exit(key, "run1", 1, trial.Crash) },
		"deleted": func(h *house, _ trial.Key) {
			if err := h.d.Delete(h.t.Context(), "study"); err != nil {
				h.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, key := newTraining(t, newMemory())
				defer h.stop()
				h.bus.inbox <- trial.Mail{Progress: &trial.Progress{Key: key, Epoch: 1, Run: "run1"}}
				if p, err := h.d.Progress(t.Context(), "s1"); err != nil || len(p) != 1 {
					t.Fatalf("%+v, %v", p, err)
				}
				end(h, key)
				if p, err := h.d.Progress(t.Context(), "s1"); err != nil || len(p) != 0 {
					t.Errorf("%+v, %v", p, err)
				}
			})
		})
	}
}

// breakStore has the next so many changes of the record fail.
func (h *house) breakStore(n int) {
	h.store.mu.Lock()
	defer h.store.mu.Unlock()
	h.store.broken = n
}

func (h *house) metrics() view.Metrics {
	h.t.Helper()
	m, err := h.d.Metrics(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}
