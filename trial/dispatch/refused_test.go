package dispatch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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

// Refused credentials are told once, with what to do, and again after the next connection; other errors are not taken for that.
func TestRefusedCredentialsAreToldOnce(t *testing.T) {
	log := &lockedBuffer{}
	o := Options{Log: zerolog.New(log)}
	var said atomic.Bool
	for range 3 {
		if !o.refused(fmt.Errorf("again: %w", nats.ErrAuthorization), &said) {
			t.Error("it is not known for what it is")
		}
	}
	said.Store(false)
	o.refused(nats.ErrAuthRevoked, &said)
	if o.refused(errors.New("connection refused"), &said) {
		t.Error("a server that is away refuses nothing")
	}
	if n := strings.Count(log.String(), "does not take our credentials any more"); n != 2 || !strings.Contains(log.String(), "automl join-token") {
		t.Errorf("told %d times: %s", n, log.String())
	}
}
