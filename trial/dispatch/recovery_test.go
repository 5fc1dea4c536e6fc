package dispatch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"
)

// TestAckWait gives work that was pulled and never acknowledged to another runner.
func TestAckWait(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.AckWait = 200 * time.Millisecond
	d, dies, lives := newDaemon(t, o), newRunner(t, s, "run1"), newRunner(t, s, "run2")
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)))
	stale, err := dies.Pull(t.Context())
	ok(t, err)
	again := make(chan trial.Delivery)
	go func() {
		if w, err := lives.Pull(t.Context()); err == nil {
			again <- w
		}
	}()
	w := dispatchtest.Next(t, again)
	if w.Assignment.Key() != stale.Assignment.Key() {
		t.Errorf("%v came", w.Assignment.Key())
	}
	ok(t, w.Ack())
	ok(t, stale.Ack()) // late, and without effect
}

// TestUnackedInboundComesAgain covers a daemon that is told of a message and does not commit it.
func TestUnackedInboundComesAgain(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.AckWait = 200 * time.Millisecond
	d, r := newDaemon(t, o), newRunner(t, s, "run1")
	ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, 1)))
	first := dispatchtest.Next(t, d.Inbox())
	second := dispatchtest.Next(t, d.Inbox())
	if first.Inbound.N != second.Inbound.N {
		t.Errorf("message %d came", second.Inbound.N)
	}
	second.Ack()
	second.Ack() // harmless
}

// TestDaemonRestart reads on where the last daemon stopped to acknowledge, in order, and empties the work queue.
func TestDaemonRestart(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	r := newRunner(t, s, "run1")
	if err := r.Send(t.Context(), dispatchtest.Report("run1", key, 1)); err != nil {
		t.Fatal(err) // the server made the streams: there need not be a daemon
	}
	o := options(s, RoleDaemon)
	o.AckWait = unhurried
	d := newDaemon(t, o)
	for n := int64(2); n <= 100; n++ {
		ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, n)))
	}
	for n := int64(1); n <= 100; n++ {
		if mail := dispatchtest.Next(t, d.Inbox()); mail.Inbound.N != n {
			t.Fatalf("message %d came, %d was due", mail.Inbound.N, n)
		} else if n <= 40 {
			mail.Ack()
		}
	}
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)))
	awaitLeft(t, d, inStream, 60)
	d.Close()
	d.Close()
	await(t, func() bool { return s.nats.NumClients() == 1 }) // until the server knows, who asks would wait for an answer
	if _, err := r.Announce(t.Context(), trial.Announce{Run: "run1"}); trial.CodeOf(err) != trial.Unavailable {
		t.Errorf("announce without a daemon: %v", err)
	}
	ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, 101)))

	d = newDaemon(t, o)
	for n := int64(41); n <= 101; n++ {
		mail := dispatchtest.Next(t, d.Inbox())
		if mail.Inbound.N != n {
			t.Fatalf("message %d came, %d was due", mail.Inbound.N, n)
		}
		mail.Ack()
	}
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 2, 1)))
	w, err := r.Pull(t.Context())
	ok(t, err)
	if w.Assignment.Trial != 2 {
		t.Errorf("trial %d survived the restart", w.Assignment.Trial)
	}
}

// TestDuplicates sends everything again: without effect while the first waits, delivered again after it was acknowledged.
func TestDuplicates(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.AckWait = unhurried
	d, r := newDaemon(t, o), newRunner(t, s, "run1")
	send := func(n int64, times int) {
		for range times {
			ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, n)))
		}
	}
	receive := func(n int64) trial.Mail {
		mail := dispatchtest.Next(t, d.Inbox())
		if mail.Inbound.N != n {
			t.Fatalf("message %d came, %d was due", mail.Inbound.N, n)
		}
		return mail
	}
	send(1, 3)
	first := receive(1)
	send(1, 2)
	send(2, 1)
	receive(2).Ack() // and not 1 again
	first.Ack()
	awaitLeft(t, d, inStream, 0)
	send(1, 1) // its receipt was lost
	receive(1).Ack()

	work := dispatchtest.Assignment("s1", 1, 1)
	for range 3 {
		ok(t, d.Publish(t.Context(), work))
	}
	w, err := r.Pull(t.Context())
	ok(t, err)
	ok(t, d.Publish(t.Context(), work)) // under way: still without effect
	ok(t, w.Ack())
	awaitLeft(t, d, workStream, 0)
	ok(t, d.Publish(t.Context(), work)) // its lease was lost
	w, err = r.Pull(t.Context())
	ok(t, err)
	ok(t, w.Ack())
}

