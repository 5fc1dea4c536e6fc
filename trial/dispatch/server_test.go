package dispatch

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

func TestListenAddress(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":4222", "[::]:0", "192.168.1.2:0", "example.com:0"} {
		_, err := Serve(ServeOptions{Dir: t.TempDir(), Listen: listen})
		if trial.CodeOf(err) != trial.Invalid || !strings.Contains(err.Error(), "TLS") || trial.HintOf(err) == "" {
			t.Errorf("%s: %v", listen, err)
		}
	}
	for _, listen := range []string{"127.0.0.1", "127.0.0.1:nats", "127.0.0.1:65536", "127.0.0.1:-1"} {
		if _, err := Serve(ServeOptions{Dir: t.TempDir(), Listen: listen}); trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

// TestPortInUse must not be taken for a broken store.
func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	defer l.Close()
	dir := t.TempDir()
	_, err = Serve(ServeOptions{Dir: dir, Listen: l.Addr().String(), Log: zerolog.Nop()})
	if trial.CodeOf(err) != trial.Unavailable || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v", err)
	}
	if got := broken(t, dir); len(got) > 0 {
		t.Errorf("moved aside: %v", got)
	}
}

func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir, "")
	first := s.Credentials(RoleDaemon)
	path := filepath.Join(dir, AuthFile)
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", i, err)
	}
	s.Shutdown()
	ok(t, os.Chmod(path, 0o644))
	s = serve(t, dir, "")
	if s.Credentials(RoleDaemon) != first || len(first.Password) != 64 || first.Password == s.Credentials(RoleRunner).Password {
		t.Error("the secrets are not kept, or too simple")
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i, err)
	}
	if c, err := LoadCredentials(path, RoleRunner); err != nil || c != s.Credentials(RoleRunner) {
		t.Error(c, err)
	}
	if _, err := LoadCredentials(path+"x", RoleRunner); trial.CodeOf(err) != trial.NotFound {
		t.Error(err)
	}
	for _, text := range []string{"", "{}", `{"daemon":"x"}`} {
		ok(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := Serve(ServeOptions{Dir: dir, Log: zerolog.Nop()}); trial.CodeOf(err) != trial.Invalid || trial.HintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// broken lists the stores moved aside in a data directory.
func broken(t *testing.T, dir string) []string {
	found, err := filepath.Glob(filepath.Join(dir, "nats.broken-*"))
	ok(t, err)
	return found
}

// TestBrokenStore breaks every file of a store, one kind of file at a time, and a whole store: the server must start and work.
func TestBrokenStore(t *testing.T) {
	noise := []byte(strings.Repeat("\xffbroken", 64))
	everything := func(string) bool { return true }
	suffix := func(s string) func(string) bool { return func(p string) bool { return strings.HasSuffix(p, s) } }
	for name, test := range map[string]struct {
		hit   func(path string) bool
		spoil func(path string) error
		aside bool
	}{
		"all noise":         {everything, func(p string) error { return os.WriteFile(p, noise, 0o600) }, true},
		"all empty":         {everything, func(p string) error { return os.Truncate(p, 0) }, true},
		"metadata noise":    {suffix("meta.inf"), func(p string) error { return os.WriteFile(p, noise, 0o600) }, true},
		"checksums gone":    {suffix("meta.sum"), os.Remove, true},
		"blocks noise":      {suffix(".blk"), func(p string) error { return os.WriteFile(p, noise, 0o600) }, false},
		"blocks gone":       {suffix(".blk"), os.Remove, false},
		"index noise":       {suffix("index.db"), func(p string) error { return os.WriteFile(p, noise, 0o600) }, false},
		"consumer noise":    {suffix("o.dat"), func(p string) error { return os.WriteFile(p, noise, 0o600) }, true},
		"consumer and data": {suffix(".dat"), os.Remove, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir)
			spoil(t, filepath.Join(dir, "nats"), test.hit, test.spoil)
			checkWorks(t, dir)
			if got := broken(t, dir); (len(got) > 0) != test.aside {
				t.Errorf("moved aside: %v", got)
			}
		})
	}
	t.Run("a file in its place", func(t *testing.T) {
		dir := t.TempDir()
		ok(t, os.WriteFile(filepath.Join(dir, "nats"), noise, 0o600))
		checkWorks(t, dir)
		if got := broken(t, dir); len(got) != 1 || filepath.Base(got[0]) != "nats.broken-20261124T000000Z" {
			t.Errorf("moved aside: %v", got)
		}
		ok(t, os.RemoveAll(filepath.Join(dir, "nats")))
		ok(t, os.WriteFile(filepath.Join(dir, "nats"), noise, 0o600))
		checkWorks(t, dir) // at the same second
		if got := broken(t, dir); len(got) != 2 {
			t.Errorf("moved aside: %v", got)
		}
	})
}

