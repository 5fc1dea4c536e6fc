package dispatch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/nats-io/nats.go"
)

// hostile connects as a runner that plays foul, and returns what the server denies it.
func hostile(t *testing.T, s *Server) (*nats.Conn, chan string) {
	denied := make(chan string, 100)
	c := s.Credentials(RoleRunner)
	nc, err := nats.Connect(s.URL(), nats.UserInfo(c.User, c.Password), nats.Name("evil"), nats.CustomInboxPrefix(runInbox("evil")), nats.Timeout(requestTime),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err.Error() }))
	ok(t, err)
	t.Cleanup(nc.Close)
	return nc, denied
}

func TestRunnerMayNotPublish(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	newDaemon(t, options(s, RoleDaemon))
	nc, denied := hostile(t, s)
	for _, subject := range []string{
		runSubject(kindOut, "victim"), runSubject(kindOut, "evil"), runSubject(kindAnnounce, "victim"),
		runSubject(kindHeartbeat, "victim"), runSubject(kindLeave, "victim"), runSubject(kindProgress, "victim"),
		workSubject(key), inSubject(trial.Inbound{Run: "victim", Key: key, N: 1}), runInbox("victim") + ".x", daemonInbox + ".x",
		"$JS.API.STREAM.PURGE." + workStream, "$JS.API.STREAM.DELETE." + inStream, "$JS.API.STREAM.INFO." + inStream,
		"$JS.API.STREAM.MSG.GET." + inStream, "$JS.API.CONSUMER.CREATE." + inStream, "$JS.API.CONSUMER.DELETE.AUTOML_WORK.runners",
		"$JS.API.CONSUMER.MSG.NEXT.AUTOML_IN.daemon", "$JS.ACK.AUTOML_IN.daemon.1.1.1.1.0", "anything",
	} {
		ok(t, nc.Publish(subject, nil))
		if got := dispatchtest.Next(t, denied); !strings.Contains(got, "Permissions Violation for Publish to") ||
			!strings.Contains(strings.ToLower(got), strings.ToLower(subject)) {
			t.Errorf("%s: %s", subject, got)
		}
	}
}

func TestRunnerMayNotSubscribe(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	newDaemon(t, options(s, RoleDaemon))
	nc, denied := hostile(t, s)
	for _, subject := range []string{
		runSubject(kindOut, "victim"), runSubject(kindOut, "*"), root + ">", ">", "*.*.*.*", root + "in.>", root + "in._.evil.>",
		root + "work.>", runSubject(kindAnnounce, "*"), runSubject(kindHeartbeat, "evil"),
		runInbox("victim") + ".>", "_INBOX.>", "_INBOX.*.*", "$JS.>", "$SYS.>",
	} {
		_, err := nc.Subscribe(subject, func(*nats.Msg) { t.Errorf("got a message of %s", subject) })
		ok(t, err)
		if got := dispatchtest.Next(t, denied); !strings.Contains(got, "Permissions Violation for Subscription to") {
			t.Errorf("%s: %s", subject, got)
		}
	}
}

// TestRunnerTakesFew shows that a runner cannot take more than one piece of work with one request.
func TestRunnerTakesFew(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	d := newDaemon(t, options(s, RoleDaemon))
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 1, 1)))
	nc, _ := hostile(t, s)
	m, err := nc.Request("$JS.API.CONSUMER.MSG.NEXT.AUTOML_WORK.runners", []byte(`{"batch":100,"expires":1000000000}`), dispatchtest.Patience)
	ok(t, err)
	if m.Header.Get("Status") != "409" {
		t.Errorf("the server answers %v", m.Header)
	}
}

