package web

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// pipe is a connection that knows whether it was closed.
type pipe struct {
	net.Conn
	closed bool
}

func (p *pipe) Close() error {
	p.closed = true
	return nil
}

// TestCrowd: the connection goes that has asked for nothing for the longest; one that is being answered stays.
func TestCrowd(t *testing.T) {
	c := &crowd{most: 3, conns: map[net.Conn]guest{}}
	var all []*pipe
	come := func(states ...http.ConnState) *pipe {
		p := &pipe{}
		all = append(all, p)
		for _, s := range append([]http.ConnState{http.StateNew}, states...) {
			c.note(p, s)
		}
		return p
	}
	left := func(want ...*pipe) {
		t.Helper()
		for i, p := range all {
			wanted := false
			for _, w := range want {
				wanted = wanted || w == p
			}
			if p.closed != wanted {
				t.Errorf("connection %d: closed %v", i, p.closed)
			}
		}
	}
	asks := come(http.StateActive)
	waits := come(http.StateActive, http.StateIdle)
	silent := come()
	left()
	c.note(waits, http.StateActive)
	c.note(waits, http.StateIdle) // later than the silent one came
	late := come()
	left(silent)
	c.note(silent, http.StateClosed)
	c.note(late, http.StateActive)
	c.note(waits, http.StateActive)
	last := come() // all others ask
	left(silent, last)
	c.note(last, http.StateClosed)
	c.note(asks, http.StateClosed)
	come()
	left(silent, last)
	if len(c.conns) != 3 {
		t.Errorf("it knows %d connections", len(c.conns))
	}
}

// What net/http complains about has a level, as every line of the log has.
func TestComplaintsHaveLevels(t *testing.T) {
	var out strings.Builder
	server := NewServer(http.NotFoundHandler(), Limits{}, zerolog.New(&out))
	server.ErrorLog.Print("http: TLS handshake error from 127.0.0.1:9: EOF")
	server.ErrorLog.Print("http: panic serving 127.0.0.1:9: nil")
	want := `{"level":"info","message":"http: TLS handshake error from 127.0.0.1:9: EOF"}` + "\n" +
		`{"level":"warn","message":"http: panic serving 127.0.0.1:9: nil"}` + "\n"
	if out.String() != want {
		t.Errorf("the log is\n%s", out.String())
	}
}
