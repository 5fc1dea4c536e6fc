package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"automl/trial"
)

// soakFor is how long the soak goes on.
var soakFor = time.Minute

// soaking is what the soak does things to: a daemon on a small disk, a runner beside it, and one behind a proxy.
type soaking struct {
	*world
	d, near, far *proc
	bus          string
	p            *proxy
	studies      int
	next         *sweep // submitted until it is taken: the answer to the first time may be lost with the daemon
	done         map[string]int
	disk         bool // the data directory has a disk of its own
}

// soakDisk is the disk of the data directory: the database, the write-ahead log and the bus have to do with it.
const soakDisk = 192 << 20

// soak has everything happen at random, to studies that come and go, and whose trials break in their own ways, too. The memory of all
// processes and the disk are watched meanwhile.
func soak(w *world) {
	w.lenient = true                   // a trial may lose three runners in a row
	w.env = []string{"GOMEMLIMIT=off"} // what is watched is what a process holds, not the 64 MiB of garbage that it may let lie, see trial/heap
	s := &soaking{world: w, done: map[string]int{}}
	s.disk = w.trySmallDisk(w.data, fmt.Sprint(soakDisk)) == nil
	s.d = w.daemon()
	i, _ := w.info()
	s.bus, s.p = i.NATS, w.newProxy(i.NATS)
	s.watch()
	m := w.monitor("daemon", "near", "far")
	s.revive()
	acts := s.acts()
	for end := time.Now().Add(soakFor); time.Now().Before(end); {
		s.feed()
		s.revive()
		a := acts[w.rand.IntN(len(acts))]
		a.do()
		s.done[a.name]++
		if !s.d.alive() {
			s.d = w.daemon()
		}
		target := w.reports() + w.rand.IntN(8)
		w.until("the studies to go on", func() bool { s.revive(); return w.reports() >= target || w.over() })
	}
	w.until("the end of the studies", func() bool { s.revive(); return w.over() })
	m.stop()
	w.note("%d studies; %v", s.studies, s.done)
	m.judge(w)
	s.swept()
	w.end()
}

// feed submits a study when fewer than two are under way.
func (s *soaking) feed() {
	if s.count("SELECT count(*) FROM studies_v WHERE state NOT IN ('DONE', 'STOPPED')") >= 2 {
		return
	}
	if s.next == nil {
		n := func() int { return s.rand.IntN(24) }
		s.next = &sweep{name: fmt.Sprintf("soak%d", s.studies), folds: 2, workers: 3, trials: 24,
			trainer: fmt.Sprintf("pace=30,crash=%d,nan=%d,hang=%d,poison=%d,missing=%d,huge=%d", n(), n(), n(), n(), n(), n())}
	}
	if p := s.trySubmit(*s.next); p.cmd.ProcessState.ExitCode() == 0 {
		s.studies, s.next = s.studies+1, nil
	} // or the daemon is just away
}

// revive starts runners again that have died: a poisonous trial takes them along.
func (s *soaking) revive() {
	if s.near == nil || !s.near.alive() {
		s.near = s.runner("near", s.bus, 1, "patience=0.1")
	}
	if s.far == nil || !s.far.alive() {
		s.far = s.runner("far", s.p.url(), 2, "patience=0.1")
	}
}

type act struct {
	name string
	do   func()
}

// acts are the short faults, as far as they can be done to a study that is under way.
func (s *soaking) acts() []act {
	w := s.world
	restart := func(env ...string) { s.d = w.daemon(env...) }
	die := func(plan string) {
		s.d.kill()
		restart(w.syncs(plan)...)
		w.until("the daemon's death", func() bool { s.revive(); s.feed(); return !s.d.alive() })
	}
	dies := func(plan string) func() { return func() { die(plan); restart() } }
	store := filepath.Join(w.data, "nats")
	damaged := func(damage func(*world, string)) func() {
		return func() { die("unwritten:60"); damage(w, store); restart() } // the bus has what the record has not
	}
	cut := func(d time.Duration) func() { return func() { s.p.cut(true); w.sleep(d); s.p.cut(false) } }
	frozen := func(p func() *proc, d time.Duration) func() {
		return func() { p().signal(syscall.SIGSTOP); w.sleep(d); p().signal(syscall.SIGCONT) }
	}
	clock := func(off string) func() {
		return func() {
			s.d.kill()
			s.d = w.startDaemon(nil, "clock="+off)
			w.until("the daemon", func() bool { i, ok := w.info(); return ok && i.PID == s.d.cmd.Process.Pid || !s.d.alive() })
		}
	}
	acts := []act{
		{"runner killed", func() { s.near.kill() }},
		{"far runner killed", func() { s.far.kill() }},
		{"far runner drained", func() { s.far.stop() }},
		{"daemon killed", func() { s.d.kill(); restart() }},
		{"daemon stopped", func() { s.d.stop(); restart() }},
		{"killed before a commit", dies("before:15")},
		{"killed after a commit", dies("after:15")},
		{"killed while writing", dies("unwritten:60")},
		{"bus deleted", damaged(deleteStore)},
		{"bits flipped", damaged(flipBits)},
		{"store truncated", damaged(truncateStore)},
		{"short partition", cut(20 * time.Second)},
		{"long partition", cut(100 * time.Second)},
		{"runner frozen", frozen(func() *proc { return s.near }, 80*time.Second)},
		{"daemon frozen", frozen(func() *proc { return s.d }, 80*time.Second)},
		{"all replayed", s.replayLatest},
		{"stops lost", s.loseStops},
		{"work thrown away", s.takeWork},
		{"clock back", clock("-24h")},
		{"clock ahead", clock("24h")},
		{"disk failing", func() { s.d.kill(); restart(w.syncs("eio:20:2")...) }},
		{"second daemon", func() {
			p := w.launch("second", nil, "daemon", "--data-dir", w.data)
			w.until("the refusal of a second daemon", func() bool { return !p.alive() })
		}},
		{"successor", s.succeed},
		{"reader", s.read},
		{"hostile messages", s.playFoul},
	}
	if s.disk {
		acts = append(acts, act{"disk full", func() { remove := w.fill(w.data); w.sleep(10 * time.Second); remove() }})
	}
	return acts
}

