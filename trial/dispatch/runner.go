package dispatch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"automl/trial"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Runner is a runner's end of the bus. Its methods may be called from several goroutines.
type Runner struct {
	o       Options
	run     string
	nc      *nats.Conn
	js      jetstream.JetStream
	live    context.Context // ends with Close
	stop    context.CancelFunc
	session atomic.Pointer[session]
	answers *mailbox[trial.Outbound]

	mu     sync.Mutex // guards closed, and so that no pull begins after it
	closed bool
	pulls  sync.WaitGroup
}

// session is the time between two reconnects.
type session struct {
	context.Context
	end   context.CancelFunc
	queue atomic.Pointer[jetstream.Consumer] // once it was seen in this session
}

func newSession() *session {
	ctx, end := context.WithCancel(context.Background())
	return &session{Context: ctx, end: end}
}

// answerBuffer is how many answers wait for the runner.
const answerBuffer = 256

// NewRunner connects as one run. A bus that is away is no error: the runner connects when it comes, and its methods say
// Unavailable until then. Refused credentials are an error, now; later they are tried for ever, and Heartbeat says Denied meanwhile.
// ctx bounds the start only; Close ends the runner's end.
func NewRunner(ctx context.Context, run string, o Options) (*Runner, error) {
	if err := checkRun(run); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	r := &Runner{o: o, run: run, answers: newMailbox[trial.Outbound](answerBuffer)}
	r.session.Store(newSession())
	r.live, r.stop = context.WithCancel(context.Background())
	nc, err := o.connect(run, runInbox(run), r.wake)
	if trial.CodeOf(err) == trial.Unavailable {
		o.Log.Info().Err(err).Msg("the bus is away; waiting for it")
		nc, err = o.connect(run, runInbox(run), r.wake, nats.RetryOnFailedConnect(true), nats.ConnectHandler(func(*nats.Conn) { r.wake() }))
	}
	if err != nil {
		return nil, err
	}
	r.nc = nc
	if err := r.start(); err != nil {
		nc.Close()
		return nil, err
	}
	return r, nil
}

func (r *Runner) start() (err error) {
	if r.js, err = jetstream.New(r.nc, jetstream.WithDefaultTimeout(r.o.Timeout), jetstream.WithPublishAsyncTimeout(r.o.Timeout)); err != nil {
		return trial.Wrap(trial.Internal, err, "open JetStream")
	}
	_, err = r.nc.Subscribe(runSubject(kindOut, r.run), func(m *nats.Msg) {
		answers, err := decodeAll[trial.Outbound](kindOut, m.Data)
		if err != nil {
			r.o.quarantine(m.Subject, m.Data, err)
			return
		}
		for _, out := range answers {
			r.answers.put(out, forever)
		}
	})
	return busError(err, "listen for answers")
}

// Announce asks the daemon for the lease of an attempt and waits for its word, at most Options.Timeout. Unavailable means that
// nobody answered: the lease may be committed all the same, and asking again is harmless.
func (r *Runner) Announce(ctx context.Context, a trial.Announce) (trial.Grant, error) {
	if err := r.checkRun(a.Run); err != nil {
		return trial.Grant{}, err
	}
	data, err := encode(kindAnnounce, a)
	if err != nil {
		return trial.Grant{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	m, err := r.nc.RequestWithContext(waiting, runSubject(kindAnnounce, r.run), data)
	switch {
	case ctx.Err() != nil:
		return trial.Grant{}, ctx.Err()
	case errors.Is(err, nats.ErrNoResponders):
		return trial.Grant{}, trial.Wrap(trial.Unavailable, err, "no daemon is on the bus")
	case err != nil:
		return trial.Grant{}, busError(err, "ask the daemon for the lease")
	}
	g, err := decode[trial.Grant](kindGrant, m.Data)
	return g, trial.Wrap(trial.Internal, err, "the daemon's answer")
}

// Send hands durable messages to the bus; they travel together. nil means that the stream holds them; the daemon has each for good only
// when an answer says so, and until then it may be sent again. After an error some may be there; with code Invalid one of them never will.
func (r *Runner) Send(ctx context.Context, messages ...trial.Inbound) error {
	parcels := make([]parcel, len(messages))
	for i, m := range messages {
		if err := r.checkRun(m.Run); err != nil {
			return err
		}
		if err := checkToken("study", m.Key.Study); err != nil {
			return err
		}
		body, err := encodeBody(kindInbound, m)
		if err != nil {
			return err
		}
		parcels[i] = parcel{inSubject(m), body}
	}
	waiting, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	err := r.ship(waiting, parcels)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return publishError(err, "message")
}

// Heartbeat tells that the runner is alive. It may be lost; an error says that the bus is away, or, with code Denied, that it does not let
// this runner in any more.
func (r *Runner) Heartbeat(info trial.RunnerInfo) error { return r.tell(kindHeartbeat, info.Run, info) }

// Leave tells that the runner goes in good order, and waits until the server has that.
func (r *Runner) Leave(info trial.RunnerInfo) error {
	if err := r.tell(kindLeave, info.Run, info); err != nil {
		return err
	}
	return busError(r.nc.FlushTimeout(closeTimeout), "take leave")
}

// Progress is for people watching; it may be lost.
func (r *Runner) Progress(p trial.Progress) error { return r.tell(kindProgress, r.run, p) }

func (r *Runner) tell(k kind, run string, body any) error {
	if err := r.checkRun(run); err != nil {
		return err
	}
	data, err := encode(k, body)
	if err != nil {
		return err
	}
	err = r.nc.Publish(runSubject(k, r.run), data)
	if last := r.nc.LastError(); err != nil && isRefusal(last) { // that of the last attempt to connect
		return r.o.refusal(last)
	}
	return busError(err, "send %s", k)
}

// Answers is what the daemon sends to this run. It is closed by Close.
func (r *Runner) Answers() <-chan trial.Outbound { return r.answers.c }

func (r *Runner) checkRun(run string) error {
	if run == r.run {
		return nil
	}
	return trial.Errorf(trial.Invalid, "a message of run %q cannot be sent by run %q", run, r.run)
}

// wake begins a new session: pulls look for the work queue again.
func (r *Runner) wake() { r.session.Swap(newSession()).end() }
