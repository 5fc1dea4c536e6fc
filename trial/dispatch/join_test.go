package dispatch

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/certs"
	"automl/trial/dispatch/dispatchtest"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"
)

// door is a server that others reach over TLS, and its roster.
type door struct {
	t      *testing.T
	s      *Server
	trust  *tls.Config
	ca     []byte
	roster *Roster
	now    time.Time
	serve  ServeOptions
}

func openDoor(t *testing.T) *door {
	dir := t.TempDir()
	d := &door{t: t, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	id, err := certs.Generated(dir, []string{"127.0.0.1", "box"}, time.Now)
	ok(t, err)
	d.ca = id.CA
	d.trust, err = certs.Client(id.CA)
	ok(t, err)
	d.roster, err = OpenRoster(dir, func() time.Time { return d.now })
	ok(t, err)
	d.serve = ServeOptions{Dir: dir, Listen: "0.0.0.0:0", Log: zerolog.Nop(), TLS: id.Server, Trust: d.trust, Roster: d.roster}
	d.open()
	return d
}

// open starts the server.
func (d *door) open() {
	d.t.Helper()
	var err error
	d.s, err = Serve(d.serve)
	ok(d.t, err)
	d.t.Cleanup(d.s.Shutdown)
}

// join makes a member and returns its credentials.
func (d *door) join(name string) (Member, Credentials) {
	d.t.Helper()
	t, secret, err := d.roster.NewToken(time.Hour, 1)
	ok(d.t, err)
	seed, public := newKey(d.t)
	m, err := d.roster.Join(t.ID, secret, name, public)
	ok(d.t, err)
	return m, Credentials{Seed: seed}
}

func newKey(t *testing.T) (seed, public string) {
	pair, err := nkeys.CreateUser()
	ok(t, err)
	text, err := pair.Seed()
	ok(t, err)
	public, err = pair.PublicKey()
	ok(t, err)
	return string(text), public
}

func (d *door) options(c Credentials) Options {
	return Options{URL: d.s.URL(), Credentials: c, TLS: d.trust, Log: zerolog.Nop(), Timeout: requestTime, AckWait: ackTime}
}

// TestContractOverTLS runs the whole contract with runners that joined.
func TestContractOverTLS(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T) dispatchtest.Bus {
		d := openDoor(t)
		m, c := d.join("box")
		return dispatchtest.Bus{Daemon: newDaemon(t, d.options(d.s.Credentials(RoleDaemon))), Runner: func(run string) dispatchtest.Queue {
			if trial.Owner(run) == "" && !strings.HasPrefix(run, m.ID) {
				r, err := NewRunner(t.Context(), run, d.options(d.s.Credentials(RoleRunner)))
				ok(t, err)
				t.Cleanup(r.Close)
				return r
			}
			r, err := NewRunner(t.Context(), run, d.options(c))
			ok(t, err)
			t.Cleanup(r.Close)
			return r
		}}
	})
}

