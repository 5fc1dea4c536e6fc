package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process"
	"automl/trial"
)

// sendWait is how long the bus may take for one message.
const sendWait = 10 * time.Second

// outbox sends the messages of an attempt, in order, until the daemon has committed them.
type outbox struct {
	key   trial.Key
	run   string // the one that sends
	left  bool   // left behind by an earlier run
	send  func(context.Context, trial.Inbound) error
	clock process.Clock
	retry backoff
	log   zerolog.Logger
	wake  chan struct{} // something was added or acknowledged

	mu       sync.Mutex
	spool    *spool // nil: there is none; the messages are in memory only
	last     int64  // the highest number given
	pending  []trial.Inbound
	sent     int64 // up to here the bus has them
	closed   bool  // the exit was added: nothing more comes
	dropped  bool  // nobody wants the rest
	progress bool  // something was acknowledged since the sender looked
}

// add numbers a message, makes it durable and has it sent. A full disk does not stop it: the message is then kept in memory.
func (o *outbox) add(m trial.Inbound) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	m.Key, m.Run, m.N = o.key, o.run, o.last
	if o.spool != nil {
		if err := o.spool.append(m); err != nil {
			o.log.Error().Err(err).Int64("n", m.N).Msg("a message could not be spooled: it is lost if the runner dies now")
		}
	}
	o.pending = append(o.pending, m)
	o.closed = o.closed || m.Exit != nil
	o.poke()
	return m.N
}

// ack notes that message n is committed, and says nothing of those before it: a bus that was damaged may have lost one of them.
func (o *outbox) ack(n int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.IndexFunc(o.pending, func(m trial.Inbound) bool { return m.N == n }); i >= 0 {
		o.pending = slices.Delete(o.pending, i, i+1)
		o.progress = true
		if o.spool != nil {
			o.spool.release(o.key, n)
		}
	}
	o.poke()
}

// drop gives up what is not yet committed. The spool holds nothing of it when it returns, so that its key is free.
func (o *outbox) drop() {
	o.end()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dropped = true
	o.poke()
}

func (o *outbox) poke() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// deliver sends until everything is committed, and then ends the spool of it; when ctx is done it leaves that behind.
func (o *outbox) deliver(ctx context.Context) {
	var due <-chan time.Time
	cancel := func() {}
	defer func() { cancel() }()
	for {
		o.flush(ctx)
		over, waiting, progress := o.look()
		if over {
			o.end()
			return
		}
		if progress {
			o.retry.reset()
		}
		if due != nil && (progress || !waiting) {
			cancel()
			due = nil
		}
		if due == nil && waiting {
			due, cancel = o.clock.After(o.retry.next())
		}
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-due:
			due = nil
			o.rewind()
		}
	}
}

// end has the spool forget the attempt.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spool != nil {
		o.spool.over(o.key)
		o.spool = nil
	}
}

// look reports whether all is done, whether something waits for the daemon, and whether some of it was answered since.
func (o *outbox) look() (over, waiting, progress bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	progress, o.progress = o.progress, false
	waiting = len(o.pending) > 0
	return o.dropped || o.closed && !waiting, waiting, progress
}

// flush hands the bus what it does not have, up to the first failure.
func (o *outbox) flush(ctx context.Context) {
	for {
		m, there := o.unsent()
		if !there {
			return
		}
		limited, cancel := context.WithTimeout(ctx, sendWait)
		err := o.send(limited, m)
		cancel()
		if err != nil {
			o.log.Debug().Err(err).Int64("n", m.N).Msg("the bus did not take a message")
			return
		}
		o.mu.Lock()
		o.sent = max(o.sent, m.N)
		o.mu.Unlock()
	}
}

func (o *outbox) unsent() (trial.Inbound, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.pending {
		if m.Exit != nil && len(o.pending) > 1 {
			break // it ends the attempt: what comes after it counts no more
		}
		if m.N > o.sent && !o.dropped {
			return m, true
		}
	}
	return trial.Inbound{}, false
}

// rewind has everything unanswered sent again.
func (o *outbox) rewind() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = 0
}
