package web

import (
	"bytes"
	"crypto/tls"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Limits are what a client may take of a server. What is zero has its default.
type Limits struct {
	Header  time.Duration // to send the header of a request, and to shake hands over TLS; default 10 s
	Request time.Duration // to send all of it; default 60 s
	Answer  time.Duration // from the end of the header until the answer is written; default 3 min. An event stream has its own
	Idle    time.Duration // between two requests; default 2 min
	Conns   int           // connections at once; default 2048
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		at     *time.Duration
		normal time.Duration
	}{{&l.Header, 10 * time.Second}, {&l.Request, time.Minute}, {&l.Answer, 3 * time.Minute}, {&l.Idle, 2 * time.Minute}} {
		if *d.at <= 0 {
			*d.at = d.normal
		}
	}
	if l.Conns <= 0 {
		l.Conns = 2048
	}
	return l
}

// NewServer is a server of the API that no client can hold up: neither one that sends or reads slowly nor one that opens connections
// and says nothing.
func NewServer(h http.Handler, l Limits, log zerolog.Logger) *http.Server {
	l = l.withDefaults()
	c := &crowd{most: l.Conns, conns: map[net.Conn]guest{}}
	return &http.Server{Handler: h, ReadHeaderTimeout: l.Header, ReadTimeout: l.Request, WriteTimeout: l.Answer, IdleTimeout: l.Idle,
		MaxHeaderBytes: 64 << 10, DisableGeneralOptionsHandler: true, ConnState: c.note, ErrorLog: stdlog.New(complaints{log}, "", 0)}
}

// complaints is the log of net/http, at the levels of ours: a client that fails to speak TLS is its own affair.
type complaints struct{ log zerolog.Logger }

func (c complaints) Write(p []byte) (int, error) {
	level := zerolog.WarnLevel
	if bytes.HasPrefix(p, []byte("http: TLS handshake error")) {
		level = zerolog.InfoLevel
	}
	c.log.WithLevel(level).Msg(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// crowd is the connections of a server. When there are too many, the one goes that has asked for nothing for the longest: one that has
// sent no request yet, or waits between two. Whoever opens many is so the first to lose them.
type crowd struct {
	most int

	mu    sync.Mutex
	conns map[net.Conn]guest
	count int64 // of changes
}

// guest is a connection.
type guest struct {
	asks  bool  // a request of it is being answered
	since int64 // by count
}

// note is called when a connection changes its state.
func (c *crowd) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.conns, conn)
		return
	}
	c.count++
	c.conns[conn] = guest{asks: state == http.StateActive, since: c.count}
	if state == http.StateNew && len(c.conns) > c.most {
		c.leave()
	}
}

// leave closes one connection, the newest where all others are asking. The lock is held.
func (c *crowd) leave() {
	var oldest net.Conn
	for conn, g := range c.conns {
		if !g.asks && (oldest == nil || g.since < c.conns[oldest].since) {
			oldest = conn
		}
	}
	delete(c.conns, oldest)
	if t, isTLS := oldest.(*tls.Conn); isTLS {
		oldest = t.NetConn() // says no farewell, for which it would wait
	}
	_ = oldest.Close()
}
