package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"automl/trial"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Daemon is the daemon's end of the bus. Its methods may be called from several goroutines.
type Daemon struct {
	o           Options
	nc          *nats.Conn
	js          jetstream.JetStream
	reconnected chan struct{} // one wake-up for the intake
	stop        context.CancelFunc
	running     sync.WaitGroup
	ensuring    sync.Mutex // one at a time makes streams; guards made
	made        birthdays
	inbox       *mailbox[trial.Mail]
	bundlers    sync.Map // the runs that have sent bundles, and so read them
}

// openDaemon connects and no more.
func openDaemon(o Options) (*Daemon, error) {
	d := &Daemon{o: o, reconnected: make(chan struct{}, 1)}
	nc, err := o.connect(string(RoleDaemon), daemonInbox, d.wake)
	if err != nil {
		return nil, err
	}
	d.nc = nc
	if d.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(o.Timeout), jetstream.WithPublishAsyncTimeout(o.Timeout)); err != nil {
		nc.Close()
		return nil, trial.Wrap(trial.Internal, err, "open JetStream")
	}
	return d, nil
}

// NewDaemon connects, makes the streams, empties the work queue (publish what is not leased), and begins to read: first what was
// never acknowledged to the last daemon. With Options.Patient it waits for a cluster that has no leader yet. ctx bounds the start only;
// Close ends the daemon's end.
func NewDaemon(ctx context.Context, o Options) (*Daemon, error) {
	o = o.withDefaults()
	d, err := openDaemon(o)
	if err != nil {
		return nil, err
	}
	d.inbox = newMailbox[trial.Mail](o.Buffer)
	if err := d.start(ctx); err != nil {
		d.nc.Close()
		return nil, err
	}
	return d, nil
}

func (d *Daemon) start(ctx context.Context) error {
	in, err := d.prepared(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, max(d.o.Timeout, startTimeout))
	defer cancel()
	if err := d.subscribe(); err != nil {
		return err
	}
	if err := d.nc.FlushWithContext(ctx); err != nil { // until the server has the subscriptions it drops what they are for
		return busError(err, "listen to the runners")
	}
	live, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.running.Go(func() { d.intake(live, in) })
	return nil
}

// prepared prepares the server, as often as it takes a cluster to elect its leaders where the daemon is to be patient, and says what it
// waits for.
func (d *Daemon) prepared(ctx context.Context) (jetstream.Consumer, error) {
	for said := (time.Time{}); ; {
		in, err := d.prepare(ctx)
		if err != nil {
			err = d.orDenied(err)
		}
		switch {
		case err == nil || !d.o.Patient || !leaderless(err):
			return in, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Since(said) > leaderAgain:
			said = time.Now()
			d.o.Log.Warn().Err(err).Str("bus", Redact(d.o.URL)).Msg("waiting for the bus: its servers have no leader for JetStream yet")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(leaderDelay):
		}
	}
}

// orDenied is the error of a request, or why nobody answered it: the servers tell a client what they deny it aside.
func (d *Daemon) orDenied(err error) error {
	last := d.nc.LastError()
	if !errors.Is(last, nats.ErrPermissionViolation) {
		return err
	}
	e := trial.Errorf(trial.Denied, "the bus at %s does not let these credentials do what a daemon must", Redact(d.o.URL)).
		WithHint("deploy/nats/nats-server.conf has what a daemon may do; are these the credentials of a runner?")
	e.Err = last
	return e
}

// prepare makes the streams and the consumers.
func (d *Daemon) prepare(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, max(d.o.Timeout, startTimeout))
	defer cancel()
	var err error
	if d.made, err = ensureStreams(ctx, d.js, d.o); err != nil {
		return nil, err
	}
	if err := d.Purge(ctx); err != nil {
		return nil, err
	}
	// A new consumer begins with the oldest message that was not acknowledged, at once and in order.
	if err := d.js.DeleteConsumer(ctx, inStream, inConsumer); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, busError(err, "renew the daemon's consumer")
	}
	return d.consumer(ctx)
}

func (d *Daemon) consumer(ctx context.Context) (jetstream.Consumer, error) {
	in, err := ensureConsumer(ctx, d.js, inStream, inConsumerConfig(d.o.AckWait))
	return in, busError(err, "make the daemon's consumer")
}

