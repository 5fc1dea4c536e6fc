package processtest

import (
	"sync"
	"testing"
	"time"
)

// Clock is a clock that only moves when told.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  map[chan time.Time]time.Time
	changed chan struct{}
}

// NewClock is a clock that stands still.
func NewClock() *Clock {
	return &Clock{now: time.Unix(1e9, 0), timers: map[chan time.Time]time.Time{}, changed: make(chan struct{})}
}

// Now is the time it was moved to.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After fires when the clock has been moved by d.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	c.timers[ch] = c.now.Add(d)
	close(c.changed)
	c.changed = make(chan struct{})
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, ch)
	}
}

// Await waits until somebody waits for a time between from and to ahead.
func (c *Clock) Await(t *testing.T, from, to time.Duration) {
	t.Helper()
	limit := time.After(Patience)
	for {
		there, changed := c.waiting(from, to)
		if there {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("nobody waits for a time %v to %v ahead", from, to)
		}
	}
}

func (c *Clock) waiting(from, to time.Duration) (bool, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.timers {
		if d := at.Sub(c.now); d >= from && d <= to {
			return true, c.changed
		}
	}
	return false, c.changed
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, at := range c.timers {
		if !at.After(c.now) {
			ch <- c.now
			delete(c.timers, ch)
		}
	}
}
