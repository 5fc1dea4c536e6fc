package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"automl/trial"
	"automl/web"
)

// up waits for the daemon of a site and returns how it is reached.
func (s *site) up() daemonInfo {
	s.t.Helper()
	var info daemonInfo
	until(s.t, "the daemon", func() bool {
		var err error
		info, err = readDaemonFile(s.dir)
		return err == nil
	})
	return info
}

// ready waits for runners by their names.
func (s *site) ready(names ...string) {
	s.t.Helper()
	info := s.up()
	trust, err := trustFile(info.CA)
	if err != nil {
		s.t.Fatal(err)
	}
	api := web.NewClient(info.URL, info.Token, trust)
	defer api.Close()
	until(s.t, "the runners "+strings.Join(names, ", "), func() bool {
		all, err := api.Runners(s.t.Context())
		there := map[string]bool{}
		for _, r := range all {
			there[r.Name] = true
		}
		return err == nil && !slices.ContainsFunc(names, func(name string) bool { return !there[name] })
	})
}

// token is a join token.
func (s *site) token(args ...string) string {
	s.t.Helper()
	return strings.TrimSpace(s.ok(append([]string{"join-token"}, args...)...).out)
}

// A daemon that listens on all interfaces, two runners that join it over TLS, and a study from its start to its end; one of the
// runners is killed and comes back without its token, one that was sent away stays out.
func TestRunnersJoin(t *testing.T) {
	s := newSite(t, "pace=25", "budget: {trials: 9}\nfolds: 3\nworkers: 2\n")
	s.start(s.dir, "daemon", "--listen", "0.0.0.0:0", "--advertise", "127.0.0.1", "--lab", "scale=0.25")
	info := s.up()
	if !strings.HasPrefix(info.URL, "https://127.0.0.1:") || !strings.HasPrefix(info.NATS, "tls://127.0.0.1:") || info.CA == "" {
		t.Fatalf("the daemon is at %+v", info)
	}
	one, two, bad := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two"), filepath.Join(t.TempDir(), "bad")
	first := s.start(one, "runner", "--name", "one", "--slots", "1", "--lab", "scale=0.25", "--join", s.token())
	s.start(two, "runner", "--name", "two", "--slots", "1", "--lab", "scale=0.25", "--join", s.token("--life", "1h"))
	s.ready("one", "two")
	s.ok("submit", s.sweep)
	until(t, "reports", func() bool { return s.reports() >= 5 })
	_ = first.Process.Kill()
	_ = first.Wait()
	s.start(one, "runner", "--name", "one", "--slots", "1", "--lab", "scale=0.25")

	used := s.token("--runners", "1")
	away := s.start(bad, "runner", "--name", "bad", "--slots", "1", "--join", used, "--lab", "scale=0.05")
	s.ready("bad")
	s.ok("join-token", "--revoke", "bad")
	if err := away.Wait(); away.ProcessState.ExitCode() != exitDenied {
		t.Errorf("the runner sent away ended with %v", err)
	}
	for name, r := range map[string]result{
		"sent away": s.at(bad).run("runner", "--name", "bad"),
		"used up":   s.at(filepath.Join(t.TempDir(), "late")).run("runner", "--join", used),
	} {
		if r.code != exitDenied || !strings.Contains(r.err, "refuses the credentials") && !strings.Contains(r.err, "used up") {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.err)
		}
	}
	// The runner sent away may have had a trial, whose lease has to end.
	until(t, "the end", func() bool { st, _ := s.state(); return st.Status.Over() })
	finished(t, s, 9)
	st, _ := s.state()
	by := map[string]bool{}
	for _, e := range s.events() {
		if d := e.Decision; d != nil && d.What == trial.Started {
			by[d.Runner] = true
		}
	}
	if !by["one"] || !by["two"] {
		t.Errorf("the study was trained by %v", by)
	}
	if list := s.ok("join-token", "--list").out; !strings.Contains(list, "one") || !strings.Contains(list, "two") || strings.Contains(list, "bad") {
		t.Errorf("the runners are\n%s", list)
	}
	if out := s.ok("best", "-o", "json", "--server", info.URL, "--token-file", filepath.Join(s.dir, "token"), "--ca-file", info.CA).out; !strings.Contains(out, st.Study.Name) {
		t.Errorf("best over TLS:\n%s", out)
	}
	if r := s.run("best", "--server", info.URL, "--token-file", filepath.Join(s.dir, "token")); r.code != exitNoDaemon || !strings.Contains(r.err, "certificate") {
		t.Errorf("without its authority: exit %d\n%s", r.code, r.err)
	}
	other := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(other, []byte(strings.Repeat("0", 64)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file string
		code int
		says string
	}{"another daemon's": {other, exitDenied, "refused the token"}, "no token": {daemonFile(s.dir), exitUsage, "holds no token"}} {
		r := s.run("best", "--server", info.URL, "--ca-file", info.CA, "--token-file", c.file)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.err)
		}
	}
	notRead(t, info)
}

