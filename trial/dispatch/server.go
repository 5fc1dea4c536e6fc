package dispatch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"automl/trial"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// ServeOptions say where the embedded server lives.
type ServeOptions struct {
	Dir    string           // data directory: secrets, and the streams in its folder nats
	Listen string           // host:port; default 127.0.0.1:0, any free port of loopback
	Log    zerolog.Logger   // gets the server's own log at debug level
	Now    func() time.Time // names a broken store that is moved aside; default time.Now

	TLS    *tls.Config // needed beyond loopback
	Trust  *tls.Config // what a client needs to know TLS by
	Roster *Roster     // runners with credentials of their own; nil: none
}

// Server is an embedded NATS server with JetStream.
type Server struct {
	secrets secrets
	trust   *tls.Config
	log     *serverLog

	mu   sync.RWMutex
	nats *server.Server // another one after its store has failed, see heal

	stop    chan struct{} // nil: nobody heals it
	healing sync.WaitGroup
	once    sync.Once
}

const startTimeout = 10 * time.Second

// errStore says that the server could not start on what lies in its store.
var errStore = errors.New("the store of the bus is broken")

// Serve starts the embedded server and returns when it takes connections. A store it cannot start on is moved aside and a new one
// made: nothing in it is the only copy. A server without TLS binds loopback only.
func Serve(o ServeOptions) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	host, port, err := splitListen(o.Listen)
	if err == nil && o.TLS == nil {
		err = mustBeLoopback(host)
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, trial.Wrap(trial.Storage, err, "make the data directory")
	}
	keys, err := ensureSecrets(o.Dir)
	if err != nil {
		return nil, err
	}
	store := filepath.Join(o.Dir, "nats")
	options := serverOptions(host, port, store)
	options.CustomClientAuthentication = doorkeeper{keys, o.Roster}
	options.TLSConfig, options.TLS, options.TLSTimeout = o.TLS, o.TLS != nil, tlsTimeout
	options.AuthTimeout = tlsTimeout + 1 // the handshake counts; without one the server's two seconds are soon over on a machine that is busy
	up := func() (*Server, error) {
		s, err := start(options, keys, o.Trust, o.Log)
		if !errors.Is(err, errStore) {
			return s, err
		}
		aside, moveErr := moveAside(store, o.Now())
		if moveErr != nil {
			return nil, trial.Wrap(trial.Storage, moveErr, "move the broken store of the bus aside")
		}
		o.Log.Warn().Err(err).Str("moved_to", aside).Msg("the bus starts with an empty store; what was in it is sent again")
		return start(options, keys, o.Trust, o.Log)
	}
	s, err := up()
	if err != nil {
		return nil, busError(err, "start the bus on %s", o.Listen)
	}
	if at, ok := s.nats.Addr().(*net.TCPAddr); ok {
		options.Port = at.Port // where it comes up again
	}
	s.stop = make(chan struct{})
	s.healing.Go(func() { s.heal(store, o.Log, up) })
	if o.Roster != nil {
		o.Roster.kick = s.kick
	}
	return s, nil
}

// splitListen splits a listen address.
func splitListen(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, trial.Wrap(trial.Invalid, err, "listen address")
	}
	if port, err = strconv.Atoi(text); err != nil || port < 0 || port > 65535 {
		return "", 0, trial.Errorf(trial.Invalid, "listen address %s: no port", listen)
	}
	return host, port, nil
}

// Loopback tells whether a host is this machine alone.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func mustBeLoopback(host string) error {
	if Loopback(host) {
		return nil
	}
	return trial.Errorf(trial.Invalid, "the bus will not listen on %q without TLS: other machines reach it", host).
		WithHint("listen on 127.0.0.1 and tunnel, let TLS on, or use an external NATS server with TLS")
}

// tlsTimeout is how many seconds a client may take to shake hands: a thousand runners may come at once.
const tlsTimeout = 30

// maxConnections is how many clients the bus has at most; a runner is one.
const maxConnections = 8192

func serverOptions(host string, port int, store string) *server.Options {
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return &server.Options{
		ServerName:             "automl",
		Host:                   host,
		Port:                   port,
		NoSigs:                 true,
		MaxPayload:             MaxMessage,
		MaxConn:                maxConnections,
		PingInterval:           pingInterval,
		MaxPingsOut:            maxPings,
		AlwaysEnableNonce:      true, // for the nkeys of runners that joined
		JetStream:              true,
		StoreDir:               store,
		JetStreamMaxMemory:     16 << 20,
		JetStreamMaxStore:      2 * (workBytes + inBytes),
		DisableJetStreamBanner: true,
	}
}

