package process

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// What was said before the deadline is heard after it, however late one gets to read it; nobody is waited for.
func TestDrain(t *testing.T) {
	for name, closed := range map[string]bool{"somebody holds it": false, "all have gone": true} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			text := strings.Repeat("the last words\n", 1000)
			if _, err = w.WriteString(text); err == nil {
				err = r.SetReadDeadline(time.Unix(1, 0))
			}
			if err != nil {
				t.Fatal(err)
			}
			if closed {
				w.Close()
			}
			got, err := io.ReadAll(&drain{from: r})
			if string(got) != text || errors.Is(err, os.ErrDeadlineExceeded) == closed || closed && err != nil {
				t.Errorf("read %d of %d bytes: %v", len(got), len(text), err)
			}
		})
	}
}

// One who escaped and never stops writing is left alone in the end.
func TestDrainIsBounded(t *testing.T) {
	zeros, err := os.Open("/dev/zero")
	if err != nil {
		t.Skip(err)
	}
	defer zeros.Close()
	got, err := io.Copy(io.Discard, io.LimitReader(&drain{from: late{zeros}}, 100*drainMost))
	if got < drainMost || got > 2*drainMost || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d bytes: %v", got, err)
	}
}

// late is a file whose deadline has always passed.
type late struct{ *os.File }

func (late) Read([]byte) (int, error)        { return 0, os.ErrDeadlineExceeded }
func (late) SetReadDeadline(time.Time) error { return nil }