// notRead asks a daemon that is reached from elsewhere what it must not tell.
func notRead(t *testing.T, info daemonInfo) {
	t.Helper()
	plain := "http" + strings.TrimPrefix(info.URL, "https")
	if resp, err := http.Get(plain + "/api/v1/studies"); err == nil {
		if resp.Body.Close(); resp.StatusCode < 400 {
			t.Errorf("without TLS: status %d", resp.StatusCode)
		}
	}
	trust, err := trustFile(info.CA)
	if err != nil {
		t.Fatal(err)
	}
	d := web.NewClient(info.URL, "", trust)
	defer d.Close()
	if _, err := d.Studies(t.Context()); err == nil {
		t.Error("the studies are told without a token")
	}
	if _, err := d.JoinToken(t.Context(), web.TokenWanted{Hours: 1, Runners: 1}); err == nil {
		t.Error("a join token is given without a token")
	}
	if _, err := d.Join(t.Context(), web.Joining{ID: "x", Secret: "y", Key: "z"}); err == nil {
		t.Error("a runner joins with a token that was made up")
	}
}

// at is a site of the same test with another data directory.
func (s *site) at(dir string) *site {
	out := *s
	out.dir = dir
	return &out
}

func (s *site) events() []trial.Event {
	s.t.Helper()
	_, events := s.state()
	return events
}

// What would let others in unseen is refused, and says why.
func TestListenIsRefused(t *testing.T) {
	s := newSite(t, "x", "")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"plain":              {[]string{"daemon", "--listen", "0.0.0.0:0", "--tls", "off"}, "without TLS"},
		"plain bus":          {[]string{"daemon", "--bus-listen", ":0", "--tls", "off"}, "without TLS"},
		"plain on a name":    {[]string{"daemon", "--listen", "example.com:80", "--tls", "off"}, "without TLS"},
		"no such mode":       {[]string{"daemon", "--tls", "perhaps"}, "none of auto, on, off"},
		"no key":             {[]string{"daemon", "--tls-cert", "x.pem"}, "needed together"},
		"no file":            {[]string{"daemon", "--tls-cert", "x.pem", "--tls-key", "y.pem"}, "x.pem"},
		"no port":            {[]string{"daemon", "--listen", "127.0.0.1"}, "is no address to listen on"},
		"no ticket":          {[]string{"runner", "--join", "https://example.com"}, "no join token"},
		"no fingerprint":     {[]string{"runner", "--join", "automl://a:b@127.0.0.1:1/zz"}, "no join token"},
		"nobody there":       {[]string{"runner", "--join", "automl://a:b@127.0.0.1:1/"}, "cannot reach"},
		"no credentials":     {[]string{"runner", "--nats", "nats://127.0.0.1:1"}, "needs credentials"},
		"nobody to drain":    {[]string{"runner", "--drain"}, "no runner works"},
		"no daemon to token": {[]string{"join-token"}, "no daemon runs"},
	} {
		if r := s.run(c.args...); r.code == exitDone || !strings.Contains(r.err, c.says) {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.err)
		}
	}
	s.start(s.dir, "daemon")
	s.up()
	if r := s.run("join-token"); r.code != exitFailed || !strings.Contains(r.err, "only over TLS") {
		t.Errorf("a token for a daemon on loopback: exit %d\n%s", r.code, r.err)
	}
}

