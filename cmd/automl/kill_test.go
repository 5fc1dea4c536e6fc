package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
)

// patience is how long anything may take that has to happen. It is for what never does: a machine that does other things too is slow.
const patience = 5 * time.Minute

// until polls a condition of another process.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// start starts a command of its own process group, whose standard error goes to a file.
func (s *site) start(dir string, args ...string) *exec.Cmd {
	s.t.Helper()
	return s.startWith(exec.Command(binary, append(args, "--data-dir", dir)...))
}

// startWith is start for a command that is already made.
func (s *site) startWith(c *exec.Cmd) *exec.Cmd {
	s.t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.CreateTemp(s.t.TempDir(), "log")
	if err != nil {
		s.t.Fatal(err)
	}
	c.Stderr = log
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if s.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			s.t.Logf("automl %s:\n%s", strings.Join(c.Args[1:], " "), text)
		}
	})
	return c
}

// reports is how many reports are on record; 0 while there is no record.
func (s *site) reports() int {
	db, err := store.OpenReadOnly(s.t.Context(), s.dir)
	if err != nil {
		return 0
	}
	defer db.Close()
	st, err := db.Load(s.t.Context(), "e2e")
	if err != nil {
		return 0
	}
	return st.EpochsRun()
}

// kept holds the record after a crash and a new start against the one before: nothing that was committed is lost or changed,
// and no fold that was finished is trained again.
func kept(t *testing.T, before, after []trial.Event) {
	t.Helper()
	if len(after) < len(before) || !reflect.DeepEqual(before, after[:len(before)]) {
		t.Fatalf("of %d events %d are left, or one was changed", len(before), len(after))
	}
	type place struct{ trial, fold, epoch int }
	seen := map[place]bool{}
	for _, e := range after {
		if r := e.Report; r != nil {
			p := place{r.Trial, r.Fold, r.Epoch}
			if seen[p] {
				t.Errorf("trial %d fold %d epoch %d is on record twice", r.Trial, r.Fold, r.Epoch)
			}
			seen[p] = true
		}
	}
	for i, e := range before {
		if r := e.Report; r != nil && r.Epoch == 4 {
			for _, later := range after[i+1:] {
				if q := later.Decision; q != nil && q.What == trial.Assigned && q.Trial == r.Trial && q.At.Fold < r.Fold {
					t.Errorf("trial %d had finished fold %d and was sent back to %v", r.Trial, r.Fold, q.At)
				}
			}
		}
	}
}

// finished holds a study that has ended against what it must be.
func finished(t *testing.T, s *site, trials int) []trial.Event {
	t.Helper()
	st, events := s.state()
	if st.Status != trial.StudyDone || len(st.Trials) != trials || st.Best() == nil {
		t.Fatalf("the study is %s (%s) with %d trials", st.Status, st.Reason, len(st.Trials))
	}
	for _, tr := range st.Trials {
		if !tr.Status.Terminal() || tr.Status == trial.Fail {
			t.Errorf("trial %d is %s: %s", tr.Number, tr.Status, tr.Reason)
		}
	}
	return events
}

// kill -9 of the whole process tree, again and again, then the same command.
func TestKillEverything(t *testing.T) {
	s := newSite(t, "pace=25", "budget: {trials: 9}\nworkers: 2\nfolds: 3\n")
	for _, n := range []int{1, 7, 15, 24} {
		c := s.start(s.dir, "run", s.sweep)
		until(t, "reports", func() bool { return s.reports() >= n })
		_ = c.Process.Kill() // runner and trainers die with it
		_ = c.Wait()
		until(t, "the runner's end", func() bool { return !alive(s.dir) })
		_, before := s.state()
		again := s.start(s.dir, "run", s.sweep)
		until(t, "the study to go on", func() bool { return s.reports() > n })
		_ = again.Process.Kill()
		_ = again.Wait()
		until(t, "the runner's end", func() bool { return !alive(s.dir) })
		_, after := s.state()
		kept(t, before, after)
	}
	_, before := s.state()
	s.ok("run", s.sweep)
	kept(t, before, finished(t, s, 9))
}

