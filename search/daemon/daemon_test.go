package daemon

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

func TestSilentRunnerLosesItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		defer h.stop()
		time.Sleep(59 * time.Second)
		if tr := h.trial(0); tr.Status != trial.Running {
			t.Fatalf("%s before the lease ended", tr.Status)
		}
		time.Sleep(3 * time.Second)
		if tr := h.trial(0); tr.Status != trial.Waiting || tr.Failures != 1 {
			t.Fatalf("%s with %d failures after the lease ended", tr.Status, tr.Failures)
		}
		h.report(key, "run1", 1, 1, .5) // it was only asleep
		if o := h.bus.last(); o.Verb != trial.Stop || h.acks != 1 {
			t.Errorf("the late message was answered %+v, acknowledged %d times", o, h.acks)
		}
		h.heartbeat("run2", time.Now(), 1)
		time.Sleep(5 * time.Second)
		if again := h.bus.take(); len(again) != 1 || again[0].Trial != 0 || again[0].Attempt != 2 {
			t.Errorf("handed out after the loss: %+v", again)
		}
	})
}

func TestRestartedRunnerLosesItsAttemptsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := newTraining(t, newMemory())
		defer h.stop()
		time.Sleep(time.Second)
		h.heartbeat("run2", time.Now(), 1)
		if tr := h.trial(0); tr.Status != trial.Waiting || tr.Failures != 1 {
			t.Errorf("%s with %d failures", tr.Status, tr.Failures)
		}
	})
}

// Everything is killed and started again: the trial goes on from where its reports stand, and nobody is blamed.
func TestRestartOfEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h, key := newTraining(t, store)
		h.report(key, "run1", 1, 1, .5)
		h.stop()

		time.Sleep(time.Minute)
		h = newHouse(t, store)
		defer h.stop()
		h.heartbeat("run2", time.Now(), 1)
		again := h.bus.take()
		if tr := h.trial(0); len(again) != 1 || again[0].Attempt != 2 || again[0].From != (trial.Resource{Epoch: 1}) || tr.Failures != 0 {
			t.Errorf("%+v, %d failures", again, tr.Failures)
		}
	})
}

// Only the daemon restarts: the runner goes on with its lease.
func TestRestartOfTheDaemonKeepsLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		begun := time.Now()
		h, key := newTraining(t, store)
		h.stop()

		h = newHouse(t, store)
		defer h.stop()
		time.Sleep(80 * time.Second) // longer than a lease, within the grace
		h.heartbeat("run1", begun, 1, key)
		h.report(key, "run1", 1, 1, .5)
		if o := h.bus.last(); o.Verb != trial.Continue || h.trial(0).Done != (trial.Resource{Epoch: 1}) {
			t.Errorf("%+v, done %v", o, h.trial(0).Done)
		}
	})
}

func TestUnleasedWorkIsPublishedAgainAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		h := newHouse(t, store)
		h.submit()
		h.heartbeat("run1", time.Now(), 2)
		first := h.bus.take()
		h.stop()
		h = newHouse(t, store)
		defer h.stop()
		again := h.bus.take()
		if len(first) != 2 || len(again) != 2 || first[0].Key() != again[0].Key() || !again[1].Params.Equal(first[1].Params) {
			t.Errorf("%+v, then %+v", first, again)
		}
	})
}

// A record that cannot be written: nothing is answered, nothing lost, and the study goes on once it can.
func TestFailingStoreLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		defer h.stop()
		h.store.broken = 1
		h.report(key, "run1", 1, 1, .5)
		if o := h.bus.last(); h.acks != 0 || o.N != 0 {
			t.Fatalf("acknowledged %d times, answered %+v, without a record", h.acks, o)
		}
		time.Sleep(2 * time.Second)
		h.report(key, "run1", 1, 1, .5) // the bus delivers again
		if o := h.bus.last(); h.acks != 1 || o.N != 1 || o.Verb != trial.Continue || h.trial(0).Epochs != 1 {
			t.Errorf("acknowledged %d times, answered %+v, %d epochs", h.acks, o, h.trial(0).Epochs)
		}
	})
}

