package dispatch

import (
	"runtime"
	"testing"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/rs/zerolog"
)

// TestRunnerFirst starts a runner before there is a server.
func TestRunnerFirst(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir, dispatchtest.Address(t))
	s.Shutdown()
	r := newRunner(t, s, "run1")
	pulled := make(chan error, 1)
	go func() {
		_, err := r.Pull(t.Context())
		pulled <- err
	}()
	if _, err := r.Announce(t.Context(), trial.Announce{Run: "run1"}); trial.CodeOf(err) != trial.Unavailable {
		t.Errorf("announce without a server: %v", err)
	}
	if _, err := NewDaemon(t.Context(), options(s, RoleDaemon)); trial.CodeOf(err) != trial.Unavailable {
		t.Errorf("daemon without a server: %v", err)
	}
	d := newDaemon(t, options(serve(t, dir, address(s)), RoleDaemon))
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)))
	ok(t, dispatchtest.Next(t, pulled))
}

// TestCloseEndsPulls and leaves no goroutine behind.
func TestCloseEndsPulls(t *testing.T) {
	before := runtime.NumGoroutine()
	s := serve(t, t.TempDir(), "")
	d, err := NewDaemon(t.Context(), options(s, RoleDaemon))
	ok(t, err)
	const n = 10
	ended := make(chan error, n)
	r, err := NewRunner(t.Context(), "run1", Options{URL: s.URL(), Credentials: s.Credentials(RoleRunner), Log: zerolog.Nop()})
	ok(t, err)
	for range n {
		go func() {
			_, err := r.Pull(t.Context())
			ended <- err
		}()
	}
	r.Close()
	r.Close()
	for range n {
		if err := dispatchtest.Next(t, ended); trial.CodeOf(err) != trial.Unavailable {
			t.Error(err)
		}
	}
	if _, err := r.Pull(t.Context()); trial.CodeOf(err) != trial.Unavailable {
		t.Error(err)
	}
	for range r.Answers() {
		t.Error("an answer came")
	}
	d.Close()
	s.Shutdown()
	await(t, func() bool { return runtime.NumGoroutine() <= before })
}
