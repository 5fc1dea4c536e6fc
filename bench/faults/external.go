package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"automl/trial/dispatch"
)

// serveNATS is this process as a NATS server that is nobody's child: what the program nats-server does with a configuration.
func serveNATS(path string) error {
	o, err := server.ProcessConfigFile(path)
	if err != nil {
		return err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	s.WaitForShutdown()
	return nil
}

// natsServer is an external NATS server, on one port and one disk however often it starts.
type natsServer struct {
	w      *world
	listen string
	config string
	store  string
	p      *proc
}

// external starts a NATS server that the daemons of this world use from here on. Its users are those of the secrets in the data directory.
func (w *world) external() *natsServer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	w.must(l.Close())
	s := &natsServer{w: w, listen: l.Addr().String(), config: filepath.Join(w.root, "nats.conf"), store: filepath.Join(w.root, "nats")}
	secrets := map[string]string{}
	var users []string
	for role, g := range map[dispatch.Role]dispatch.Grants{
		dispatch.RoleDaemon: dispatch.Permissions(dispatch.RoleDaemon, ""), dispatch.RoleRunner: dispatch.Permissions(dispatch.RoleRunner, "*")} {
		secret := fmt.Sprintf("%s-%d-%d", role, w.seed, os.Getpid())
		secrets[string(role)] = secret
		users = append(users, fmt.Sprintf("{user: %q, password: %q, permissions: {publish: [%s], subscribe: [%s]}}", role, secret,
			quoted(g.Publish), quoted(g.Subscribe)))
	}
	text, err := json.Marshal(secrets)
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.data, dispatch.AuthFile), text, 0o600))
	w.must(os.WriteFile(s.config, fmt.Appendf(nil, "listen: %q\nmax_payload: %d\njetstream {store_dir: %q, max_file_store: 1GB}\nauthorization {users: [%s]}\n",
		s.listen, dispatch.MaxMessage, s.store, strings.Join(users, ", ")), 0o600))
	u := url.URL{Scheme: "nats", Host: s.listen, User: url.UserPassword(string(dispatch.RoleDaemon), secrets[string(dispatch.RoleDaemon)])}
	w.bus = []string{"--nats", u.String(), "--nats-replicas", "1"}
	s.start()
	return s
}

func quoted(subjects []string) string {
	var out []string
	for _, s := range subjects {
		out = append(out, fmt.Sprintf("%q", s))
	}
	return strings.Join(out, ", ")
}

func (s *natsServer) url() string { return "nats://" + s.listen }

// start starts the server and waits until it listens.
func (s *natsServer) start() {
	self, err := os.Executable()
	s.w.must(err)
	s.p = s.w.launchCommand("nats", exec.Command(self, "nats", s.config))
	s.w.until("the NATS server", func() bool {
		if !s.p.alive() {
			s.w.fail("the NATS server ended: %s", s.p.tail())
		}
		c, err := net.Dial("tcp", s.listen)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// busRestarted has an external NATS server die at random moments, and end in order; it comes back with what it kept on disk, or
// without. The daemon and the runner stay.
func busRestarted(w *world) {
	s := w.external()
	d := w.daemon()
	w.submit(sweep{trainer: "pace=60", trials: 10})
	r := w.runner("box", s.url(), 2)
	for n := range 4 {
		w.after(w.reports() + 2 + w.rand.IntN(4))
		time.Sleep(time.Duration(w.rand.IntN(120)) * time.Millisecond)
		if w.over() {
			w.fail("the study ended too early")
		}
		if n < 2 {
			s.p.kill()
		} else {
			s.p.signal(syscall.SIGTERM)
			<-s.p.ended
		}
		if n%2 == 1 {
			w.must(os.RemoveAll(s.store))
		}
		time.Sleep(time.Duration(w.rand.IntN(300)) * time.Millisecond)
		s.start()
	}
	w.until("the end of the study", w.over)
	if !d.alive() || !r.alive() {
		w.wrong("the restart of the bus ended a daemon or a runner")
	}
	w.end()
}
