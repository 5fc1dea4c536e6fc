package daemon

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

// A trial that goes on from a checkpoint is left to the runner that has it while that has a free slot, and by nobody twice.
func TestCheckpointIsWhereTheTrialGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		slots    int  // of the runner with the checkpoint
		draining bool // it takes nothing new
		anew     bool // it was started anew, and says with its heartbeats what it has
		spared   bool
	}{
		"free":          {slots: 2, spared: true},
		"busy":          {slots: 1},
		"leaving":       {slots: 2, draining: true},
		"started again": {slots: 2, anew: true, spared: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, newMemory())
				defer h.stop()
				h.submit()
				start := time.Now()
				h.beat("box", "run1", start, 2)
				work := h.bus.take()
				w := firstTrial(work)
				if !h.ask(w.Key(), "box", "run1").Granted {
					t.Fatalf("%+v", w)
				}
				h.report(w.Key(), "run1", 1, 1, 0.5)
				h.exit(w.Key(), "run1", 2, trial.Aborted)
				run := "run1"
				if c.anew {
					run = "run3"
				}
				beat := func() {
					h.bus.inbox <- trial.Mail{Heartbeat: &trial.RunnerInfo{Name: "box", Run: run, Slots: c.slots, Started: start.Add(time.Second),
						Draining: c.draining, Kept: []trial.Key{{Study: w.Study, Trial: w.Trial}}}}
					synctest.Wait()
				}
				beat()
				h.beat("tower", "run2", start, 2)
				again := firstTrial(h.bus.take())
				if again.Attempt != 2 || again.From != (trial.Resource{Epoch: 1}) {
					t.Fatalf("the trial goes on as %+v", again)
				}
				if c.slots == 1 { // it takes the other trial that is out
					for _, a := range work {
						if a.Trial != w.Trial && !h.ask(a.Key(), "box", run).Granted {
							t.Fatal("the other trial was refused")
						}
					}
				}
				g := h.ask(again.Key(), "tower", "run2")
				if g.Granted == c.spared || g.Elsewhere != c.spared || g.Soon != c.spared || c.spared && !strings.Contains(g.Reason, "box has its checkpoint") {
					t.Errorf("%+v", g)
				}
				if g := h.ask(again.Key(), "tower", "run2"); !g.Granted {
					t.Errorf("asked again: %+v", g)
				}
			})
		})
	}
}

// The runner that has the checkpoint is never sent away, and a trial at the start of a fold, which needs none, goes to whoever asks.
func TestNobodyIsSparedWithoutNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		start := time.Now()
		h.beat("box", "run1", start, 2)
		w := firstTrial(h.bus.take())
		h.ask(w.Key(), "box", "run1")
		h.exit(w.Key(), "run1", 1, trial.Aborted)
		h.beat("tower", "run2", start, 2)
		second := firstTrial(h.bus.take())
		if g := h.ask(second.Key(), "tower", "run2"); !g.Granted {
			t.Errorf("from the start: %+v", g)
		}
		h.report(second.Key(), "run2", 1, 1, 0.5)
		h.exit(second.Key(), "run2", 2, trial.Aborted)
		h.beat("box", "run1", start, 2)
		third := firstTrial(h.bus.take())
		if g := h.ask(third.Key(), "tower", "run2"); !g.Granted {
			t.Errorf("where the checkpoint is: %+v", g)
		}
	})
}
