package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"automl/search/daemon"
	"automl/trial/dispatch"
	"automl/trial/store"
	"automl/web"
)

// tree is a running daemon: record, bus, search and HTTP, the same for automl run and automl daemon.
type tree struct {
	dir    string
	lab    *lab
	log    zerolog.Logger
	db     *store.DB
	nats   *dispatch.Server
	bus    *dispatch.Daemon
	daemon *daemon.Daemon
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
func startTree(ctx context.Context, dir, listen string, lab *lab, log zerolog.Logger) (*tree, error) {
	t := &tree{dir: dir, lab: lab, log: log, done: make(chan error, 1)}
	if lab.text != "" {
		log.Warn().Str("lab", lab.text).Msg("waiting times or the clock are bent: this is for tests of faults only")
	}
	if err := t.start(ctx, listen); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

func (t *tree) start(ctx context.Context, listen string) (err error) {
	dir, log := t.dir, t.log
	if t.db, err = store.Open(ctx, dir); err != nil {
		return err
	}
	if t.nats, err = dispatch.Serve(dispatch.ServeOptions{Dir: dir, Listen: lastAddress(dir), Log: log}); err != nil {
		return err
	}
	if err = keepAddress(dir, t.nats.URL()); err != nil {
		return err
	}
	bus := dispatch.Options{URL: t.nats.URL(), Credentials: t.nats.Credentials(dispatch.RoleDaemon), Log: log, Recreated: t.republish,
		Quarantine: t.quarantine, AckWait: t.lab.wait(30 * time.Second)}
	if t.bus, err = dispatch.NewDaemon(ctx, bus); err != nil {
		return err
	}
	d, err := daemon.New(ctx, t.lab.daemon(daemon.Config{Store: t.db, Bus: t.bus, Decode: decode, Log: log}))
	if err != nil {
		return err
	}
	t.daemon = d
	t.ready.Store(d)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t.cancel = cancel
	go func() { t.done <- t.daemon.Run(run) }()
	return t.open(listen)
}

// open starts the HTTP API and writes daemon.json, which tells that the daemon is ready.
func (t *tree) open(listen string) error {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	token := hex.EncodeToString(secret[:])
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", listen, err)
	}
	t.http = &http.Server{ReadHeaderTimeout: 10 * time.Second, ErrorLog: stdlog.New(t.log, "", 0),
		Handler: web.New(web.Config{Daemon: t.daemon, Record: t.db, Token: token, Hosts: hostNames(listen), Prepare: t.prepare, GPUs: gpusOf,
			Planned: remembered(epochsOf), Version: version(), Log: t.log})}
	go func() {
		if err := t.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.log.Error().Err(err).Msg("the HTTP API ended")
		}
	}()
	info := daemonInfo{URL: "http://" + l.Addr().String(), Token: token, NATS: t.nats.URL(), PID: os.Getpid()}
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
