package dispatch

import (
	"fmt"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/rs/zerolog"
)

var (
	_ dispatchtest.Dispatcher = (*Daemon)(nil)
	_ dispatchtest.Queue      = (*Runner)(nil)
)

var ok, key = dispatchtest.OK, trial.Key{Study: "s1", Trial: 1, Attempt: 1}

// requestTime is how long the bus may take for a request of a test, on a machine that does other things too. One that a restart has lost
// is over after it.
const requestTime = 20 * time.Second

// ackTime is the Options.AckWait of a test, for the same reason: what it has not acknowledged yet shall not come again meanwhile.
const ackTime = time.Minute

// unhurried is an Options.AckWait that no test waits for: what is not acknowledged comes again as soon as the test says so, if ever.
const unhurried = time.Hour

// serve starts a server in a directory, on any port when listen is empty.
func serve(t testing.TB, dir, listen string) *Server {
	t.Helper()
	s, err := Serve(ServeOptions{Dir: dir, Listen: listen, Log: zerolog.Nop()})
	ok(t, err)
	t.Cleanup(s.Shutdown)
	return s
}

func options(s *Server, role Role) Options {
	return Options{URL: s.URL(), Credentials: s.Credentials(role), Log: zerolog.Nop(), Timeout: requestTime, AckWait: ackTime}
}

func newDaemon(t testing.TB, o Options) *Daemon {
	t.Helper()
	d, err := NewDaemon(t.Context(), o)
	ok(t, err)
	t.Cleanup(d.Close)
	return d
}

func newRunner(t testing.TB, s *Server, run string) *Runner {
	t.Helper()
	r, err := NewRunner(t.Context(), run, options(s, RoleRunner))
	ok(t, err)
	t.Cleanup(r.Close)
	return r
}

func TestContract(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T) dispatchtest.Bus {
		s := serve(t, t.TempDir(), "")
		return dispatchtest.Bus{
			Daemon: newDaemon(t, options(s, RoleDaemon)),
			Runner: func(run string) dispatchtest.Queue { return newRunner(t, s, run) },
		}
	})
}

func TestRefusedAtTheSender(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	d, r := newDaemon(t, options(s, RoleDaemon)), newRunner(t, s, "run1")
	large := trial.Inbound{Key: key, Run: "run1", N: 1, Exit: &trial.Exit{Message: string(make([]byte, MaxMessage))}}
	nan := dispatchtest.Report("run1", key, 1)
	nan.Report.Cost = nan.Report.Metrics[0].Value
	foreign := dispatchtest.Report("run2", key, 1)
	odd := dispatchtest.Assignment("a.b", 1, 1)
	for name, err := range map[string]error{
		"large":   r.Send(t.Context(), large),
		"NaN":     r.Send(t.Context(), nan),
		"foreign": r.Send(t.Context(), foreign),
		"beat":    r.Heartbeat(trial.RunnerInfo{Run: "run2"}),
		"odd":     d.Publish(t.Context(), odd),
		"answer":  d.Send("*", trial.Outbound{}),
	} {
		if trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewRunner(t.Context(), "a b", options(s, RoleRunner)); trial.CodeOf(err) != trial.Invalid {
		t.Error(err)
	}
}

// TestSlowDaemon fills everything: inbound messages wait in the stream, progress is dropped, Close does not hang.
func TestSlowDaemon(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.Buffer, o.AckWait = 1, unhurried
	d, r := newDaemon(t, o), newRunner(t, s, "run1")
	const n = 3000
	for i := range int64(n) {
		ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, i+1)))
		ok(t, r.Progress(trial.Progress{Key: key}))
	}
	ok(t, r.Heartbeat(trial.RunnerInfo{Run: "run1"}))
	due := int64(1)
	for due <= n {
		mail := dispatchtest.Next(t, d.Inbox())
		if mail.Inbound == nil {
			continue
		}
		if mail.Inbound.N != due {
			t.Fatalf("message %d came, %d was due", mail.Inbound.N, due)
		}
		mail.Ack()
		due++
	}
	for i := range 10 {
		ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, n+int64(i)+1)))
	}
	d.Close()
	for range d.Inbox() { // closed, though nobody read it
	}
}

func TestManyRunnersPull(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	d := newDaemon(t, options(s, RoleDaemon))
	const n = 200
	got := make(chan int, n)
	for i := range n {
		r := newRunner(t, s, fmt.Sprint("run", i))
		go func() {
			if w, err := r.Pull(t.Context()); err == nil && w.Ack() == nil {
				got <- w.Assignment.Trial
			}
		}()
	}
	for i := range n {
		ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", i, 1)))
	}
	seen := map[int]bool{}
	for range n {
		seen[dispatchtest.Next(t, got)] = true
	}
	if len(seen) != n {
		t.Fatalf("%d different trials of %d came", len(seen), n)
	}
}
