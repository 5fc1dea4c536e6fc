package runner

import (
	"fmt"
	"time"

	"automl/runner/process"
	"automl/trial"
)

// stuckFactor is how many median epochs a trainer may be silent.
const stuckFactor = 10

// watch ends an attempt that takes too long, or that shows no sign of life.
func (t *attempt) watch(done <-chan struct{}) {
	clock := t.runner.cfg.Clock
	var late <-chan time.Time
	limit := time.Duration(t.order.Resources.TimeoutSeconds * float64(time.Second))
	if limit > 0 {
		fired, cancel := clock.After(limit)
		defer cancel()
		late = fired
	}
	for {
		left, patience := t.patience()
		if left <= 0 {
			t.end(process.Reason{Failure: trial.Timeout, Message: fmt.Sprintf("no progress for %v", patience)})
			return
		}
		fired, cancel := clock.After(left)
		select {
		case <-done:
		case <-fired:
			continue
		case <-late:
			t.end(process.Reason{Failure: trial.Timeout, Message: fmt.Sprintf("not done after %v, the limit of an attempt (resources.timeout)", limit)})
		}
		cancel()
		return
	}
}

// patience is how long a silence may be, and how much of that is left.
func (t *attempt) patience() (left, all time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	timings := t.runner.cfg.Timings
	all = max(timings.Silent, stuckFactor*median(t.epochs))
	if len(t.epochs) == 0 {
		all = max(all, timings.First)
	}
	return t.sign.Add(all).Sub(t.runner.cfg.Clock.Now()), all
}

// beat notes a sign of life.
func (t *attempt) beat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sign = t.runner.cfg.Clock.Now()
}

// began notes that a child was started: its first epoch is measured from here.
func (t *attempt) began() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moved = t.runner.cfg.Clock.Now()
	t.sign = t.moved
	t.sent = nil
}

// lap notes that an epoch is done, and returns how long it took.
func (t *attempt) lap() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.runner.cfg.Clock.Now()
	took := now.Sub(t.moved)
	t.moved = now
	t.epochs = append(t.epochs, took)
	return took
}

// mayProgress reports whether a progress message is due, so that a trainer that counts every step does not flood the bus.
func (t *attempt) mayProgress() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.runner.cfg.Clock.Now()
	if !t.progress.IsZero() && now.Sub(t.progress) < t.runner.cfg.Timings.Progress {
		return false
	}
	t.progress = now
	return true
}
