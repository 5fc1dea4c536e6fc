package dispatch

import (
	"context"
	"time"

	"automl/trial"

	"github.com/nats-io/nats.go/jetstream"
)

// Pull waits for an assignment, through reconnects and while the queue does not exist yet. It takes one: what it does not
// return stays in the queue for others, also when ctx ends just as one arrives. It returns ctx's error, or Unavailable after Close.
//
// Announce the assignment and then Ack or Nak within the daemon's Options.AckWait, or another runner gets it too.
func (r *Runner) Pull(ctx context.Context) (trial.Delivery, error) {
	if !r.enter() {
		return trial.Delivery{}, errClosed
	}
	defer r.pulls.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.live, func() { cancel(errClosed) })()
	for {
		s := r.session.Load()
		m, err := r.next(ctx, s)
		if ctx.Err() != nil {
			if m != nil {
				r.giveBack(m)
			}
			return trial.Delivery{}, context.Cause(ctx)
		}
		if err == nil {
			if d, ok := r.delivery(m); ok {
				return d, nil
			}
			continue
		}
		r.o.Log.Debug().Err(err).Msg("the work queue is away")
		select {
		case <-ctx.Done():
		case <-s.Done():
		case <-time.After(retryDelay):
		}
	}
}

// PullNow takes assignments that wait in the queue, at most n, and none where there is none or the queue is away. What was said of Pull
// holds for each; ctx is looked at before the queue is asked.
func (r *Runner) PullNow(ctx context.Context, n int) (all []trial.Delivery) {
	if !r.enter() {
		return nil
	}
	defer r.pulls.Done()
	queue, err := r.queue(ctx, r.session.Load())
	if err != nil {
		return nil
	}
	batch, err := queue.FetchNoWait(min(n, pullMost))
	if err != nil {
		return nil
	}
	for m := range batch.Messages() {
		if d, ok := r.delivery(m); ok {
			all = append(all, d)
		}
	}
	return all
}

// errClosed ends pulls after Close.
var errClosed = trial.Errorf(trial.Unavailable, "the connection to the bus is closed")

// enter counts a pull in, unless the connection is closed.
func (r *Runner) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.pulls.Add(1)
	}
	return !r.closed
}

// next takes one message off the queue, waiting as long as the queue answers and the session lasts.
func (r *Runner) next(ctx context.Context, s *session) (jetstream.Msg, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s, cancel)()
	queue, err := r.queue(ctx, s)
	if err != nil {
		return nil, err
	}
	messages, err := queue.Messages(jetstream.PullMaxMessages(1),
		jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return nil, err
	}
	m, err := messages.Next(jetstream.NextContext(ctx))
	messages.Drain() // no more; what is on its way is still handed to Next
	r.pulls.Go(func() { r.returnRest(messages) })
	return m, err
}

// queue finds the runners' consumer, once a session: the daemon may have to make it first.
func (r *Runner) queue(ctx context.Context, s *session) (jetstream.Consumer, error) {
	if known := s.queue.Load(); known != nil {
		return *known, nil
	}
	found, err := r.js.Consumer(ctx, workStream, workConsumer)
	if err == nil {
		s.queue.Store(&found)
	}
	return found, err
}

// returnRest gives back what arrived after its pull had ended. It waits for the server to confirm that nothing more comes.
func (r *Runner) returnRest(messages jetstream.MessagesContext) {
	defer messages.Stop()
	for {
		m, err := messages.Next()
		if err != nil {
			return
		}
		r.giveBack(m)
	}
}

func (r *Runner) giveBack(m jetstream.Msg) {
	if err := m.Nak(); err != nil { // it comes back by itself after AckWait
		r.o.Log.Debug().Err(err).Msg("work was not given back")
	}
}

// delivery reads an assignment; one that nobody can read is quarantined and taken off the queue.
func (r *Runner) delivery(m jetstream.Msg) (trial.Delivery, bool) {
	a, err := decode[trial.Assignment](kindAssignment, m.Data())
	if err == nil && workSubject(a.Key()) != m.Subject() {
		err = errForged
	}
	if err != nil {
		if r.o.quarantine(m.Subject(), m.Data(), err) {
			_ = m.Ack()
		}
		return trial.Delivery{}, false
	}
	return trial.Delivery{
		Assignment: a,
		Ack:        func() error { return busError(m.Ack(), "acknowledge work") },
		Nak:        func(after time.Duration) error { return busError(m.NakWithDelay(after), "give work back") },
	}, true
}

// Close ends all pulls, gives back what they were about to get, closes Answers and disconnects. Deliveries that were returned can
// no longer be acknowledged.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.session.Load().end()
	r.answers.close()
	ended := make(chan struct{})
	go func() {
		r.pulls.Wait()
		close(ended)
	}()
	if r.nc.IsConnected() {
		timer := time.NewTimer(closeTimeout)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C:
		}
		_ = r.nc.FlushTimeout(closeTimeout)
	}
	r.nc.Close()
	<-ended
}