// awaitLeft waits until the server has worked through the acknowledgements of all but so many messages.
func awaitLeft(t *testing.T, d *Daemon, stream string, n uint64) {
	t.Helper()
	await(t, func() bool {
		s, err := d.js.Stream(t.Context(), stream)
		ok(t, err)
		return s.CachedInfo().State.Msgs == n
	})
}

// TestServerRestart brings the server back on its port; with its store, and with the store deleted.
func TestServerRestart(t *testing.T) {
	for name, lost := range map[string]bool{"store kept": false, "store deleted": true} {
		t.Run(name, func(t *testing.T) {
			dir, recreated := t.TempDir(), make(chan struct{}, 10)
			s := serve(t, dir, dispatchtest.Address(t))
			o := options(s, RoleDaemon)
			o.Recreated = func() { recreated <- struct{}{} }
			d, r := newDaemon(t, o), newRunner(t, s, "run1")
			pulled := make(chan trial.Delivery)
			go func() {
				for {
					w, err := r.Pull(t.Context())
					if err != nil {
						return
					}
					pulled <- w
				}
			}()
			ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)))
			ok(t, dispatchtest.Next(t, pulled).Ack())
			ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, 1)))
			before := dispatchtest.Next(t, d.Inbox())
			down(t, s, d, r)
			if lost {
				ok(t, os.RemoveAll(filepath.Join(dir, "nats")))
			}
			serve(t, dir, address(s))
			checkReconnected(t, d, r, pulled)
			before.Ack()
			if lost {
				dispatchtest.Next(t, recreated)
			}
			if len(recreated) > 0 {
				t.Error("the streams were taken for new ones")
			}
		})
	}
}

func address(s *Server) string { return strings.TrimPrefix(s.URL(), "nats://") }

// down stops the server and waits until both ends know; meanwhile they refuse at once.
func down(t *testing.T, s *Server, d *Daemon, r *Runner) {
	s.Shutdown()
	await(t, func() bool { return !d.nc.IsConnected() && !r.nc.IsConnected() })
	for what, err := range map[string]error{
		"publish":   d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)),
		"answer":    d.Send("run1", trial.Outbound{}),
		"send":      r.Send(t.Context(), dispatchtest.Report("run1", key, 1)),
		"heartbeat": r.Heartbeat(trial.RunnerInfo{Run: "run1"}),
	} {
		if trial.CodeOf(err) != trial.Unavailable {
			t.Errorf("%s without a server: %v", what, err)
		}
	}
}

// await polls what has no event.
func await(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(dispatchtest.Patience)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it does not happen")
		}
	}
}

// checkReconnected sends both ways on connections that lived through a restart of the server.
func checkReconnected(t *testing.T, d *Daemon, r *Runner, pulled chan trial.Delivery) {
	t.Helper()
	retry(t, func() error { return d.Publish(t.Context(), dispatchtest.Assignment("s1", 2, 1)) })
	if w := dispatchtest.Next(t, pulled); w.Assignment.Trial != 2 {
		t.Errorf("trial %d came", w.Assignment.Trial)
	}
	retry(t, func() error { return r.Send(t.Context(), dispatchtest.Report("run1", key, 2)) })
	for dispatchtest.Next(t, d.Inbox()).Inbound.N != 2 { // 1 may come again
	}
	go func() {
		for mail := range d.Inbox() { // messages may come again, and an announce that was lost is asked again
			if mail.Announce != nil {
				mail.Reply(trial.Grant{Granted: true})
			}
		}
	}()
	retry(t, func() error {
		_, err := r.Announce(t.Context(), trial.Announce{Run: "run1"})
		return err
	})
}

func retry(t *testing.T, f func() error) {
	t.Helper()
	await(t, func() bool { return f() == nil })
}

// TestStreamsDeleted deletes the streams under a running daemon.
func TestStreamsDeleted(t *testing.T) {
	recreated := make(chan struct{}, 10)
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.Recreated = func() { recreated <- struct{}{} }
	d, r := newDaemon(t, o), newRunner(t, s, "run1")
	ok(t, d.js.DeleteStream(t.Context(), workStream))
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)))
	dispatchtest.Next(t, recreated)
	ok(t, d.js.DeleteStream(t.Context(), inStream))
	dispatchtest.Next(t, recreated)
	retry(t, func() error { return r.Send(t.Context(), dispatchtest.Report("run1", key, 1)) })
	dispatchtest.Next(t, d.Inbox()).Ack()
	w, err := r.Pull(t.Context())
	ok(t, err)
	ok(t, w.Ack())
}