// start runs a server and proves that its store works; errStore when it does not.
func start(o *server.Options, keys secrets, trust *tls.Config, log zerolog.Logger) (*Server, error) {
	n, err := server.NewServer(o.Clone())
	if err != nil {
		return nil, err
	}
	l := newServerLog(log)
	n.SetLoggerV2(l, false, false, false)
	s := &Server{nats: n, secrets: keys, trust: trust, log: l}
	if err := s.awaitReady(l); err != nil {
		s.Shutdown()
		return nil, err
	}
	if err := s.proveStore(o.StoreDir); err != nil {
		s.Shutdown()
		return nil, err
	}
	return s, nil
}

func (s *Server) awaitReady(l *serverLog) error {
	s.nats.Start() // returns once it listens, or gave up
	select {
	case err := <-l.fatal:
		if strings.Contains(err.Error(), "JetStream") { // and not the port
			return fmt.Errorf("%w: %w", errStore, err)
		}
		return err
	default:
	}
	if !s.nats.ReadyForConnections(startTimeout) {
		return errors.New("the server is not ready in time")
	}
	return nil
}

// proveStore makes the streams, and checks that every stream that has a folder was recovered: the server only logs and goes on
// without a stream it cannot read. That nobody gets on the bus is no fault of the store.
func (s *Server) proveStore(store string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	account, err := s.nats.LookupAccount(server.DEFAULT_GLOBAL_ACCOUNT)
	if err != nil {
		return err
	}
	folders, err := os.ReadDir(filepath.Join(store, server.JetStreamStoreDir, account.Name, "streams"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if found := account.JetStreamUsage().Streams; len(folders) != found {
		return fmt.Errorf("%w: %d streams on disk, %d of them readable", errStore, len(folders), found)
	}
	return s.tryStreams(ctx)
}

// tryStreams makes the streams as the daemon will.
func (s *Server) tryStreams(ctx context.Context) error {
	o := Options{URL: s.URL(), Credentials: s.Credentials(RoleDaemon), TLS: s.trust, Log: zerolog.Nop()}.withDefaults()
	d, err := openDaemon(o)
	if err != nil {
		return err
	}
	defer d.nc.Close()
	if _, err = ensureStreams(ctx, d.js, o); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	return nil
}

// keptAside is how many broken stores are kept for whoever wants to know what was in them.
const keptAside = 3

// moveAside renames a store to nats.broken-<time> beside it, and removes all but the newest of those.
func moveAside(store string, now time.Time) (string, error) {
	const mark = ".broken-"
	base := store + mark + now.UTC().Format("20060102T150405Z")
	aside := base
	for i := 2; ; i++ {
		_, err := os.Lstat(aside)
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return "", err
		}
		aside = fmt.Sprintf("%s-%d", base, i)
	}
	if err := os.Rename(store, aside); err != nil {
		return "", err
	}
	old, err := filepath.Glob(store + mark + "*")
	if err == nil {
		slices.Sort(old)
		for _, path := range old[:max(0, len(old)-keptAside)] {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return aside, err
}

// URL is where clients on this machine connect to; it holds no secret.
func (s *Server) URL() string {
	s.mu.RLock()
	text := s.nats.ClientURL()
	s.mu.RUnlock()
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	return u.String()
}

// kick closes the connections of an owner's runs.
func (s *Server) kick(owner string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for offset := 0; ; {
		page, err := s.nats.Connz(&server.ConnzOptions{Offset: offset, Limit: 1024})
		if err != nil || len(page.Conns) == 0 {
			return
		}
		for _, c := range page.Conns {
			if trial.Owner(c.Name) == owner {
				_ = s.nats.DisconnectClientByID(c.Cid) // it may be gone
			}
		}
		offset += len(page.Conns)
	}
}

// Credentials are those of a role.
func (s *Server) Credentials(role Role) Credentials { return s.secrets.credentials(role) }

// Shutdown stops the server and waits until its store is closed. It may be called more than once.
func (s *Server) Shutdown() {
	if s.stop != nil {
		s.once.Do(func() { close(s.stop) })
		s.healing.Wait()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}

// Redact takes the passwords out of URLs, separated by commas, that are logged.
func Redact(text string) string {
	urls := strings.Split(text, ",")
	for i, one := range urls {
		u, err := url.Parse(one)
		if err != nil {
			return "(unreadable URL)"
		}
		urls[i] = u.Redacted()
	}
	return strings.Join(urls, ",")
}
