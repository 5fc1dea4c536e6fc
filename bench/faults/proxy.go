package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// proxy stands between a runner and the bus. It can cut the line, and lose messages on their way to the runner.
type proxy struct {
	l      net.Listener
	target string
	down   atomic.Bool
	lose   atomic.Pointer[func(subject string, payload []byte) bool]

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// newProxy listens in front of the bus at a URL.
func (w *world) newProxy(url string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	p := &proxy{l: l, target: strings.TrimPrefix(url, "nats://"), conns: map[net.Conn]bool{}}
	w.closers = append(w.closers, func() { _ = l.Close(); p.cut(true) })
	go p.serve()
	return p
}

func (p *proxy) url() string { return "nats://" + p.l.Addr().String() }

// cut takes the line down, or lets it come up again.
func (p *proxy) cut(down bool) {
	p.down.Store(down)
	if !down {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// loseStops loses the next messages that tell a runner to stop; the channel has one entry for each that is lost.
func (p *proxy) loseStops(most int) chan bool {
	lost := make(chan bool, most)
	lose := func(subject string, payload []byte) bool {
		if !strings.HasPrefix(subject, "automl.v1.out.") || !strings.Contains(string(payload), `"verb":"stop"`) {
			return false
		}
		select {
		case lost <- true:
			return true
		default:
			return false
		}
	}
	p.lose.Store(&lose)
	return lost
}

func (p *proxy) serve() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		go p.relay(c)
	}
}

func (p *proxy) relay(client net.Conn) {
	defer client.Close()
	if p.down.Load() {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	if p.down.Load() { // it was cut meanwhile
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_ = p.pass(client, bufio.NewReader(server))
	p.mu.Lock()
	delete(p.conns, client)
	delete(p.conns, server)
	p.mu.Unlock()
}

// pass copies the protocol of NATS message by message.
func (p *proxy) pass(to io.Writer, from *bufio.Reader) error {
	for {
		line, err := from.ReadBytes('\n')
		if err != nil {
			return err
		}
		fields := bytes.Fields(line)
		if len(fields) == 0 || !bytes.Equal(fields[0], []byte("MSG")) && !bytes.Equal(fields[0], []byte("HMSG")) {
			if _, err := to.Write(line); err != nil {
				return err
			}
			continue
		}
		size, err := strconv.Atoi(string(fields[len(fields)-1]))
		if err != nil {
			return fmt.Errorf("the bus says %q", line)
		}
		payload := make([]byte, size+2)
		if _, err := io.ReadFull(from, payload); err != nil {
			return err
		}
		if lose := p.lose.Load(); lose != nil && (*lose)(string(fields[1]), payload) {
			continue
		}
		if _, err := to.Write(append(line, payload...)); err != nil {
			return err
		}
	}
}
