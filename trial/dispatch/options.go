package dispatch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"automl/trial"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// Options say how to get on the bus. URL and Credentials may be those of the embedded server or of an external one.
type Options struct {
	URL         string
	Credentials Credentials
	Log         zerolog.Logger
	Timeout     time.Duration // of one request; default 5 s
	TLS         *tls.Config   // of a server that wants it; nil: what the URL says, with the authorities of the system
	Nats        []nats.Option // more, for an external server

	// The daemon's only.
	AckWait   time.Duration // after which an unacknowledged message comes again; default 30 s
	Buffer    int           // of Inbox; default 1024
	Replicas  int           // of the streams, on a cluster; default 1
	Patient   bool          // the servers are others' own, and may yet have to elect a leader: the start waits for that
	Recreated func()        // must not block; called when a stream was lost: publish again

	// Quarantine is called for a message nobody can read, possibly from several goroutines. The bus forgets the message when it
	// returns nil, and brings it again after AckWait otherwise. Default: log it.
	Quarantine func(subject string, data []byte, reason string) error
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.AckWait <= 0 {
		o.AckWait = 30 * time.Second
	}
	if o.Buffer <= 0 {
		o.Buffer = 1024
	}
	if o.Quarantine == nil {
		log := o.Log
		o.Quarantine = func(subject string, data []byte, reason string) error {
			log.Warn().Str("subject", subject).Int("bytes", len(data)).Str("reason", reason).Msg("a message that nobody can read is dropped")
			return nil
		}
	}
	if o.Recreated == nil {
		o.Recreated = func() {}
	}
	return o
}

// quarantine hands a message over that nobody can read, and reports whether the bus may forget it.
func (o Options) quarantine(subject string, data []byte, reason error) bool {
	err := o.Quarantine(subject, data, reason.Error())
	if err != nil {
		o.Log.Error().Err(err).Str("subject", subject).Msg("a message that nobody can read could not be kept")
	}
	return err == nil
}

// Pings find a dead peer within half a lease.
const (
	pingInterval = 10 * time.Second
	maxPings     = 2
)

// client are the options of every connection: it reconnects for ever, and while it is away it refuses rather than buffers, so a
// message is sent now or the sender knows.
func (o Options) client(name, inbox string, reconnected func()) []nats.Option {
	var said atomic.Int64
	options := []nats.Option{
		nats.Name(name),
		nats.CustomInboxPrefix(inbox),
		nats.Timeout(o.Timeout),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(maxPings),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectBufSize(-1),
		nats.CustomReconnectDelay(reconnectDelay),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			if o.refused(err, &said) {
				return
			}
			event := o.Log.Warn().Err(err)
			if s != nil {
				event = event.Str("subject", s.Subject)
			}
			event.Msg("the bus reports an error")
		}),
		nats.DisconnectErrHandler(func(c *nats.Conn, err error) {
			if !c.IsClosed() { // else it was this side that hung up
				o.Log.Info().AnErr("cause", err).Msg("connection to the bus lost")
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			said.Store(0)
			o.Log.Info().Msg("connected to the bus again")
			reconnected()
		}),
	}
	if o.TLS != nil {
		options = append(options, nats.Secure(o.TLS))
	}
	return append(options, o.Nats...)
}

// refusedAgain is how long it is not said again that credentials are refused.
const refusedAgain = 10 * time.Minute

// refused reports whether an error says that the credentials are not taken any more, and tells so, once in a while until the next connection.
// A daemon tries for ever all the same, since whoever runs the bus may mend that; a runner gives up when it has lost its leases.
func (o Options) refused(err error, said *atomic.Int64) bool {
	if !isRefusal(err) {
		return false
	}
	now := time.Now().UnixNano()
	if last := said.Load(); (last == 0 || now-last >= int64(refusedAgain)) && said.CompareAndSwap(last, now) {
		o.Log.Error().Err(err).Msg("the bus does not take our credentials any more; trying on")
	}
	return true
}

// isRefusal tells whether an error says that the bus does not take our credentials.
func isRefusal(err error) bool {
	for _, kind := range []error{nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// refusal is the error of a client whose credentials are refused.
func (o Options) refusal(cause error) error {
	e := trial.Errorf(trial.Denied, "the bus at %s refuses the credentials", Redact(o.URL)).
		WithHint("they may have been revoked. A runner that joined: automl join-token on the daemon's machine makes a token to join anew with, "+
			"automl runner --join TOKEN. Others: the %s of the daemon, or --nats-creds", AuthFile)
	e.Err = cause
	return e
}

// connect gets on the bus; code Denied when the credentials are refused and Invalid when the server's certificate is not trusted, which
// waiting does not mend, Unavailable when nobody is there.
func (o Options) connect(name, inbox string, reconnected func(), more ...nats.Option) (*nats.Conn, error) {
	let, err := o.Credentials.option()
	if err != nil {
		return nil, err
	}
	if let != nil {
		more = append(more, let)
	}
	nc, err := nats.Connect(o.URL, append(o.client(name, inbox, reconnected), more...)...)
	switch {
	case isRefusal(err):
		return nil, o.refusal(err)
	case err != nil:
		e := trial.Errorf(trial.Unavailable, "connect to the bus at %s", Redact(o.URL)).
			WithHint("is a server there, and is that its address? firewalls have to let its port through")
		if hint := ofTLS(err); hint != "" {
			e.Code, e.Hint = trial.Invalid, hint
		}
		e.Err = err
		return nil, e
	}
	return nc, nil
}

// ofTLS is what to do about an error of TLS; empty for any other.
func ofTLS(err error) string {
	var unknown x509.UnknownAuthorityError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "this machine does not know who signed the server's certificate: --tls-ca names the authority of a daemon's --tls-cert, --nats-ca that of " +
			"a cluster; a runner gets it by --join TOKEN"
	case errors.As(err, &untrusted):
		return "the server's certificate must be for the name or address that stands in the URL, and hold now: is this machine's clock right?"
	case errors.Is(err, nats.ErrSecureConnRequired):
		return "the server wants TLS: begin its URL with tls://"
	case errors.Is(err, nats.ErrSecureConnWanted):
		return "the server speaks no TLS: it is another one, or its URL begins with nats://"
	}
	return ""
}

// reconnectDelay grows from a tenth of a second to five, with jitter, so that a thousand runners do not come back at once.
func reconnectDelay(attempts int) time.Duration {
	ceiling := min(100*time.Millisecond<<min(attempts, 8), 5*time.Second)
	return ceiling/2 + rand.N(ceiling/2)
}
