package daemon

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"automl/schedulers"
	"automl/trial"
)

// A runner that has little room left is told what the checkpoints that it names are worth: what would be trained again, times the chance
// that the trial goes on.
func TestWorthOfCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := testSpec()
		spec.Scheduler = schedulers.Config{Type: "asha", Grace: 2, Trials: 16}
		h := newHouseWith(t, newMemory(), spec)
		defer h.stop()
		h.submit()
		start := time.Now()
		h.beat("box", "run1", start, 4)
		work := h.bus.take()
		if len(work) != 4 {
			t.Fatalf("%d assignments", len(work))
		}
		kept := []trial.Key{{Study: "elsewhere", Trial: 1}, {Study: "s1", Trial: 999}}
		for _, a := range work {
			if !h.announce(a.Key(), "run1").Granted {
				t.Fatal("refused")
			}
			kept = append(kept, trial.Key{Study: a.Study, Trial: a.Trial})
		}
		worths := func(run string, disk *trial.DiskUse) map[int]float64 {
			t.Helper()
			h.bus.inbox <- trial.Mail{Heartbeat: &trial.RunnerInfo{Name: run, Run: run, Slots: 0, Started: start, Kept: kept, Disk: disk}}
			synctest.Wait()
			h.bus.mu.Lock()
			defer h.bus.mu.Unlock()
			out := map[int]float64{}
			for _, o := range h.bus.sent {
				if o.Verb == trial.Keep {
					out[o.Key.Trial] = o.Worth
				}
			}
			h.bus.sent = nil
			return out
		}
		worths("run1", nil) // it takes nothing new: nobody is promoted while we look
		tell := func(a trial.Assignment, n int64, epoch int, value float64) {
			h.bus.inbox <- trial.Mail{Ack: func() {}, Inbound: &trial.Inbound{Key: a.Key(), Run: "run1", N: n,
				Report: &trial.Report{Epoch: epoch, Cost: 15, Metrics: trial.Metrics{{Name: "acc", Value: value}}}}}
		}
		for i, a := range work { // three come to their rung, the third one best; the fourth is interrupted after an epoch
			tell(a, 1, 1, 0.5+float64(i)/100)
			if i < 3 {
				tell(a, 2, 2, 0.5+float64(i)/100)
			}
			h.exit(a.Key(), "run1", 3, map[bool]trial.Failure{true: trial.Aborted}[i == 3])
		}
		if got := worths("run1", &trial.DiskUse{Bytes: -5, Limit: 10}); len(got) != 0 {
			t.Errorf("nobody asked: %v", got)
		}
		want := map[int]float64{1: 20, 2: 30, 3: 15, 999: 0} // of 30 s at the rung; number 1 is also of a study that is not ours
		want[0] = 10
		kept = kept[1:]
		got := worths("run1", &trial.DiskUse{Bytes: 9, Limit: 10, Dropped: 2, Weigh: true})
		for n, w := range got {
			got[n] = float64(int(w + 0.5))
		}
		if !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		kept = append(kept, trial.Key{Study: "elsewhere", Trial: 77})
		for n, w := range worths("tower", &trial.DiskUse{Weigh: true, Dropped: 3}) {
			if w != 0 {
				t.Errorf("trial %d is worth %v to a run that did not train it last", n, w)
			}
		}
		worths("run1", &trial.DiskUse{Bytes: 7, Limit: 10, Dropped: 6})
		worths("tower", &trial.DiskUse{Dropped: 4})
		m, err := h.d.Metrics(t.Context())
		if err != nil || m.Dropped != 7 || m.Checkpoints != 7 || m.Shelf != 10 {
			t.Errorf("%+v, %v", m, err)
		}
	})
}
