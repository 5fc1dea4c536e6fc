package process

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// drainWait is how long a pipe or a connection may stay open after the child has ended: whoever still holds it escaped.
const drainWait = 2 * time.Second

// drainMost is how much is read after that, as much as a pipe can hold: one who escaped and writes on is not listened to for ever.
const drainMost = 1 << 20

// drain reads from a pipe or a connection. When its deadline has passed it still reads what is there already: that the deadline passed
// may only mean that nobody had the time to read. Only then the deadline is an error.
type drain struct {
	from interface {
		io.Reader
		syscall.Conn
		SetReadDeadline(time.Time) error
	}
	late int // bytes read since
}

func (d *drain) Read(b []byte) (int, error) {
	n, err := 0, os.ErrDeadlineExceeded
	if d.late == 0 {
		n, err = d.from.Read(b)
	}
	if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || d.late >= drainMost {
		return n, err
	}
	n = d.now(b)
	d.late += n
	switch {
	case n > 0:
		return n, nil
	case n == 0:
		return 0, io.EOF
	}
	return 0, err
}

// now reads without waiting: 0 at the end, below that where nothing is there.
func (d *drain) now(b []byte) int {
	n := -1
	_ = d.from.SetReadDeadline(time.Time{})
	raw, err := d.from.SyscallConn()
	if err == nil {
		_ = raw.Read(func(fd uintptr) bool {
			n, err = syscall.Read(int(fd), b)
			return true
		})
	}
	if err != nil {
		return -1
	}
	return n
}
