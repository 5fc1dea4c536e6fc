package process

import "time"

// Clock is the time, as far as rules depend on it; tests put their own.
type Clock interface {
	Now() time.Time
	// After is a channel that fires once after d, and a function that gives up waiting for it.
	After(d time.Duration) (fired <-chan time.Time, cancel func())
}

// SystemClock is the real time.
func SystemClock() Clock { return systemClock{} }

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