// Publish puts assignments on the work queue. nil means that the queue holds each, once, whether it was there before or not; a
// queue that is missing is made anew. An error (Unavailable: nobody there, or the queue is full) means that some may be missing.
func (d *Daemon) Publish(ctx context.Context, work ...trial.Assignment) error {
	messages := make([]*nats.Msg, len(work))
	for i, a := range work {
		if err := checkToken("study", a.Study); err != nil {
			return err
		}
		data, err := encode(kindAssignment, a)
		if err != nil {
			return err
		}
		messages[i] = &nats.Msg{Subject: workSubject(a.Key()), Data: data}
	}
	left, err := d.put(ctx, messages)
	if errors.Is(err, jetstream.ErrNoStreamResponse) && d.restore(ctx) == nil {
		_, err = d.put(ctx, left)
	}
	return publishError(err, "assignment")
}

// put publishes messages, all at once, and waits for the server to have them. It returns those it may not have, and why.
func (d *Daemon) put(ctx context.Context, messages []*nats.Msg) (left []*nats.Msg, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	for i, failed := range publish(ctx, d.js, messages) {
		if failed != nil && !alreadyThere(failed) {
			left, err = append(left, messages[i]), failed
		}
	}
	return left, err
}

// publishError makes a publish's error ours: a message that is in the stream already is no error.
func publishError(err error, what string) error {
	switch {
	case err == nil || alreadyThere(err):
		return nil
	case full(err):
		return trial.Errorf(trial.Unavailable, "the bus is full: it takes no %s now", what)
	}
	return busError(err, "send %s", what)
}

// Send answers a run. It is not durable: nil means that the answers left, and a runner that hears nothing sends its message again. One
// that sends bundles gets them.
func (d *Daemon) Send(run string, answers ...trial.Outbound) error {
	if err := checkRun(run); err != nil {
		return err
	}
	bodies := make([]json.RawMessage, len(answers))
	for i, out := range answers {
		var err error
		if bodies[i], err = encodeBody(kindOut, out); err != nil {
			return err
		}
	}
	_, bundles := d.bundlers.Load(run)
	for len(bodies) > 0 {
		n := 1
		if bundles {
			n = bundled(bodies, func(b json.RawMessage) int { return len(b) })
		}
		if err := d.nc.Publish(runSubject(kindOut, run), envelope(kindOut, bodies[:n])); err != nil {
			return busError(err, "answer run %s", run)
		}
		bodies = bodies[n:]
	}
	return nil
}

// Inbox is what runners send. It is closed by Close.
func (d *Daemon) Inbox() <-chan trial.Mail { return d.inbox.c }

// Purge drops all queued work.
func (d *Daemon) Purge(ctx context.Context) error {
	stream, err := d.js.Stream(ctx, workStream)
	if err == nil {
		err = stream.Purge(ctx)
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	return busError(err, "drop queued work")
}

// restore makes what is missing on the server, and tells the owner when a stream is not the one it was.
func (d *Daemon) restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	lost, err := d.remake(ctx)
	if lost {
		d.o.Log.Warn().Msg("the streams of the bus were lost and are made anew")
		d.o.Recreated()
	}
	return err
}

func (d *Daemon) remake(ctx context.Context) (lost bool, err error) {
	d.ensuring.Lock()
	defer d.ensuring.Unlock()
	made, err := ensureStreams(ctx, d.js, d.o)
	if err != nil {
		return false, err
	}
	lost = made != d.made
	d.made = made
	return lost, nil
}

// wake makes the intake look at the server after a reconnect.
func (d *Daemon) wake() {
	select {
	case d.reconnected <- struct{}{}:
	default:
	}
}

const closeTimeout = 2 * time.Second

// Close stops reading, closes Inbox and disconnects. What was delivered but not acknowledged comes to the next daemon. It may be
// called more than once.
func (d *Daemon) Close() {
	d.stop()
	d.inbox.close()
	d.running.Wait()
	if d.nc.IsConnected() {
		_ = d.nc.FlushTimeout(closeTimeout) // acknowledgements under way; they may be lost
	}
	d.nc.Close()
}
