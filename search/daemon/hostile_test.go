package daemon

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

// TestRunnerClaims: what a runner says of itself moves no more than a runner may.
func TestRunnerClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := testSpec()
		spec.Scheduler.Trials = 5000
		h := newHouseWith(t, newMemory(), spec)
		defer h.stop()
		h.submit()
		h.beat("poor", "poor-1", time.Now(), -1<<40)
		h.beat("rich", "rich-1", time.Now(), 1<<40)
		if n := len(h.bus.take()); n != maxSlots {
			t.Errorf("%d trials are handed out", n)
		}
		for i := range maxRuns + 50 { // of one owner, each under another name
			h.beat(fmt.Sprint("box", i), fmt.Sprint("evil-", i), time.Now(), 0)
		}
		all, err := h.d.Runners(t.Context())
		if err != nil || len(all) != 2+maxRuns {
			t.Errorf("%d runners are known, %v", len(all), err)
		}
		h.beat("evil\x1b[2J\n", "other-1", time.Now(), 0)
		if all, _ := h.d.Runners(t.Context()); strings.Contains(fmt.Sprint(all), "\x1b") {
			t.Error("a runner's name has a control character")
		}
	})
}

// TestForgedProgress: progress counts from the run that holds the attempt, and of nothing else anything is kept.
func TestForgedProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		defer h.stop()
		for i := range maxRuns + 50 {
			for _, k := range []trial.Key{key, {Study: "s1", Trial: i}, {Study: fmt.Sprint(i)}} {
				h.bus.inbox <- trial.Mail{Progress: &trial.Progress{Key: k, Step: 7, Run: "evil"}}
			}
		}
		h.bus.inbox <- trial.Mail{Progress: &trial.Progress{Key: key, Step: 3, Run: "run1"}}
		synctest.Wait()
		if len(h.d.progress) != 1 || h.d.progress[key].Step != 3 {
			t.Errorf("progress is %v", h.d.progress)
		}
	})
}

// TestRecordIsPrintable: what a runner or a program writes cannot steer the terminal of whoever reads it.
func TestRecordIsPrintable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		h.heartbeat("run1", time.Now(), 1)
		key := h.bus.take()[0].Key()
		h.ask(key, "box\x1b[2J", "run1")
		send := func(n int64, in trial.Inbound) {
			in.Key, in.Run, in.N = key, "run1", n
			h.bus.inbox <- trial.Mail{Ack: func() {}, Inbound: &in}
			synctest.Wait()
		}
		send(1, trial.Inbound{Folds: &trial.FoldsSeen{Hash: "a\x1b[2J"}})
		send(2, trial.Inbound{Report: &trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: 1}, {Name: "x\x1b[2J", Value: 1}}}})
		send(3, trial.Inbound{Exit: &trial.Exit{Failure: trial.Crash, Message: "it\nbroke\x1b]0;evil\x07"}})
		events, _ := h.store.Events(t.Context(), "s1", 0)
		text := ""
		for _, e := range events {
			if e.Decision != nil {
				text += fmt.Sprintf("%+v\n", *e.Decision)
			} else {
				text += fmt.Sprintf("%+v\n", *e.Report)
			}
		}
		if strings.ContainsAny(text, "\x1b\x07") || !strings.Contains(text, "it\nbroke\ufffd]0;evil\ufffd") || !strings.Contains(text, "box\ufffd") || !strings.Contains(text, "x\ufffd[2J") {
			t.Errorf("the record is %q", text)
		}
	})
}

// TestRecordIsBounded: a trainer, or a runner that holds a lease, cannot make the record grow without end.
func TestRecordIsBounded(t *testing.T) {
	many := trial.Metrics{{Name: "acc", Value: 1}}
	for i := range maxMetrics {
		many = append(many, trial.Metric{Name: fmt.Sprint("m", i), Value: 1})
	}
	for name, metrics := range map[string]func(i int) trial.Metrics{
		"many metrics": func(int) trial.Metrics { return many },
		"a long name": func(int) trial.Metrics {
			return trial.Metrics{{Name: "acc", Value: 1}, {Name: strings.Repeat("x", maxName+1), Value: 1}}
		},
		"again and again": func(i int) trial.Metrics {
			return trial.Metrics{{Name: "acc", Value: 1}, {Name: fmt.Sprint("m", i), Value: 1}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, key := newTraining(t, newMemory())
				defer h.stop()
				for i := range 2 * maxAgain {
					in := &trial.Inbound{Key: key, Run: "run1", N: int64(i + 1), Report: &trial.Report{Epoch: 1, Metrics: metrics(i)}}
					h.bus.inbox <- trial.Mail{Ack: func() {}, Inbound: in}
				}
				synctest.Wait()
				if tr := h.trial(0); tr.Status != trial.Fail || tr.Failure != trial.Protocol {
					t.Errorf("the trial is %s: %s", tr.Status, tr.Reason)
				}
				if n := len(h.store.events["s1"]); n > maxAgain+20 {
					t.Errorf("%d events are on record", n)
				}
			})
		})
	}
}
