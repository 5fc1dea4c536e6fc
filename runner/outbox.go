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

// outbox keeps the messages of an attempt, in order, until the daemon has committed them. It hands each to the courier when it may
// travel, and again when no answer comes.
type outbox struct {
	key     trial.Key
	run     string // the one that sends
	left    bool   // left behind by an earlier run
	courier *courier
	clock   process.Clock
	retry   backoff
	log     zerolog.Logger
	early   chan struct{} // an answer came after some did not: the pauses begin anew
	over    chan struct{} // closed when nothing is left to do

	mu      sync.Mutex
	spool   *spool // nil: there is none; the messages are in memory only
	last    int64  // the highest number given
	pending []*letter
	closed  bool // the exit was added: nothing more comes
	ended   bool // over is closed: all is committed, or nobody wants the rest
	silent  bool // something was sent again since the last answer
}

// letter is a message that is not committed yet.
type letter struct {
	trial.Inbound
	out    *outbox
	kept   bool      // it is in the spool, or cannot be
	moving bool      // the courier has it
	tried  bool      // the bus has it, or did not take it
	since  time.Time // the courier was given it
}

func newOutbox(k trial.Key, run string, s *spool, c *courier, clock process.Clock, retry backoff, log zerolog.Logger) *outbox {
	return &outbox{key: k, run: run, spool: s, courier: c, clock: clock, retry: retry, log: log, early: make(chan struct{}, 1), over: make(chan struct{})}
}

// add numbers a message and has it made durable, and then sent. A full disk does not stop it: the message is then kept in memory.
func (o *outbox) add(m trial.Inbound) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	m.Key, m.Run, m.N, m.Since = o.key, o.run, o.last, o.last
	if len(o.pending) > 0 {
		m.Since = o.pending[0].N
	}
	l := &letter{Inbound: m, out: o}
	o.pending = append(o.pending, l)
	o.closed = o.closed || m.Exit != nil
	if o.spool != nil {
		l.Text = o.spool.add(m, func(err error) { o.keep(l, err) })
	} else {
		l.kept = true
		o.dispatch()
	}
	return m.N
}

// keep notes that a message is in the spool, or cannot be, so that it may travel.
func (o *outbox) keep(l *letter, err error) {
	if err != nil {
		o.log.Error().Err(err).Int64("n", l.N).Msg("a message could not be spooled: it is lost if the runner dies now")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	l.kept = true
	o.dispatch()
}

// dispatch gives the courier what may travel and has not. The lock is held.
func (o *outbox) dispatch() {
	for _, l := range o.pending {
		if !l.kept || l.Exit != nil && len(o.pending) > 1 {
			break // the exit ends the attempt: what comes after it counts no more
		}
		if !l.moving && !l.tried && !o.ended {
			if first := o.pending[0].N; l.Since != first { // receipts have come since it was written
				l.Since, l.Text = first, nil
			}
			l.moving, l.since = true, o.clock.Now()
			o.courier.letters.Add(l)
		}
	}
}

// shipped notes whether the bus has a message.
func (o *outbox) shipped(l *letter, err error) {
	if err != nil {
		o.log.Debug().Err(err).Int64("n", l.N).Msg("the bus did not take a message")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	l.moving, l.tried = false, true
}

// ack notes that message n is committed, and says nothing of those before it: a bus that was damaged may have lost one of them.
func (o *outbox) ack(n int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.pending, func(l *letter) bool { return l.N == n })
	if i < 0 {
		return
	}
	o.pending = slices.Delete(o.pending, i, i+1)
	if o.spool != nil {
		o.spool.release(o.key, n)
	}
	if o.silent {
		o.silent = false
		select {
		case o.early <- struct{}{}:
		default:
		}
	}
	if o.closed && len(o.pending) == 0 {
		o.end()
		return
	}
	o.dispatch()
}

// end is when all is committed, or nobody wants the rest. The lock is held.
func (o *outbox) end() {
	if o.ended {
		return
	}
	o.ended = true
	if o.spool != nil {
		o.spool.over(o.key)
	}
	close(o.over)
}

// drop gives up what is not yet committed. The spool holds nothing of it when it returns, so that its key is free.
func (o *outbox) drop() {
	o.mu.Lock()
	o.end()
	o.mu.Unlock()
	if o.spool != nil {
		o.spool.settle()
	}
}

// deliver has what is not answered sent again until everything is committed; when ctx is done it leaves that behind.
func (o *outbox) deliver(ctx context.Context) {
	o.mu.Lock()
	o.dispatch() // what an earlier run left
	o.mu.Unlock()
	pause := o.retry.next()
	for {
		fired, cancel := o.clock.After(o.due(pause))
		select {
		case <-ctx.Done():
			cancel()
			return
		case <-o.over:
			cancel()
			return
		case <-o.early:
			cancel()
			o.retry.reset()
			pause = o.retry.next()
		case <-fired:
			if o.again(pause) {
				pause = o.retry.next()
			}
		}
	}
}

// due is in what time something may have to be sent again: the oldest that was sent has then waited for so long.
func (o *outbox) due(pause time.Duration) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.pending {
		if l.tried {
			return l.since.Add(pause).Sub(o.clock.Now())
		}
	}
	return pause
}

// again sends everything unanswered again, if the oldest of it has waited for long enough.
func (o *outbox) again(pause time.Duration) bool {
	if o.due(pause) > 0 {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.pending {
		o.silent = o.silent || l.tried
		l.tried = false
	}
	o.dispatch()
	return true
}
