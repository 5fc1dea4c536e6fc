package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"automl/search/daemon"
	"automl/trial"
	"automl/trial/certs"
	"automl/trial/dispatch"
	"automl/trial/heap"
	"automl/trial/spans"
	"automl/trial/store"
	"automl/web"
)

// tree is a running daemon: record, bus, search and HTTP, the same for automl run and automl daemon.
type tree struct {
	dir    string
	lab    *lab
	serve  serveFlags
	safe   secured
	log    zerolog.Logger
	db     *store.DB
	nats   *dispatch.Server // nil: the bus is somebody else's
	roster *dispatch.Roster // nil: runners do not join
	bus    *dispatch.Daemon
	daemon *daemon.Daemon
	spans  *spans.Tracer // nil: nobody asks for them
	http   *http.Server
	ready  atomic.Pointer[daemon.Daemon] // once the bus may call it
	done   chan error                    // the end of the search daemon
	cancel context.CancelFunc
}

// republish is called by the bus when it has lost the work queue.
func (t *tree) republish() {
	if d := t.ready.Load(); d != nil {
		d.Republish()
	}
}

// quarantine keeps a message that nobody can read.
func (t *tree) quarantine(subject string, data []byte, reason string) error {
	t.log.Warn().Str("subject", subject).Int("bytes", len(data)).Str("reason", reason).Msg("a message that nobody can read is in quarantine")
	return t.db.Quarantine(context.Background(), time.Now(), subject, data, reason)
}

// startTree brings up everything in the order reliability asks for: the lock and the record first, then the bus, the search
// from the record, and the doors last.
func startTree(ctx context.Context, dir string, serve serveFlags, lab *lab, log zerolog.Logger) (*tree, error) {
	t := &tree{dir: dir, serve: serve, lab: lab, log: log, done: make(chan error, 1)}
	if lab.text != "" {
		log.Warn().Str("lab", lab.text).Msg("waiting times or the clock are bent: this is for tests of faults only")
	}
	if err := t.start(ctx); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

func (t *tree) start(ctx context.Context) (err error) {
	dir, log := t.dir, t.log
	if t.safe, err = t.serve.secure(dir); err != nil {
		return err
	}
	if t.db, err = store.Open(ctx, dir); err != nil {
		return err
	}
	if copied := t.db.Migrated(); copied != "" {
		log.Info().Str("copy", copied).Msg("the database was of an older version and is migrated; what it was is kept as a copy")
	}
	bus, err := t.openBus()
	if err != nil {
		return err
	}
	bus.Log, bus.Recreated, bus.Quarantine, bus.AckWait = log, t.republish, t.quarantine, t.lab.wait(30*time.Second)
	if t.bus, err = dispatch.NewDaemon(ctx, bus); err != nil {
		return err
	}
	heap.Floor()
	cfg := daemon.Config{Store: t.db, Bus: t.bus, Decode: decode, Log: log, Shown: t.serve.shown}
	t.spans = openSpans(ctx, "automl-daemon", log)
	if t.spans != nil { // no nil pointer in an interface
		cfg.Trace = t.spans
	}
	d, err := daemon.New(ctx, t.lab.daemon(cfg))
	if err != nil {
		return err
	}
	t.daemon = d
	t.ready.Store(d)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t.cancel = cancel
	go func() { t.done <- t.daemon.Run(run) }()
	return t.open()
}

// openBus starts the embedded bus, or names the servers of the cluster that was given.
func (t *tree) openBus() (dispatch.Options, error) {
	if t.serve.cluster.urls != "" {
		return t.serve.cluster.options()
	}
	o := dispatch.ServeOptions{Dir: t.dir, Listen: t.serve.busAddress(t.dir), Log: t.log}
	var err error
	if id := t.safe.id; id != nil {
		o.TLS = id.Server
		if o.Trust, err = certs.Client(id.CA); err != nil {
			return dispatch.Options{}, err
		}
		o.Trust.ServerName = id.Host
		if t.roster, err = dispatch.OpenRoster(t.dir, time.Now); err != nil {
			return dispatch.Options{}, err
		}
		o.Roster = t.roster
	}
	if t.nats, err = dispatch.Serve(o); err != nil {
		return dispatch.Options{}, err
	}
	return dispatch.Options{URL: t.nats.URL(), Credentials: t.nats.Credentials(dispatch.RoleDaemon), TLS: o.Trust},
		keepAddress(t.dir, t.nats.URL())
}

// open starts the HTTP API and writes daemon.json, which tells that the daemon is ready.
func (t *tree) open() error {
	token, err := keptToken(t.dir)
	if err != nil {
		return err
	}
	listen := t.serve.listen
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return &trial.Error{Code: trial.Unavailable, Msg: "listen on " + listen, Err: err,
			Hint: "--listen HOST:PORT names another address; port 0 is any that is free"}
	}
	info := t.info(l.Addr(), token)
	names := append(hostNames(listen), t.serve.advertise...)
	if t.safe.id != nil {
		l = tls.NewListener(l, t.safe.id.Server)
		names = append(names, t.safe.host, t.safe.id.Host)
	}
	api := web.New(web.Config{Daemon: t.daemon, Record: t.db, Token: token, Hosts: names, Door: t.door(l.Addr()), Prepare: t.prepare,
		Known: remembered(knownOf), Version: version(), Log: t.log})
	t.http = web.NewServer(api, t.lab.limits(web.Limits{}), t.log)
	go func() {
		if err := t.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.log.Error().Err(err).Msg("the HTTP API ended")
		}
	}()
	return writeDaemonFile(t.dir, info)
}

// hostNames are the names under which this machine may be asked: its own, and the one it was told to listen on.
func hostNames(listen string) []string {
	var names []string
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		names = append(names, host)
	}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	return names
}

// stop takes everything down, doors first.
func (t *tree) stop() {
	if t.http != nil {
		_ = removeDaemonFile(t.dir)
		_ = t.http.Close()
	}
	if t.cancel != nil {
		t.cancel()
		<-t.done
	}
	if t.spans != nil {
		_ = t.spans.Close() // it has said what is lost
	}
	if t.bus != nil {
		t.bus.Close()
	}
	if t.nats != nil {
		t.nats.Shutdown()
	}
	if t.db != nil {
		if err := t.db.Close(); err != nil {
			t.log.Error().Err(err).Msg("close the record")
		}
	}
}
