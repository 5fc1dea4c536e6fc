package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"
)

// natsConfig is the file that docs/operations.md recommends for a server of a cluster.
const natsConfig = "../../deploy/nats/nats-server.conf"

// natsServer is this process as a NATS server of a cluster: what the program nats-server does with a configuration.
func natsServer(path string) int {
	o, err := server.ProcessConfigFile(path)
	if err == nil {
		var s *server.Server
		if s, err = server.NewServer(o); err == nil {
			s.ConfigureLogger()
			s.Start()
			s.WaitForShutdown()
			return 0
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// cluster is three NATS servers, each a process once it is started.
type cluster struct {
	t      *testing.T
	env    [3][]string
	node   [3]*exec.Cmd
	urls   string
	listen [3]string
	creds  map[string]string // files with seeds, by user
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, creds: map[string]string{}}
	var common []string
	for _, user := range []string{"DAEMON", "BOX1", "BOX2"} {
		pair, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		seed, _ := pair.Seed()
		public, _ := pair.PublicKey()
		path := filepath.Join(t.TempDir(), "seed")
		if err := os.WriteFile(path, append(seed, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		c.creds[user] = path
		common = append(common, "AUTOML_"+user+"="+public)
	}
	var urls, routes, route []string
	for i := range 3 {
		l, r := dispatchtest.Address(t), dispatchtest.Address(t)
		c.listen[i], route = l, append(route, r)
		urls, routes = append(urls, "nats://"+l), append(routes, "nats://"+r)
	}
	common = append(common, "NATS_ROUTES=["+strings.Join(routes, ", ")+"]")
	c.urls = strings.Join(urls, ",")
	for i := range 3 {
		c.env[i] = append([]string{fmt.Sprintf("NATS_NAME=n%d", i+1), fmt.Sprintf("NATS_LISTEN=%q", c.listen[i]), fmt.Sprintf("NATS_ROUTE=%q", route[i]),
			fmt.Sprintf("NATS_STORE=%q", t.TempDir())}, common...)
	}
	return c
}

// listens tells whether somebody listens on an address.
func listens(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// start starts a server, which keeps its place and its disk.
func (c *cluster) start(i int) {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	n := exec.Command(self)
	n.Env = append(append(os.Environ(), "E2E_NATS="+natsConfig), c.env[i]...)
	log, err := os.CreateTemp(c.t.TempDir(), "nats")
	if err != nil {
		c.t.Fatal(err)
	}
	n.Stdout, n.Stderr = log, log
	if err := n.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.node[i] = n
	c.t.Cleanup(func() {
		_ = n.Process.Kill()
		_ = n.Wait()
		if text, _ := os.ReadFile(log.Name()); c.t.Failed() {
			c.t.Logf("nats-server %d:\n%s", i+1, text[max(0, len(text)-4000):])
		}
	})
}

// leader is the server that leads the replicas of a stream: the one whose death is felt most.
func (c *cluster) leader(stream string) int {
	c.t.Helper()
	let, err := nats.NkeyOptionFromSeed(c.creds["DAEMON"])
	if err != nil {
		c.t.Fatal(err)
	}
	nc, err := nats.Connect(c.urls, let, nats.CustomInboxPrefix("_INBOX.daemon.test"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		c.t.Fatal(err)
	}
	leads := -1
	until(c.t, "a leader of "+stream, func() bool {
		s, err := js.Stream(c.t.Context(), stream)
		if err != nil {
			return false
		}
		i := s.CachedInfo()
		if i.Config.Replicas != len(c.node) {
			c.t.Fatalf("%d replicas of %s", i.Config.Replicas, stream)
		}
		if i.Cluster == nil {
			return false
		}
		leads = slices.Index([]string{"n1", "n2", "n3"}, i.Cluster.Leader)
		return leads >= 0
	})
	return leads
}

// clustered is a sweep with one trial at a time, so that its results have one order wherever it runs.
const clustered = "budget: {trials: 9}\nfolds: 2\nworkers: 1\nsampler: {type: tpe, startup: 3}\nconfirm: {top: 2, seeds: 1}\n"

// TestCluster runs a sweep on two runners against three NATS servers with replicated streams, of which two come after the daemon, and one is
// killed on the way and comes back later: the record is that of the same sweep on one machine.
func TestCluster(t *testing.T) {
	alone := newSite(t, "pace=1", clustered)
	alone.ok("run", alone.sweep)
	want := bare(finished(t, alone, 9))

	c := newCluster(t)
	s, hurry := unhurried(t, clustered)
	c.start(0)
	until(t, "the first server", func() bool { return listens(c.listen[0]) })
	d := s.start(s.dir, "daemon", "--nats", c.urls, "--nats-creds", c.creds["DAEMON"])
	until(t, "the daemon to wait for a leader", func() bool {
		log, err := os.ReadFile(d.Stderr.(*os.File).Name())
		return err == nil && strings.Contains(string(log), "no leader for JetStream yet")
	})
	c.start(1)
	c.start(2)
	s.up()
	for i, name := range []string{"box1", "box2"} {
		s.start(filepath.Join(t.TempDir(), name), "runner", "--name", name, "--slots", "1", "--nats", c.urls,
			"--nats-creds", c.creds[fmt.Sprintf("BOX%d", i+1)])
	}
	s.ready("box1", "box2")
	s.ok("submit", s.sweep)
	until(t, "reports", func() bool { return s.reports() >= 5 })
	leader := c.leader("AUTOML_IN")
	_ = c.node[leader].Process.Kill() // as the machine's power would
	_ = c.node[leader].Wait()
	n := s.reports()
	until(t, "the study to go on", func() bool { return s.reports() > n+3 })
	hurry()
	c.start(leader)
	until(t, "the end", func() bool { st, _ := s.state(); return st.Status.Over() })
	events := finished(t, s, 9)
	if d := cmp.Diff(want, bare(events)); d != "" {
		t.Errorf("on the cluster the study went another way:\n%s", d)
	}
	took := map[string]int{}
	for _, e := range events {
		if e.Decision != nil && e.Decision.What == trial.Started {
			took[e.Decision.Runner]++
		}
	}
	if took["box1"] == 0 || took["box2"] == 0 {
		t.Errorf("the attempts of the runners: %v", took)
	}
}

// bare is a record without what says when and where, and what it took of the machine.
func bare(events []trial.Event) []trial.Event {
	var out []trial.Event
	for _, e := range events {
		e.Time = time.Time{}
		if r := e.Report; r != nil {
			q := *r
			q.Usage = nil
			e.Report = &q
		}
		if d := e.Decision; d != nil {
			q := *d
			q.Run, q.Runner = "", ""
			e.Decision = &q
		}
		out = append(out, e)
	}
	return out
}