// TestMemberIsHeldToItsRuns tries everything that one runner could do to another.
func TestMemberIsHeldToItsRuns(t *testing.T) {
	d := openDoor(t)
	newDaemon(t, d.options(d.s.Credentials(RoleDaemon)))
	victim, _ := d.join("victim")
	evil, creds := d.join("evil")
	theirs, own := victim.ID+"-1", evil.ID+"-1"
	for _, run := range []string{theirs, victim.ID, "run1", "daemon-1", "_-run1", evil.ID, evil.ID + "-"} {
		r, err := NewRunner(t.Context(), run, d.options(creds))
		if code := trial.CodeOf(err); code != trial.Denied && code != trial.Invalid { // some are names of no run at all
			t.Errorf("the member %s was let in as run %s: %v", evil.ID, run, err)
			r.Close()
		}
	}
	if _, err := NewRunner(t.Context(), own, d.options(d.s.Credentials(RoleRunner))); trial.CodeOf(err) != trial.Denied {
		t.Errorf("the shared secret opens a member's run: %v", err)
	}
	_, stranger := newKey(t)
	if _, err := NewRunner(t.Context(), own, d.options(Credentials{Seed: stranger})); trial.CodeOf(err) != trial.Invalid {
		t.Errorf("no seed: %v", err)
	}
	seed, _ := newKey(t)
	if _, err := NewRunner(t.Context(), own, d.options(Credentials{Seed: seed})); trial.CodeOf(err) != trial.Denied {
		t.Errorf("an unknown key was let in: %v", err)
	}

	denied := make(chan string, 100)
	let, err := creds.option()
	ok(t, err)
	nc, err := nats.Connect(d.s.URL(), let, nats.Secure(d.trust), nats.Name(own), nats.CustomInboxPrefix(runInbox(own)), nats.Timeout(requestTime),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err.Error() }))
	ok(t, err)
	t.Cleanup(nc.Close)
	for _, subject := range []string{
		runSubject(kindAnnounce, theirs), runSubject(kindHeartbeat, theirs), runSubject(kindLeave, theirs), runSubject(kindProgress, theirs),
		inSubject(trial.Inbound{Run: theirs, Key: key, N: 1}), runSubject(kindOut, theirs), runSubject(kindOut, own),
		runSubject(kindHeartbeat, evil.ID+"-2"), runInbox(theirs) + ".x", daemonInbox + ".x",
	} {
		ok(t, nc.Publish(subject, nil))
		if got := dispatchtest.Next(t, denied); !strings.Contains(got, "Permissions Violation for Publish to") {
			t.Errorf("%s: %s", subject, got)
		}
	}
	for _, subject := range []string{runSubject(kindOut, theirs), runSubject(kindOut, "*"), runInbox(theirs) + ".>", root + "out.>", "_INBOX.>",
		root + "in." + runTokens(own) + ".>"} {
		_, err := nc.Subscribe(subject, func(*nats.Msg) {})
		ok(t, err)
		if got := dispatchtest.Next(t, denied); !strings.Contains(got, "Permissions Violation for Subscription to") {
			t.Errorf("%s: %s", subject, got)
		}
	}
	ok(t, nc.Publish(runSubject(kindHeartbeat, own), nil))
	ok(t, nc.Flush())
	if len(denied) > 0 {
		t.Errorf("its own heartbeat is denied: %s", <-denied)
	}
}

// TestRevokedMemberIsCutOff closes the connection of a runner that is sent away, and lets it in no more; others stay.
func TestRevokedMemberIsCutOff(t *testing.T) {
	d := openDoor(t)
	newDaemon(t, d.options(d.s.Credentials(RoleDaemon)))
	out, outCreds := d.join("out")
	stays, staysCreds := d.join("stays")
	log := &lockedBuffer{}
	options := d.options(outCreds)
	options.Log = zerolog.New(log)
	gone, err := NewRunner(t.Context(), out.ID+"-1", options)
	ok(t, err)
	t.Cleanup(gone.Close)
	there, err := NewRunner(t.Context(), stays.ID+"-1", d.options(staysCreds))
	ok(t, err)
	t.Cleanup(there.Close)
	ok(t, d.roster.Revoke("out"))
	await(t, func() bool { return !gone.nc.IsConnected() })
	await(t, func() bool { return strings.Contains(log.String(), "does not take our credentials any more") })
	await(t, func() bool { return trial.CodeOf(gone.Heartbeat(trial.RunnerInfo{Run: out.ID + "-1"})) == trial.Denied })
	if _, err := NewRunner(t.Context(), out.ID+"-2", d.options(outCreds)); trial.CodeOf(err) != trial.Denied {
		t.Errorf("it came back: %v", err)
	}
	ok(t, there.Heartbeat(trial.RunnerInfo{Run: stays.ID + "-1"}))
	ok(t, there.nc.Flush())
}

// TestTLSIsNeeded refuses clients that speak plainly or trust another authority.
func TestTLSIsNeeded(t *testing.T) {
	d := openDoor(t)
	plain := d.options(d.s.Credentials(RoleRunner))
	plain.TLS = nil
	other, err := certs.Generated(t.TempDir(), []string{"127.0.0.1"}, time.Now)
	ok(t, err)
	wrong := plain
	wrong.TLS, err = certs.Client(other.CA)
	ok(t, err)
	for name, o := range map[string]Options{"system's authorities": plain, "another authority": wrong} {
		if nc, err := o.connect("run1", runInbox("run1"), func() {}); err == nil {
			nc.Close()
			t.Errorf("%s: let in", name)
		}
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(d.s.URL(), "tls://"))
	ok(t, err)
	raw, err := net.Dial("tcp", "127.0.0.1:"+port)
	ok(t, err)
	defer raw.Close()
	_, err = raw.Write([]byte("CONNECT {\"user\":\"runner\",\"name\":\"run1\"}\r\nPING\r\n"))
	ok(t, err)
	ok(t, raw.SetReadDeadline(time.Now().Add(dispatchtest.Patience)))
	var got [4096]byte
	var text string
	for !strings.Contains(text, "-ERR") {
		n, err := raw.Read(got[:])
		if text += string(got[:n]); err != nil {
			break
		}
	}
	if strings.Contains(text, "PONG") {
		t.Errorf("a plain connection was served: %s", text)
	}
}

