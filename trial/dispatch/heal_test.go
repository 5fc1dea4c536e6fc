package dispatch

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"golang.org/x/sys/unix"
)

// TestFullDiskHeals fills the disk of the store: messages are refused, and taken again on the same connections once there is room.
func TestFullDiskHeals(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, "nats")
	ok(t, os.Mkdir(store, 0o700))
	if err := unix.Mount("tmpfs", store, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("needs the right to mount a small disk: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(store, unix.MNT_DETACH) })
	s := serve(t, dir, dispatchtest.Address(t))
	o := options(s, RoleRunner)
	o.Timeout = 5 * time.Second // of a store that keeps nothing the sender hears nothing
	r, err := NewRunner(t.Context(), "run1", o)
	ok(t, err)
	t.Cleanup(r.Close)
	d := newDaemon(t, options(s, RoleDaemon))
	url := s.URL()
	ballast := filepath.Join(store, "ballast")
	f, err := os.Create(ballast)
	ok(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	ok(t, f.Close())
	n := int64(0)
	await(t, func() bool {
		n++
		return r.Send(t.Context(), dispatchtest.Report("run1", key, n)) != nil
	})
	ok(t, os.Remove(ballast))
	retry(t, func() error { return r.Send(t.Context(), dispatchtest.Report("run1", key, n+1)) })
	for {
		m := dispatchtest.Next(t, d.Inbox())
		m.Ack()
		if m.Inbound.N == n+1 {
			break
		}
	}
	retry(t, func() error { return d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)) })
	w, err := r.Pull(t.Context())
	ok(t, err)
	ok(t, w.Ack())
	if s.URL() != url || w.Assignment.Key() != (trial.Key{Study: "s1", Trial: 1, Attempt: 1}) {
		t.Errorf("the bus is at %s, was at %s; work %+v", s.URL(), url, w.Assignment.Key())
	}
}