// TestQuarantine sends what cannot be read, from a runner that is let in.
func TestQuarantine(t *testing.T) {
	type entry struct{ subject, reason string }
	entries := make(chan entry, 10)
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.Quarantine = func(subject string, _ []byte, reason string) error { entries <- entry{subject, reason}; return nil }
	d := newDaemon(t, o)
	nc, _ := hostile(t, s)
	in := inSubject(trial.Inbound{Run: "evil", Key: key, N: 1})
	other := 1 // each bad message needs a subject of its own: its predecessor may still be there
	forged, err := encode(kindInbound, dispatchtest.Report("victim", key, 1))
	ok(t, err)
	empty, err := encode(kindInbound, trial.Inbound{Run: "evil", Key: key, N: 12})
	ok(t, err)
	for _, c := range []struct{ subject, data, reason string }{
		{in, "", "no envelope"},
		{in, "{", "no envelope"},
		{in, strings.Repeat("[", 20000), "no envelope"},
		{in, `{"v":2,"kind":"inbound","body":{}}`, "version 2"},
		{in, `{"kind":"inbound","body":{}}`, "version 0"},
		{in, `{"v":1,"kind":"work","body":{}}`, "kind"},
		{in, `{"v":1,"kind":"inbound"}`, "empty"},
		{in, `{"v":1,"kind":"inbound","body":null}`, "empty"},
		{in, `{"v":1,"kind":"inbound","body":{"n":"one"}}`, "body"},
		{in, `{"v":1,"kind":"inbound","body":{"n":9223372036854775808}}`, "body"},
		{in, string(empty), "0 of report"},
		{in, string(forged), "another sender"},
		{runSubject(kindHeartbeat, "evil"), `{"v":1,"kind":"heartbeat","body":{"run":"victim"}}`, "another sender"},
		{runSubject(kindLeave, "evil"), `{"v":1,"kind":"leave","body":{"run":"victim"}}`, "another sender"},
		{runSubject(kindAnnounce, "evil"), `{"v":1,"kind":"announce","body":{"run":"victim"}}`, "another sender"},
		{runSubject(kindProgress, "evil"), "\x00", "no envelope"},
	} {
		if other++; c.subject == in {
			c.subject = inSubject(trial.Inbound{Run: "evil", Key: key, N: int64(other)})
		}
		ok(t, nc.Publish(c.subject, []byte(c.data)))
		if got := dispatchtest.Next(t, entries); got.subject != c.subject || !strings.Contains(got.reason, c.reason) {
			t.Errorf("%.60s: %+v", c.data, got)
		}
	}
	// What it does not know it ignores, and the quarantined ones are gone.
	ok(t, nc.Publish(in, []byte(`{"v":1,"new":1,"kind":"inbound","body":{"new":[],"run":"evil","n":1,
		"key":{"study":"s1","trial":1,"attempt":1},"exit":{"metrics":{"a":1e999,"b":null,"c":"NaN"}}}}`)))
	if got := dispatchtest.Next(t, d.Inbox()).Inbound; got == nil || got.Exit == nil || len(got.Exit.Metrics) != 3 {
		t.Errorf("got %+v", got)
	}
	if len(entries) > 0 {
		t.Errorf("more in quarantine: %+v", <-entries)
	}
}

// TestQuarantineFails has a message come again that could not be kept.
func TestQuarantineFails(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	o := options(s, RoleDaemon)
	o.AckWait = 200 * time.Millisecond
	calls := make(chan string, 10)
	full := errors.New("the disk is full")
	o.Quarantine = func(subject string, _ []byte, _ string) error {
		select {
		case calls <- subject:
		default: // it goes on to come while nobody looks
		}
		return full
	}
	d := newDaemon(t, o)
	nc, _ := hostile(t, s)
	subject := inSubject(trial.Inbound{Run: "evil", Key: key, N: 1})
	ok(t, nc.Publish(subject, []byte("?")))
	for range 2 {
		if got := dispatchtest.Next(t, calls); got != subject {
			t.Errorf("quarantined %s", got)
		}
	}
	d.Close()
}

// TestQuarantineWork takes an assignment nobody can read off the queue.
func TestQuarantineWork(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	d := newDaemon(t, options(s, RoleDaemon))
	entries := make(chan string, 10)
	o := options(s, RoleRunner)
	o.Quarantine = func(_ string, _ []byte, reason string) error { entries <- reason; return nil }
	r, err := NewRunner(t.Context(), "run1", o)
	ok(t, err)
	defer r.Close()
	other, err := encode(kindAssignment, dispatchtest.Assignment("s1", 9, 1))
	ok(t, err)
	for i, data := range []string{"{", `{"v":99,"kind":"assignment","body":{}}`, string(other)} {
		_, err := d.put(t.Context(), []*nats.Msg{{Subject: workSubject(trial.Key{Study: "s1", Trial: i, Attempt: 1}), Data: []byte(data)}})
		ok(t, err)
	}
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 4, 1)))
	got, err := r.Pull(t.Context())
	ok(t, err)
	if got.Assignment.Trial != 4 || len(entries) != 3 {
		t.Errorf("trial %d, %d in quarantine", got.Assignment.Trial, len(entries))
	}
	ok(t, d.nc.Publish(runSubject(kindOut, "run1"), []byte("?")))
	for range 4 {
		dispatchtest.Next(t, entries)
	}
}

// TestFullQueue refuses what does not fit, and says so at once.
func TestFullQueue(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	d := newDaemon(t, options(s, RoleDaemon))
	small := workStreamConfig(1)
	small.MaxBytes = 4096
	_, err := d.js.UpdateStream(t.Context(), small)
	ok(t, err)
	for i := range 100 {
		if err = d.Publish(t.Context(), dispatchtest.Assignment("s1", i, 1)); err != nil {
			break
		}
	}
	if trial.CodeOf(err) != trial.Unavailable || !strings.Contains(err.Error(), "full") || errors.Unwrap(err) != nil {
		t.Errorf("error %v", err)
	}
}
