package daemon

import (
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

// TestChangeClaim: share, priority and the cap of a study change while it runs, are on record, and hold after a restart.
func TestChangeClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		share, priority, two, one, spec := 3.0, 1, 2, 1, testSpec()
		spec.Claim.Workers = &one
		store := newMemory()
		h := newHouseWith(t, store, spec)
		h.submit()
		h.heartbeat("run1", time.Now(), 4)
		if n := len(h.bus.take()); n != 1 {
			t.Fatalf("%d trials with one worker", n)
		}
		now, err := h.d.Change(t.Context(), "s1", trial.Claim{Workers: &two, Share: &share})
		if err != nil || *now.Workers != 2 || *now.Share != 3 {
			t.Fatalf("%v, %v", now.Params(), err)
		}
		if n := len(h.bus.take()); n != 1 {
			t.Errorf("%d more trials with two workers", n)
		}
		if now, err = h.d.Change(t.Context(), "s1", trial.Claim{Priority: &priority}); err != nil || *now.Workers != 2 || *now.Share != 3 || *now.Priority != 1 {
			t.Errorf("%v, %v", now.Params(), err)
		}
		events := len(store.events["s1"])
		if _, err := h.d.Change(t.Context(), "s1", trial.Claim{Priority: &priority}); err != nil || len(store.events["s1"]) != events {
			t.Errorf("the same again: %d events after %d, %v", len(store.events["s1"]), events, err)
		}
		bad := 9
		for _, c := range []trial.Claim{{}, {Priority: &bad}} {
			if _, err := h.d.Change(t.Context(), "s1", c); trial.CodeOf(err) != trial.Invalid {
				t.Errorf("%v: %v", c.Params(), err)
			}
		}
		if _, err := h.d.Change(t.Context(), "none", trial.Claim{Workers: &two}); trial.CodeOf(err) != trial.NotFound {
			t.Errorf("no such study: %v", err)
		}
		h.stop()

		h = newHouseWith(t, store, spec)
		defer h.stop()
		synctest.Wait()
		c := h.d.cores[0]
		if got := c.claim.weight; got != 6 || !c.full(2) || c.full(1) {
			t.Errorf("after a restart: weight %v, full with one %v, with two %v", got, c.full(1), c.full(2))
		}
		if c.state.Status != trial.StudyRunning {
			t.Errorf("the study is %s", c.state.Status)
		}
		if err := h.d.Pause(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		four := 4
		if _, err := h.d.Change(t.Context(), "s1", trial.Claim{Workers: &four}); err != nil {
			t.Errorf("while it is paused: %v", err)
		}
		if err := h.d.Resume(t.Context(), "s1"); err != nil || c.state.Status != trial.StudyRunning {
			t.Errorf("%s, %v", c.state.Status, err)
		}
	})
}
