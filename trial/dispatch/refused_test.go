package dispatch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// lockedBuffer is a log that is written and read at once.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Refused credentials are told once in a while, and again after the next connection; other errors are not taken for that.
func TestRefusedCredentialsAreToldOnce(t *testing.T) {
	log := &lockedBuffer{}
	o := Options{Log: zerolog.New(log)}
	told := func() int { return strings.Count(log.String(), "does not take our credentials any more") }
	synctest.Test(t, func(t *testing.T) {
		var said atomic.Int64
		for range 3 {
			if !o.refused(fmt.Errorf("again: %w", nats.ErrAuthorization), &said) {
				t.Error("it is not known for what it is")
			}
		}
		if told() != 1 {
			t.Errorf("told %d times: %s", told(), log.String())
		}
		said.Store(0)
		o.refused(nats.ErrAuthRevoked, &said)
		time.Sleep(refusedAgain) // of the test's clock
		o.refused(nats.ErrAuthRevoked, &said)
		if told() != 3 {
			t.Errorf("told %d times: %s", told(), log.String())
		}
		if o.refused(errors.New("connection refused"), &said) {
			t.Error("a server that is away refuses nothing")
		}
	})
}

// A runner that was started before its daemon, and has been sent away since, knows that it is when the bus comes.
func TestRefusedAfterTheBusCame(t *testing.T) {
	d := openDoor(t)
	out, creds := d.join("out")
	ok(t, d.roster.Revoke("out"))
	o, at := d.options(creds), dispatchtest.Address(t)
	o.URL = "tls://" + at
	d.s.Shutdown()
	r, err := NewRunner(t.Context(), out.ID+"-1", o)
	ok(t, err)
	t.Cleanup(r.Close)
	beat := func() trial.Code { return trial.CodeOf(r.Heartbeat(trial.RunnerInfo{Run: out.ID + "-1"})) }
	if got := beat(); got != trial.Unavailable {
		t.Errorf("the bus is away: %s", got)
	}
	d.serve.Listen = at
	d.open()
	await(t, func() bool { return beat() == trial.Denied })
}