// TestStreamBehindItsConsumers cuts the end of both streams off, and not what the consumers know of it: what is sent then has numbers that
// they have seen already, and must be delivered all the same.
func TestStreamBehindItsConsumers(t *testing.T) {
	for name, forgotten := range map[string]string{"configuration kept": "none", "configuration lost": "meta.inf"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := serve(t, dir, "")
			d, r := newDaemon(t, options(s, RoleDaemon)), newRunner(t, s, "run1")
			for i := range 20 {
				ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", i, 1)))
				w, err := r.Pull(t.Context())
				ok(t, err)
				ok(t, w.Ack())
				ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, int64(i+1))))
				dispatchtest.Next(t, d.Inbox()).Ack()
			}
			awaitLeft(t, d, workStream, 0)
			awaitLeft(t, d, inStream, 0)
			r.Close()
			d.Close()
			s.Shutdown()
			spoil(t, filepath.Join(dir, "nats"), func(p string) bool {
				return strings.HasSuffix(p, ".blk") || strings.HasSuffix(p, "index.db") || strings.Contains(p, "/obs/") && strings.HasSuffix(p, forgotten)
			}, os.Remove)
			checkWorks(t, dir)
		})
	}
}

// fill leaves a store behind with messages in both streams.
func fill(t *testing.T, dir string) {
	s := serve(t, dir, "")
	d, r := newDaemon(t, options(s, RoleDaemon)), newRunner(t, s, "run1")
	for i := range 20 {
		ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", i, 1)))
		ok(t, r.Send(t.Context(), dispatchtest.Report("run1", key, int64(i+1))))
	}
	dispatchtest.Next(t, d.Inbox()).Ack()
	r.Close()
	d.Close()
	s.Shutdown()
}

func spoil(t *testing.T, store string, hit func(string) bool, how func(string) error) {
	hits := 0
	ok(t, filepath.WalkDir(store, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !hit(path) {
			return err
		}
		hits++
		return how(path)
	}))
	if hits == 0 {
		t.Fatal("nothing to spoil")
	}
}

// checkWorks starts a server in a directory and sends both ways.
func checkWorks(t *testing.T, dir string) {
	s, err := Serve(ServeOptions{Dir: dir, Log: zerolog.Nop(),
		Now: func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }})
	ok(t, err)
	defer s.Shutdown()
	d, r := newDaemon(t, options(s, RoleDaemon)), newRunner(t, s, "run2")
	defer d.Close()
	defer r.Close()
	ok(t, d.Publish(t.Context(), dispatchtest.Assignment("s1", 100, 1)))
	work, err := r.Pull(t.Context())
	ok(t, err)
	ok(t, work.Ack())
	ok(t, r.Send(t.Context(), dispatchtest.Report("run2", key, 1)))
	for {
		mail := dispatchtest.Next(t, d.Inbox())
		mail.Ack()
		if mail.Inbound.Run == "run2" {
			return
		}
	}
}

func TestWhoGetsIn(t *testing.T) {
	s := serve(t, t.TempDir(), "")
	runner, daemon := s.Credentials(RoleRunner), s.Credentials(RoleDaemon)
	for name, o := range map[string][]nats.Option{
		"anonymous":            nil,
		"wrong password":       {nats.UserInfo("daemon", runner.Password)},
		"no password":          {nats.UserInfo("runner", ""), nats.Name("run1")},
		"unknown user":         {nats.UserInfo("root", daemon.Password)},
		"token":                {nats.Token(daemon.Password)},
		"run is a wildcard":    {nats.UserInfo("runner", runner.Password), nats.Name("*")},
		"run is two tokens":    {nats.UserInfo("runner", runner.Password), nats.Name("a.>")},
		"run is nameless":      {nats.UserInfo("runner", runner.Password)},
		"run claims to be the": {nats.UserInfo("runner", runner.Password), nats.Name("daemon")},
	} {
		nc, err := nats.Connect(s.URL(), append(o, nats.Timeout(requestTime))...)
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%s: %v", name, err)
		}
		if nc != nil {
			nc.Close()
		}
	}
	o := options(s, RoleRunner)
	o.Credentials.Password = "guess"
	if _, err := NewRunner(t.Context(), "run1", o); trial.CodeOf(err) != trial.Denied || trial.HintOf(err) == "" {
		t.Error(err)
	}
	if _, err := NewDaemon(t.Context(), o); trial.CodeOf(err) != trial.Denied {
		t.Error(err)
	}
	if strings.Contains(s.URL(), "@") {
		t.Error("the URL holds a secret")
	}
}