// replayLatest sends the latest messages twice more, in any order.
func (s *soaking) replayLatest() {
	all := s.witness.seen("automl.v1.in.")
	all = all[max(0, len(all)-500):]
	for range 2 {
		s.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, m := range all {
			if !s.witness.mine(m) {
				s.witness.replay(m)
			}
		}
	}
}

// loseStops loses the next messages that tell the far runner to stop.
func (s *soaking) loseStops() { s.p.loseStops(2) }

// takeWork acknowledges what was handed out without ever having the lease of it.
func (s *soaking) takeWork() {
	g, err := s.tryGuest("thief")
	if err != nil {
		return
	}
	defer g.Close()
	if d, err := pullWithin(s.ctx, g, s.bent(20*time.Second)); err == nil {
		_ = d.Ack()
	}
}

// succeed takes the lock from a frozen daemon, as a file system without locks would, and starts another: the first one ends when it goes on.
// The port of the bus was not free for the other one, so the runners have to be told where it is.
func (s *soaking) succeed() {
	old := s.d
	s.freeze(old)
	s.must(os.Remove(filepath.Join(s.data, "lock")))
	s.d = s.daemon()
	i, _ := s.info()
	s.bus = i.NATS
	s.near.kill()
	s.far.kill()
	s.p = s.newProxy(i.NATS)
	old.signal(syscall.SIGCONT)
	s.until("the end of the daemon that was taken for dead", func() bool { s.revive(); return !old.alive() })
}

// read holds a view of the database for a while.
func (s *soaking) read() {
	db, err := s.open()
	s.must(err)
	defer db.Close()
	tx, err := db.Begin()
	s.must(err)
	defer func() { _ = tx.Rollback() }()
	var before, after int
	const rows = "SELECT count(*) FROM reports"
	s.must(tx.QueryRow(rows).Scan(&before))
	s.sleep(30 * time.Second)
	s.must(tx.QueryRow(rows).Scan(&after))
	if before != after {
		s.wrong("a reader saw %d rows, then %d", before, after)
	}
}

// playFoul sends what nobody can read, and what claims to be somebody else's.
func (s *soaking) playFoul() {
	secret := s.runnerSecret()
	nc, err := nats.Connect(s.bus, nats.UserInfo(secret.User, secret.Password), nats.Name("evil"), nats.CustomInboxPrefix("_INBOX._.evil"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return // the bus is just away
	}
	defer nc.Close()
	study := s.textOf("SELECT id FROM studies ORDER BY key DESC LIMIT 1")
	for n, data := range []string{"", "{", `{"v":2,"kind":"inbound","body":{}}`, "\x00\xff", `{"v":1,"kind":"inbound","body":{"n":9223372036854775808}}`} {
		_ = nc.Publish(fmt.Sprintf("automl.v1.in._.evil.%s.0.1.%d", study, n+1), []byte(data))
	}
	for n := range 24 {
		key := trial.Key{Study: study, Trial: n, Attempt: 1 + s.rand.IntN(2)}
		_ = nc.Publish(fmt.Sprintf("automl.v1.in._.evil.%s.%d.%d.1", study, n, key.Attempt), fmt.Appendf(nil,
			`{"v":1,"kind":"inbound","body":{"run":"evil","n":1,"key":{"study":%q,"trial":%d,"attempt":%d},"report":{"fold":0,"epoch":4,"metrics":{"acc":1}}}}`,
			study, n, key.Attempt))
	}
	_ = nc.FlushTimeout(5 * time.Second)
}

// swept waits until no runner has checkpoints any more: all trials are over, nothing can need them, and they would fill the disk.
func (s *soaking) swept() {
	left := func() (all []string) {
		for _, box := range []string{"near", "far"} {
			found, err := filepath.Glob(filepath.Join(s.root, "box-"+box, "checkpoints", "*", "*"))
			s.must(err)
			all = append(all, found...)
		}
		return all
	}
	for range 10 {
		if len(left()) == 0 {
			return
		}
		s.sleep(10 * time.Second) // another heartbeat
	}
	s.wrong("checkpoints of trials that are over are kept: %v", left())
}
