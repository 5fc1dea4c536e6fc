package dispatch

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/nats-io/nats.go"
)

// subjects notes what goes over the bus below a subject: all that was sent on these connections before it is asked.
func subjects(t *testing.T, s *Server, below string, from ...*nats.Conn) func() []string {
	t.Helper()
	nc, err := nats.Connect(s.URL(), nats.UserInfo(string(RoleDaemon), s.secrets.Daemon), nats.CustomInboxPrefix(daemonInbox), nats.Timeout(requestTime))
	ok(t, err)
	t.Cleanup(nc.Close)
	sub, err := nc.SubscribeSync(root + below + ".>")
	ok(t, err)
	ok(t, nc.Flush())
	return func() (out []string) {
		for _, c := range append(from, nc) { // the server has passed on what they sent, then we have it
			ok(t, c.Flush())
		}
		n, _, err := sub.Pending()
		ok(t, err)
		for range n {
			m, err := sub.NextMsg(dispatchtest.Patience)
			ok(t, err)
			out = append(out, m.Subject)
		}
		return out
	}
}

// sendAtOnce sends a message of each of many attempts.
func sendAtOnce(t *testing.T, r *Runner, trials int, n int64) {
	t.Helper()
	messages := make([]trial.Inbound, trials)
	for i := range messages {
		messages[i] = dispatchtest.Report("run1", trial.Key{Study: "s1", Trial: i, Attempt: 1}, n)
	}
	ok(t, r.Send(t.Context(), messages...))
}

// TestBundles sends from many attempts at once: few messages carry all, each part is answered for itself, and the whole is
// acknowledged when all parts are.
func TestBundles(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.AckWait = time.Second
	d, r := newDaemon(t, o), newRunner(t, s, "run1")
	seen, answered := subjects(t, s, "in", r.nc), subjects(t, s, "out", d.nc)
	const trials = 200
	sendAtOnce(t, r, trials, 1)
	if n := len(seen()); n != (trials+bundleMost-1)/bundleMost {
		t.Errorf("%d reports went in %d messages", trials, n)
	}
	got := map[int]int{}
	var seventh []trial.Mail                    // it comes twice: the missing acknowledgement brings it back
	for len(got) < trials || len(seventh) < 2 { // as may others, where this takes longer than an acknowledgement may
		m := dispatchtest.Next(t, d.Inbox())
		if got[m.Inbound.Key.Trial]++; m.Inbound.Key.Trial != 7 {
			m.Ack()
			continue
		}
		seventh = append(seventh, m)
	}
	seventh[1].Ack()
	seventh[0].Ack() // of the first delivery: without effect
	answers := make([]trial.Outbound, trials)
	for i := range answers {
		answers[i] = trial.Outbound{Key: trial.Key{Study: "s1", Trial: i, Attempt: 1}, N: 1}
	}
	ok(t, d.Send("run1", answers...))
	for i := range answers {
		if a := dispatchtest.Next(t, r.Answers()); a != answers[i] {
			t.Fatalf("answer %d is %+v", i, a)
		}
	}
	if n := len(answered()); n != (trials+bundleMost-1)/bundleMost {
		t.Errorf("%d answers went in %d messages", trials, n)
	}
	newRunner(t, s, "run2") // has sent no bundle
	ok(t, d.Send("run2", answers[:3]...))
	if got := answered(); !slices.Equal(got, slices.Repeat([]string{runSubject(kindOut, "run2")}, 3)) {
		t.Errorf("a run that has sent no bundle was answered %v", got)
	}
}

// TestBundleBehindASentMessage has the first message of a bundle lie in the stream already: the others get there all the same.
func TestBundleBehindASentMessage(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	d, r := newDaemon(t, options(s, RoleDaemon)), newRunner(t, s, "run1")
	messages := make([]parcel, 3)
	for i := range messages {
		m := dispatchtest.Report("run1", trial.Key{Study: "s1", Trial: i, Attempt: 1}, 1)
		body, err := encodeBody(kindInbound, m)
		ok(t, err)
		messages[i] = parcel{inSubject(m), body}
	}
	ok(t, r.ship(t.Context(), messages[:1]))
	ok(t, r.ship(t.Context(), messages))
	var held []trial.Mail
	for i := range messages {
		m := dispatchtest.Next(t, d.Inbox())
		if m.Inbound.Key.Trial != i {
			t.Errorf("message %d is of trial %d", i, m.Inbound.Key.Trial)
		}
		held = append(held, m)
	}
	for _, m := range held {
		m.Ack()
	}
}

// TestForgedBundle is one with a message of another run.
func TestForgedBundle(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	reasons := make(chan string, 10)
	o := options(s, RoleDaemon)
	o.Quarantine = func(_ string, _ []byte, reason string) error { reasons <- reason; return nil }
	d, r := newDaemon(t, o), newRunner(t, s, "run1")
	other := dispatchtest.Report("run2", key, 2)
	empty := trial.Inbound{Key: key, Run: "run1", N: 3}
	for i, m := range []trial.Inbound{other, empty} {
		mine := dispatchtest.Report("run1", trial.Key{Study: "s1", Trial: i, Attempt: 1}, 1)
		var bodies []parcel
		for _, m := range []trial.Inbound{mine, m} {
			body, err := encodeBody(kindInbound, m)
			ok(t, err)
			bodies = append(bodies, parcel{inSubject(mine), body})
		}
		ok(t, r.ship(t.Context(), bodies))
		if reason := dispatchtest.Next(t, reasons); reason == "" {
			t.Error("no reason")
		}
	}
	if n := len(d.Inbox()); n != 0 {
		t.Errorf("%d messages of forged bundles came through", n)
	}
}

func TestBundled(t *testing.T) {
	for _, tt := range []struct{ n, size, want int }{{1, MaxMessage, 1}, {2, bundleBytes, 1}, {bundleMost, 10, bundleMost},
		{bundleMost + 1, 10, bundleMost}, {10, bundleBytes / 4, 4}} {
		if got := bundled(make([]int, tt.n), func(int) int { return tt.size }); got != tt.want {
			t.Errorf("%s: %d", fmt.Sprint(tt), got)
		}
	}
}
