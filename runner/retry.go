package runner

import (
	"context"
	"time"

	"automl/runner/process"
)

// backoff is the time until the next try: doubling from min to max, spread by half, so that many runners do not come at once.
type backoff struct {
	min, max time.Duration
	jitter   func() float64
	failures int
}

func (b *backoff) next() time.Duration {
	d := b.max
	if b.failures < 16 {
		d = min(b.max, b.min<<b.failures)
	}
	b.failures++
	return d/2 + time.Duration(b.jitter()*float64(d/2))
}

func (b *backoff) reset() { b.failures = 0 }

// wait waits for d, and reports whether the context still holds.
func wait(ctx context.Context, clock process.Clock, d time.Duration) bool {
	fired, cancel := clock.After(d)
	defer cancel()
	select {
	case <-ctx.Done():
		return false
	case <-fired:
		return ctx.Err() == nil
	}
}
