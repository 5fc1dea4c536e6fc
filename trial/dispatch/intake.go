package dispatch

import (
	"context"
	"errors"
	"time"

	"automl/trial"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	readAhead     = 1024             // inbound messages on their way to the daemon
	pullExpiry    = 30 * time.Second // of a waiting pull, which is then renewed
	pullHeartbeat = 2 * time.Second  // two missed: the pull is lost and renewed
	retryDelay    = 200 * time.Millisecond
)

// intake reads the inbound stream until ctx ends. After each reconnect, and whenever reading fails, it makes what is missing on
// the server and begins again.
func (d *Daemon) intake(ctx context.Context, in jetstream.Consumer) {
	for ctx.Err() == nil {
		err := d.read(ctx, in)
		if ctx.Err() != nil {
			return
		}
		d.o.Log.Debug().Err(err).Msg("reading from the bus begins again")
		for {
			if in, err = d.reopen(ctx); err == nil {
				break
			}
			d.o.Log.Debug().Err(err).Msg("the bus is away")
			select {
			case <-ctx.Done():
				return
			case <-time.After(retryDelay):
			}
		}
	}
}

// reopen makes what is missing and returns the consumer to read.
func (d *Daemon) reopen(ctx context.Context) (jetstream.Consumer, error) {
	if err := d.restore(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	return d.consumer(ctx)
}

// read moves inbound messages to Inbox, in order. A full Inbox stops it, and through the consumer's limit the server. It returns
// why it ended: ctx, a reconnect, or an error.
func (d *Daemon) read(ctx context.Context, in jetstream.Consumer) error {
	session, cancel := context.WithCancel(ctx)
	defer cancel()
	d.running.Go(func() {
		select {
		case <-d.reconnected:
			cancel()
		case <-session.Done():
		}
	})
	messages, err := in.Messages(jetstream.PullMaxMessages(readAhead),
		jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(session))
		if err != nil {
			d.readRest(ctx, messages)
			return err
		}
		d.receive(m)
	}
}

// readRest takes what arrived before reading ended, so that it need not come again.
func (d *Daemon) readRest(ctx context.Context, messages jetstream.MessagesContext) {
	messages.Drain()
	for ctx.Err() == nil {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return
		}
		d.receive(m)
	}
}

// receive hands the inbound messages of a bundle over, however long that takes. One that nobody can read is quarantined. A bundle is
// acknowledged when all of it is: until then all of it comes again.
func (d *Daemon) receive(m jetstream.Msg) {
	bundle, err := decodeAll[trial.Inbound](kindInbound, m.Data())
	if err == nil {
		err = checkBundle(bundle, m.Subject())
	}
	if err != nil {
		if d.o.quarantine(m.Subject(), m.Data(), err) {
			_ = m.Ack()
		}
		return
	}
	if len(bundle) > 1 {
		d.bundlers.LoadOrStore(bundle[0].Run, true)
	}
	ack := afterAll(len(bundle), func() { _ = m.Ack() }) // a lost ack: it comes again
	for i := range bundle {
		d.inbox.put(trial.Mail{Inbound: &bundle[i], Ack: ack}, forever)
	}
}

// subscribe listens to the messages outside of the streams. Each kind has its own goroutine.
func (d *Daemon) subscribe() error {
	return errors.Join(
		d.listen(kindAnnounce, d.o.Timeout, d.announced),
		d.listen(kindHeartbeat, d.o.Timeout, func(m *nats.Msg, run string) (trial.Mail, error) {
			info, err := infoOf(kindHeartbeat, m, run)
			return trial.Mail{Heartbeat: info}, err
		}),
		d.listen(kindLeave, d.o.Timeout, func(m *nats.Msg, run string) (trial.Mail, error) {
			info, err := infoOf(kindLeave, m, run)
			return trial.Mail{Gone: info}, err
		}),
		d.listen(kindProgress, 0, func(m *nats.Msg, run string) (trial.Mail, error) {
			p, err := decode[trial.Progress](kindProgress, m.Data)
			p.Run = run
			return trial.Mail{Progress: &p}, err
		}),
	)
}

// listen turns each message of a kind into mail, and drops it when Inbox has no room for as long as patience.
func (d *Daemon) listen(k kind, patience time.Duration, read func(m *nats.Msg, run string) (trial.Mail, error)) error {
	_, err := d.nc.Subscribe(runSubject(k, "*"), func(m *nats.Msg) {
		mail, err := read(m, runOf(m.Subject))
		if err != nil {
			d.o.quarantine(m.Subject, m.Data, err)
			return
		}
		if !d.inbox.put(mail, patience) && patience > 0 {
			d.o.Log.Warn().Str("subject", m.Subject).Msg("the daemon is too slow: message dropped")
		}
	})
	return busError(err, "listen for %s", k)
}

func (d *Daemon) announced(m *nats.Msg, run string) (trial.Mail, error) {
	a, err := decode[trial.Announce](kindAnnounce, m.Data)
	if err == nil && a.Run != run {
		err = errForged
	}
	reply := func(g trial.Grant) {
		data, err := encode(kindGrant, g)
		if err == nil {
			err = m.Respond(data)
		}
		if err != nil { // the runner asks again
			d.o.Log.Warn().Err(err).Str("run", run).Msg("a grant was not sent")
		}
	}
	return trial.Mail{Announce: &a, Reply: reply}, err
}

func infoOf(k kind, m *nats.Msg, run string) (*trial.RunnerInfo, error) {
	info, err := decode[trial.RunnerInfo](k, m.Data)
	if err == nil && info.Run != run {
		err = errForged
	}
	return &info, err
}