func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		defer h.stop()
		if err := h.d.Pause(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		if o := h.bus.last(); o.Verb != trial.Pause {
			t.Errorf("the running trial was told %+v", o)
		}
		h.report(key, "run1", 1, 1, .5)
		h.bus.inbox <- trial.Mail{Ack: func() {}, Inbound: &trial.Inbound{Key: key, Run: "run1", N: 2, Exit: &trial.Exit{}}}
		if w := h.bus.take(); len(w) != 0 {
			t.Errorf("a paused study handed out %+v", w)
		}
		if err := h.d.Resume(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		w := h.bus.take()
		if tr := h.trial(0); len(w) != 1 || w[0].From != (trial.Resource{Epoch: 1}) || tr.Failures != 0 {
			t.Errorf("after resuming: %+v, %d failures", w, tr.Failures)
		}
	})
}

func TestStopEndsEveryTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		h.heartbeat("run1", time.Now(), 2)
		w := h.bus.take()
		h.announce(w[0].Key(), "run1")
		if err := h.d.Stop(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		if o := h.bus.last(); o.Verb != trial.Stop {
			t.Errorf("told %+v", o)
		}
		for n := range 2 {
			if tr := h.trial(n); tr.Status != trial.PrunedState {
				t.Errorf("trial %d is %s", n, tr.Status)
			}
		}
		if err := h.d.Pause(t.Context(), "study"); trial.CodeOf(err) != trial.Conflict {
			t.Errorf("pausing a stopped study: %v", err)
		}
		if g := h.announce(w[1].Key(), "run1"); g.Granted {
			t.Error("a lease of a stopped study was granted")
		}
	})
}

func TestSubmitTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		s := testSpec().Study
		s.Digest, s.ID = "d1", "other"
		got, created, err := h.d.Submit(t.Context(), s)
		if err != nil || created || got.ID != "s1" {
			t.Errorf("the same again: %v, %v, %v", got.ID, created, err)
		}
		s.Digest = "d2"
		_, _, err = h.d.Submit(t.Context(), s)
		if trial.CodeOf(err) != trial.Conflict || !strings.Contains(trial.HintOf(err), "another name") {
			t.Errorf("another document: %v", err)
		}
		if err := h.d.Delete(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		if _, created, err := h.d.Submit(t.Context(), s); err != nil || !created {
			t.Errorf("after deleting: %v, %v", created, err)
		}
		if err := h.d.Pause(t.Context(), "nobody"); trial.CodeOf(err) != trial.NotFound {
			t.Errorf("an unknown study: %v", err)
		}
	})
}

func TestForgottenAttemptIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		h, _ := newTraining(t, newMemory())
		defer h.stop()
		for range missed {
			if tr := h.trial(0); tr.Status != trial.Running {
				t.Fatalf("%s too early", tr.Status)
			}
			h.heartbeat("run1", begun, 1)
		}
		if tr := h.trial(0); tr.Status != trial.Waiting {
			t.Errorf("%s: the runner does not know of it", tr.Status)
		}
	})
}

// A runner that takes another's name takes none of its work: only the owner of a run can say that it was started anew.
func TestNameOfAnotherOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		h.heartbeat("victim-1", time.Now(), 1)
		work := h.bus.take()
		h.announce(work[0].Key(), "victim-1")
		time.Sleep(time.Second)
		h.heartbeat("evil-1", time.Now(), 1) // the house calls all its runners box
		if tr := h.trial(0); tr.Status != trial.Running {
			t.Errorf("%s after another runner took the name", tr.Status)
		}
		h.heartbeat("victim-2", time.Now(), 1)
		if tr := h.trial(0); tr.Status != trial.Waiting {
			t.Errorf("%s after its own runner was started anew", tr.Status)
		}
	})
}
