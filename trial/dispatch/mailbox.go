package dispatch

import (
	"sync"
	"time"
)

// mailbox is a channel that several goroutines fill and one may close while they do.
type mailbox[T any] struct {
	c      chan T
	done   chan struct{}
	once   sync.Once
	fill   sync.RWMutex // read-locked while filling
	closed bool         // guarded by fill
}

func newMailbox[T any](size int) *mailbox[T] {
	return &mailbox[T]{c: make(chan T, size), done: make(chan struct{})}
}

// forever is the patience of what must not be dropped.
const forever = -1

// put reports whether v got in: at once, within the patience given, or, with forever, before the mailbox was closed.
func (m *mailbox[T]) put(v T, patience time.Duration) bool {
	m.fill.RLock()
	defer m.fill.RUnlock()
	if m.closed {
		return false
	}
	select {
	case m.c <- v:
		return true
	default:
	}
	if patience == 0 {
		return false
	}
	var late <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case m.c <- v:
		return true
	case <-late:
	case <-m.done:
	}
	return false
}

// close ends all fillings and then closes the channel.
func (m *mailbox[T]) close() {
	m.once.Do(func() {
		close(m.done)
		m.fill.Lock()
		defer m.fill.Unlock()
		m.closed = true
		close(m.c)
	})
}
