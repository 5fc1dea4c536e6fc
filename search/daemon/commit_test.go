package daemon

import (
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

// slow makes appends wait until the returned function has let so many through.
func (m *memory) slow() (let func(n int)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gate, m.appends = make(chan struct{}), 0
	gate := m.gate
	return func(n int) {
		for range n {
			gate <- struct{}{}
			synctest.Wait()
		}
	}
}

// What comes in while a transaction is under way is in the next one, together; nothing is let out before it is on record.
func TestOneTransactionUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		h.submit()
		h.heartbeat("run1", time.Now(), 3)
		work := h.bus.take()
		for _, w := range work {
			h.announce(w.Key(), "run1")
		}
		let := h.store.slow()
		for _, w := range work {
			h.report(w.Key(), "run1", 1, 1, .5)
		}
		if h.acks != 0 || len(h.bus.sent) != 0 || h.store.appends != 0 {
			t.Errorf("nothing is durable, and %d messages are acknowledged, %v sent", h.acks, h.bus.sent)
		}
		if let(1); h.acks != 1 || len(h.bus.sent) != 1 || !h.trial(0).Reported("acc", 0, 1) || h.trial(1).Reported("acc", 0, 1) {
			t.Errorf("one report is durable, and %d messages are acknowledged, %v sent", h.acks, h.bus.sent)
		}
		if let(1); h.acks != 3 || len(h.bus.sent) != 3 || !h.trial(2).Reported("acc", 0, 1) {
			t.Errorf("two more reports are durable, and %d messages are acknowledged, %v sent", h.acks, h.bus.sent)
		}
	})
}

// What was decided behind a transaction that failed is not let out either: it came from a state that is no more.
func TestNothingFollowsAFailedTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		defer h.stop()
		let := h.store.slow()
		h.store.broken = 1
		h.report(key, "run1", 1, 1, .5)
		h.report(key, "run1", 2, 2, .6)
		let(1)
		if h.acks != 0 || len(h.bus.sent) != 0 || h.trial(0).Reported("acc", 0, 2) {
			t.Errorf("%d messages are acknowledged, %v sent", h.acks, h.bus.sent)
		}
		h.store.mu.Lock()
		h.store.gate = nil
		h.store.mu.Unlock()
		time.Sleep(2 * time.Second) // the study is read again, and the bus delivers again
		h.report(key, "run1", 1, 1, .5)
		h.report(key, "run1", 2, 2, .6)
		if h.acks != 2 || h.bus.last().N != 2 || !h.trial(0).Reported("acc", 0, 2) {
			t.Errorf("%d messages are acknowledged, %v sent", h.acks, h.bus.sent)
		}
	})
}

// What a person asks for is in order with what is under way, and answered when it is on record; a daemon that ends waits for the rest.
func TestControlBehindATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, key := newTraining(t, newMemory())
		let := h.store.slow()
		h.report(key, "run1", 1, 1, .5)
		paused := make(chan error, 1)
		go func() { paused <- h.d.Pause(t.Context(), "s1") }()
		let(1)
		if len(paused) != 0 {
			t.Error("pausing is answered before it is on record")
		}
		if let(1); <-paused != nil || h.acks != 1 || h.bus.last().Verb != trial.Pause {
			t.Errorf("%d messages are acknowledged, %v sent", h.acks, h.bus.sent)
		}
		h.report(key, "run1", 2, 2, .5)
		go let(1)
		if h.stop(); !h.trial(0).Reported("acc", 0, 2) || h.acks != 2 {
			t.Errorf("the daemon has ended, %d messages are acknowledged", h.acks)
		}
	})
}

// A study that is deleted while its record is being written, or cannot be written, stays deleted.
func TestDeleteBehindATransaction(t *testing.T) {
	for _, failures := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			h, key := newTraining(t, newMemory())
			let := h.store.slow()
			h.store.broken = failures
			h.report(key, "run1", 1, 1, .5)
			deleted := make(chan error, 1)
			go func() { deleted <- h.d.Delete(t.Context(), "s1") }()
			let(1)
			if err := <-deleted; err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			h.stop()
			if len(h.store.studies) != 0 || len(h.d.broken) != 0 || len(h.d.cores) != 0 {
				t.Errorf("%v, to be read again: %v", h.store.studies, h.d.broken)
			}
		})
	}
}