// alive tells whether a process of the tree is left: one that has the data directory on its command line or as its trainer's
// environment.
func alive(dir string) bool {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range found {
		text, _ := os.ReadFile(path)
		if strings.Contains(string(text), "runner") && strings.Contains(string(text), dir) {
			return true
		}
	}
	return false
}

// Daemon and runner as two processes over NATS: the same code, the same result; each is killed on the way.
func TestDaemonAndRunnerApart(t *testing.T) {
	s := newSite(t, "pace=25", "budget: {trials: 9}\nfolds: 3\nworkers: 2\n")
	box := filepath.Join(t.TempDir(), "box")
	listen := []string{"daemon"}
	d := s.start(s.dir, listen...)
	ready := func() bool { _, err := readDaemonFile(s.dir); return err == nil }
	until(t, "the daemon", ready)
	s.ok("submit", s.sweep)
	info, err := readDaemonFile(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	join := []string{"runner", "--name", "box", "--slots", "2", "--nats", info.NATS, "--nats-auth", filepath.Join(s.dir, "nats-auth.json")}
	r := s.start(box, join...)
	until(t, "reports", func() bool { return s.reports() >= 5 })
	if st := s.ok("status", "--server", info.URL, "--token-file", tokenFile(t, info)).out; !strings.Contains(st, "box") {
		t.Errorf("status over HTTP:\n%s", st)
	}

	_ = r.Process.Kill()
	_ = r.Wait()
	_, before := s.state()
	s.start(box, join...)
	n := s.reports()
	until(t, "the study to go on after the runner's death", func() bool { return s.reports() > n+3 })
	_, after := s.state()
	kept(t, before, after)

	_ = d.Process.Kill()
	_ = d.Wait()
	_ = removeDaemonFile(s.dir)
	_, before = s.state()
	s.start(s.dir, listen...)
	until(t, "the daemon again", ready)
	until(t, "the end", func() bool { st, _ := s.state(); return st.Status.Over() })
	kept(t, before, finished(t, s, 9))
	st, _ := s.state()
	for _, tr := range st.Trials {
		if tr.Failures > 1 { // the runner was killed once
			t.Errorf("trial %d failed %d times: the daemon's absence counts against nobody", tr.Number, tr.Failures)
		}
	}
}

func tokenFile(t *testing.T, info daemonInfo) string {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(info.Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// interrupted is automl run, interrupted when there are a few reports, and over.
func (s *site) interrupted() *exec.Cmd {
	s.t.Helper()
	c := s.start(s.dir, "run", s.sweep)
	until(s.t, "reports", func() bool { return s.reports() >= 3 })
	_ = c.Process.Signal(os.Interrupt)
	_ = c.Wait()
	return c
}

func TestInterruptKeepsTheStudy(t *testing.T) {
	s, hurry := unhurried(t, "budget: {trials: 6}\nfolds: 2\n")
	c := s.interrupted()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit %d", code)
	}
	if alive(s.dir) {
		t.Error("a runner is left behind")
	}
	_, before := s.state()
	hurry()
	s.ok("run", s.sweep)
	kept(t, before, finished(t, s, 6))
}

// A study that was interrupted and is not wanted any more leaves neither record nor checkpoints.
func TestDeleteAlone(t *testing.T) {
	s, _ := unhurried(t, "budget: {trials: 6}\nfolds: 2\n")
	s.interrupted()
	checkpoints := func() int {
		found, _ := filepath.Glob(filepath.Join(s.dir, "checkpoints", "*", "*", "*"))
		return len(found)
	}
	if checkpoints() == 0 {
		t.Fatal("there are no checkpoints")
	}
	s.ok("delete", "e2e")
	if n := checkpoints(); n != 0 {
		t.Errorf("%d checkpoints are left", n)
	}
	if r := s.run("status", "e2e"); r.code == exitDone {
		t.Errorf("the study is still there:\n%s", r.out)
	}
}

func TestSecondDaemonIsRefused(t *testing.T) {
	s := newSite(t, "pace=10", "budget: {trials: 4}\n")
	s.start(s.dir, "daemon")
	until(t, "the daemon", func() bool { _, err := readDaemonFile(s.dir); return err == nil })
	if r := s.run("run", s.sweep); r.code != exitNoDaemon || !strings.Contains(r.err, "another daemon has it open") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}