// The token of the API, the port of the bus and the authority stay over a restart.
func TestRestartKeepsTheDoor(t *testing.T) {
	s := newSite(t, "x", "")
	var infos []daemonInfo
	for range 2 {
		c := s.start(s.dir, "daemon", "--tls", "on")
		infos = append(infos, s.up())
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
	if infos[0].Token != infos[1].Token || infos[0].NATS != infos[1].NATS || infos[0].CA != infos[1].CA {
		t.Errorf("before and after a restart: %+v", infos)
	}
	if i, err := os.Stat(filepath.Join(s.dir, "token")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", i, err)
	}
}

func TestTicket(t *testing.T) {
	for _, want := range []ticket{
		{"id", "secret", "box:8080", strings.Repeat("ab", 32)}, {"id", "s", "[::1]:1", ""}, {"a-b", "x/?#@", "10.0.0.1:443", ""},
	} {
		if got, err := parseTicket(" " + want.String() + "\n"); err != nil || got != want {
			t.Errorf("%v became %v: %v", want, got, err)
		}
	}
	for _, text := range []string{"", "automl://", "automl://id@box:1/", "automl://id:s@box/", "automl://id:s@box:1/12", "https://id:s@box:1/", "%"} {
		if _, err := parseTicket(text); trial.CodeOf(err) != trial.Invalid || len(text) > 1 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if f := (serveFlags{advertise: []string{"a", "b"}}); f.host("0.0.0.0") != "a" {
		t.Error(f.host("0.0.0.0"))
	}
	if f := (serveFlags{}); f.host("10.0.0.7") != "10.0.0.7" || net.ParseIP(f.host("::")) != nil && f.host("::") != "127.0.0.1" {
		t.Error(f.host("10.0.0.7"), f.host("::"))
	}
}

// A runner whose machine is taken away hands its trials back at their next epoch, as checkpoints that are not trained again; nobody
// is blamed. Drained, a runner ends what it has.
func TestRunnerLeavesInOrder(t *testing.T) {
	s, hurry := unhurried(t, "budget: {trials: 4}\nfolds: 1\nworkers: 2\nepochs: {max: 9, grace: 9}\n")
	s.start(s.dir, "daemon")
	info := s.up()
	s.ok("submit", s.sweep)
	args := []string{"runner", "--slots", "2", "--nats", info.NATS, "--nats-auth", filepath.Join(s.dir, "nats-auth.json"), "--name"}
	spot, stays := filepath.Join(t.TempDir(), "spot"), filepath.Join(t.TempDir(), "stays")
	c := s.start(spot, append(args, "spot")...)
	until(t, "reports of both trials", func() bool {
		st := s.standing("e2e")
		return len(st.Trials) >= 2 && st.Trials[0].Epochs > 0 && st.Trials[1].Epochs > 0
	})
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
	handed := 0
	for _, e := range s.events() {
		if d := e.Decision; d != nil && d.What == trial.Retried {
			handed++
			if d.Failure != trial.Aborted || d.Reason != "paused before its rung" {
				t.Errorf("trial %d: %s %s", d.Trial, d.Failure, d.Reason)
			}
		}
	}
	st, before := s.state()
	if handed != 2 {
		t.Errorf("%d trials were handed back after %d epochs", handed, st.EpochsRun())
	}
	for _, tr := range st.Trials {
		if tr.Failures != 0 || tr.Open != nil && tr.Open.Run != "" {
			t.Errorf("trial %d has %d failures, open %+v", tr.Number, tr.Failures, tr.Open)
		}
	}
	c = s.start(spot, append(args, "spot")...) // it has the checkpoints
	until(t, "reports", func() bool { return s.reports() >= st.EpochsRun()+3 })
	if r := s.at(spot).run("runner", "--drain"); r.code != 0 || !strings.Contains(r.err, "takes nothing new") {
		t.Errorf("drain: exit %d\n%s", r.code, r.err)
	}
	hurry()
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d", code)
	}
	st, _ = s.state()
	full := 0
	for _, tr := range st.Trials {
		if tr.Status == trial.Complete {
			full++
		}
	}
	if full < 2 || st.Status.Over() {
		t.Errorf("%d trials are complete after the drain, the study is %s", full, st.Status)
	}
	s.start(stays, append(args, "stays")...)
	until(t, "the end", func() bool { st, _ := s.state(); return st.Status.Over() })
	kept(t, before, finished(t, s, 4))
}