// TestJoinTokens covers what a token is good for.
func TestJoinTokens(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r, err := OpenRoster(dir, func() time.Time { return now })
	ok(t, err)
	once, secret, err := r.NewToken(time.Hour, 1)
	ok(t, err)
	_, first := newKey(t)
	_, second := newKey(t)
	denied := func(what, id, secret, key string) {
		t.Helper()
		if _, err := r.Join(id, secret, "x", key); trial.CodeOf(err) != trial.Denied || trial.HintOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	denied("a wrong secret", once.ID, secret+"x", first)
	denied("no secret", once.ID, "", first)
	denied("an unknown token", "nobody", secret, first)
	if _, err := r.Join(once.ID, secret, "x", "UABC"); trial.CodeOf(err) != trial.Invalid {
		t.Errorf("no key: %v", err)
	}
	m, err := r.Join(once.ID, secret, "box", first)
	ok(t, err)
	again, err := r.Join(once.ID, secret, "box", first)
	ok(t, err)
	if again != m {
		t.Errorf("asked twice it is %+v and %+v", m, again)
	}
	denied("used up", once.ID, secret, second)
	many, manySecret, err := r.NewToken(time.Hour, -1)
	ok(t, err)
	denied("a member's key under another token", many.ID, manySecret, first)
	_, err = r.Join(many.ID, manySecret, "box2", second)
	ok(t, err)
	r, err = OpenRoster(dir, func() time.Time { return now })
	ok(t, err)
	if tokens, members := r.List(); len(tokens) != 1 || tokens[0].Hash != "" || len(members) != 2 || members[0] != m {
		t.Errorf("after a restart: %+v %+v", tokens, members)
	}
	_, third := newKey(t)
	now = now.Add(time.Hour)
	denied("expired", many.ID, manySecret, third)
	now = now.Add(-time.Minute)
	ok(t, r.Revoke(many.ID))
	denied("revoked", many.ID, manySecret, third)
	if err := r.Revoke("nobody"); trial.CodeOf(err) != trial.NotFound {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, RosterFile)); err != nil || strings.Contains(string(text), secret) {
		t.Errorf("the roster holds a secret: %v", err)
	}
	if i, err := os.Stat(filepath.Join(dir, RosterFile)); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", i, err)
	}
	for _, uses := range []int{0, -2} {
		if _, _, err := r.NewToken(time.Hour, uses); trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%d uses: %v", uses, err)
		}
	}
	ok(t, os.WriteFile(filepath.Join(dir, RosterFile), []byte("{"), 0o600))
	if _, err := OpenRoster(dir, time.Now); trial.CodeOf(err) != trial.Invalid || trial.HintOf(err) == "" {
		t.Error(err)
	}
}

// What could not be written has not happened: nobody has joined, no token is used up, nobody is cut off.
func TestRosterThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	ok(t, os.Mkdir(dir, 0o700))
	r, err := OpenRoster(dir, time.Now)
	ok(t, err)
	token, secret, err := r.NewToken(time.Hour, 1)
	ok(t, err)
	_, key := newKey(t)
	ok(t, os.Rename(dir, dir+".away"))
	if _, err := r.Join(token.ID, secret, "box", key); trial.CodeOf(err) != trial.Storage {
		t.Errorf("joined: %v", err)
	}
	if err := r.Revoke(token.ID); trial.CodeOf(err) != trial.Storage {
		t.Errorf("revoked: %v", err)
	}
	ok(t, os.Rename(dir+".away", dir))
	_, err = r.Join(token.ID, secret, "box", key)
	ok(t, err)
	if tokens, members := r.List(); len(members) != 1 {
		t.Errorf("tokens %+v, members %+v", tokens, members)
	}
}

func TestRedact(t *testing.T) {
	if got, want := Redact("nats://u:one@a:4222,nats://u:two@b:4222"), "nats://u:xxxxx@a:4222,nats://u:xxxxx@b:4222"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
