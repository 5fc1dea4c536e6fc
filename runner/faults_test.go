package runner

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process/processtest"
	"automl/trial"
)

func TestDaemonSilent(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config, q *fakeQueue) {
		q.reply = nil
		c.Timings.Decision, c.Timings.Flush = time.Millisecond, time.Millisecond
	})
	b.queue.work <- order(1, at(0, 0), at(2, 3), "train")
	for receive(t, b.queue.sent).N < 9 { // trained to the end; the exit waits for the receipts
	}
	b.drained()
	if got := b.files("spool"); !slices.Equal(got, []string{"spool.jsonl"}) {
		t.Fatalf("the spool holds %v", got)
	}
	for len(b.queue.sent) > 0 {
		<-b.queue.sent
	}
	b.queue.reply = receipt
	b.cfg.Run, b.cfg.Timings.Flush = "run-2", time.Minute
	b.launch()
	for n := int64(1); n <= 10; n++ {
		m := receive(t, b.queue.sent)
		for m.N < n { // its receipt was slow
			m = receive(t, b.queue.sent)
		}
		if m.N != n || m.Run != "run-2" || (n == 10) != (m.Exit != nil) {
			t.Errorf("sent again %+v, want message %d", m, n)
		}
	}
	b.drained()
	if got := b.files("spool"); len(got) != 0 {
		t.Errorf("the spool still holds %v", got)
	}
}

func TestBusDown(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config, q *fakeQueue) {
		q.fail = errDown
		c.Timings.Decision = time.Millisecond
	})
	a := order(1, at(0, 0), at(0, 3), "train", "progress=1")
	b.queue.work <- a
	receive(t, b.queue.progress) // trained to the end without the bus
	b.queue.set(func() { b.queue.fail = nil })
	if reports, exit := b.finish(a.Key()); exit.Failure != "" || len(reports) != 3 {
		t.Errorf("ended with %+v after %v", exit, epochs(reports))
	}
}

// A receipt is for its message alone, and the exit waits for all others: a damaged bus may lose any of them.
func TestExitIsSentLast(t *testing.T) {
	t.Parallel()
	lost := false
	b := newBench(t, func(c *Config, q *fakeQueue) {
		c.Timings.Decision, c.Timings.RetryMin, c.Timings.RetryMax = time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
		q.reply = func(m trial.Inbound) (trial.Outbound, bool) {
			if m.N == 2 && !lost {
				lost = true
				return trial.Outbound{}, false
			}
			return receipt(m)
		}
	})
	b.queue.work <- order(1, at(0, 0), at(0, 3), "train")
	sent := map[int64]int{}
	for m := receive(t, b.queue.sent); m.Exit == nil; m = receive(t, b.queue.sent) {
		sent[m.N]++
	}
	if sent[1] == 0 || sent[2] < 2 || sent[3] == 0 {
		t.Errorf("before the exit the messages were sent so often: %v", sent)
	}
	b.drained()
}

func TestLeaseRefused(t *testing.T) {
	t.Parallel()
	var asked []trial.Announce
	b := newBench(t, func(_ *Config, q *fakeQueue) {
		q.grant = func(a trial.Announce) (trial.Grant, error) {
			asked = append(asked, a)
			switch a.Key.Attempt {
			case 1:
				return trial.Grant{Reason: "somebody else has it"}, nil
			case 2:
				return trial.Grant{}, errDown
			case 3:
				return trial.Grant{Elsewhere: true, Reason: "it failed here twice"}, nil
			case 4:
				return trial.Grant{Elsewhere: true, Soon: true, Reason: "runner tower has its checkpoint and a free slot"}, nil
			}
			return trial.Grant{Granted: true}, nil
		}
	})
	for attempt, want := range []string{"ack", "nak", "nak later", "nak", "ack"} {
		b.queue.work <- order(attempt+1, at(0, 0), at(0, 1), "train")
		if got := receive(t, b.queue.settled); got != want {
			t.Errorf("attempt %d: %s, want %s", attempt+1, got, want)
		}
	}
	if _, exit := b.finish(order(5, at(0, 0), at(0, 1)).Key()); exit.Failure != "" {
		t.Errorf("the exit is %+v", exit)
	}
	b.drained()
	if want := (trial.Announce{Key: trial.Key{Study: "s1", Trial: 7, Attempt: 5}, Runner: "box", Run: "run-1"}); asked[4] != want {
		t.Errorf("announced %+v", asked[4])
	}
}

func TestUnfitAssignments(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	fit := order(1, at(0, 0), at(0, 3), "train")
	for name, change := range map[string]func(a *trial.Assignment){
		"path":  func(a *trial.Assignment) { a.Study = "../up" },
		"trial": func(a *trial.Assignment) { a.Trial = -1 },
		"phase": func(a *trial.Assignment) { a.Phase = "" },
		"shape": func(a *trial.Assignment) { a.Shape.Epochs = 0 },
		"folds": func(a *trial.Assignment) { a.To.Fold = 1 << 40 },
	} {
		a := fit
		change(&a)
		b.queue.work <- a
		if got := receive(t, b.queue.settled); got != "ack" {
			t.Errorf("%s: %s", name, got)
		}
	}
	big := fit
	big.Resources.GPUs = 2
	b.queue.work <- big
	if got := receive(t, b.queue.settled); got != "nak later" {
		t.Errorf("more GPUs than there are: %s", got)
	}
	if _, exit := b.attempt(fit); exit.Failure != "" {
		t.Errorf("the fit one ends with %+v", exit)
	}
}

func TestDeliveredTwice(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config, _ *fakeQueue) { c.Slots = 2 })
	a := order(1, at(0, 0), at(0, 3), "progress=1", "hang")
	b.queue.work <- a
	receive(t, b.queue.progress)
	receive(t, b.queue.settled)
	b.queue.work <- a
	if got := receive(t, b.queue.settled); got != "ack" {
		t.Errorf("the second delivery: %s", got)
	}
	// A newer attempt of the trial takes the place of the older one.
	b.queue.work <- order(2, at(0, 0), at(0, 3), "train")
	if _, exit := b.finish(a.Key()); exit.Failure != trial.Aborted || !strings.Contains(exit.Message, "attempt 2 took its place") {
		t.Errorf("the older attempt ends with %+v", exit)
	}
	if _, exit := b.finish(trial.Key{Study: "s1", Trial: 7, Attempt: 2}); exit.Failure != "" {
		t.Errorf("the newer attempt ends with %+v", exit)
	}
}

// clocked starts a runner on a clock that only moves when told.
func clocked(t *testing.T, change func(*Config, *fakeQueue)) (*bench, *processtest.Clock) {
	clock := processtest.NewClock()
	return newBench(t, func(c *Config, q *fakeQueue) {
		c.Clock, c.Timings.Measure = clock, 1000*time.Hour
		if change != nil {
			change(c, q)
		}
	}), clock
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	b, clock := clocked(t, func(c *Config, _ *fakeQueue) { c.Timings.First = 3 * time.Hour }) // it does not count as stuck
	a := order(1, at(0, 0), at(0, 3), "progress=1", "hang")
	a.Resources.TimeoutSeconds = 90 * 60
	b.queue.work <- a
	receive(t, b.queue.progress)
	clock.Await(t, 90*time.Minute, 90*time.Minute)
	clock.Advance(90 * time.Minute)
	if _, exit := b.finish(a.Key()); exit.Failure != trial.Timeout || !strings.Contains(exit.Message, "not done after 1h30m0s") {
		t.Errorf("the exit is %+v", exit)
	}
}

func TestStuck(t *testing.T) {
	t.Parallel()
	b, clock := clocked(t, nil)
	a := order(1, at(0, 0), at(0, 3), "report=1", "report=2", "progress=1", "hang")
	b.queue.work <- a
	receive(t, b.queue.progress)
	clock.Await(t, 10*time.Minute, time.Hour) // an hour where the watch had begun before the first epoch came
	clock.Advance(time.Hour)
	_, exit := b.finish(a.Key())
	if exit.Failure != trial.Timeout || !strings.Contains(exit.Message, "no progress for 10m0s") {
		t.Errorf("the exit is %+v", exit)
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	beats := make(chan trial.RunnerInfo, 100)
	b, clock := clocked(t, func(_ *Config, q *fakeQueue) {
		q.beat = func(info trial.RunnerInfo) error { beats <- info; return nil }
	})
	receive(t, beats) // it has begun
	a := newAttempt(b.runner, order(1, at(0, 0), at(0, 3)), slot{})
	step := func(want time.Duration) {
		t.Helper()
		if left, _ := a.patience(); left != want {
			t.Errorf("patience for %v, want %v", left, want)
		}
	}
	step(time.Hour)
	clock.Advance(30 * time.Minute)
	step(30 * time.Minute)
	a.lap()
	step(270 * time.Minute) // ten epochs of half an hour, less the time since the start
	a.beat()
	step(300 * time.Minute)
	for range 3 {
		clock.Advance(time.Second)
		a.lap()
	}
	a.beat()
	step(10 * time.Minute)
	a.out.drop()
}

func TestContactLost(t *testing.T) {
	t.Parallel()
	beats := make(chan trial.RunnerInfo, 100)
	b, clock := clocked(t, func(_ *Config, q *fakeQueue) {
		q.beat = func(info trial.RunnerInfo) error { beats <- info; return errDown }
	})
	a := order(1, at(0, 0), at(0, 3), "progress=1", "hang")
	b.queue.work <- a
	receive(t, b.queue.progress)
	for range 9 {
		receive(t, beats)
		clock.Await(t, 10*time.Second, 10*time.Second)
		clock.Advance(10 * time.Second)
	}
	_, exit := b.finish(a.Key())
	if exit.Failure != trial.Aborted || !strings.Contains(exit.Message, "no contact with the daemon for 1m30s") {
		t.Errorf("the exit is %+v", exit)
	}
}

// A runner that is not let in any more ends once its leases are over, and says so; a shorter time is none to give up for.
func TestSentAway(t *testing.T) {
	t.Parallel()
	denied := trial.Errorf(trial.Denied, "the bus refuses the credentials")
	clock, beats, n := processtest.NewClock(), make(chan int, 100), 0
	q := newFakeQueue()
	q.beat = func(trial.RunnerInfo) error {
		if n++; n == 6 { // 50 s after the first
			beats <- n
			return nil
		}
		beats <- n
		return denied
	}
	r, err := New(Config{Name: "box", Run: "run-1", Slots: 1, Threads: 1, Dir: t.TempDir(), Log: zerolog.Nop(), Clock: clock,
		Timings: Timings{Measure: 1000 * time.Hour}}, q)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(t.Context()) }()
	for range 15 {
		receive(t, beats)
		clock.Await(t, 10*time.Second, 10*time.Second)
		clock.Advance(10 * time.Second)
	}
	if err := receive(t, ended); !errors.Is(err, denied) {
		t.Errorf("it ended with %v", err)
	}
	if last := receive(t, beats); last != 16 { // 90 s after the seventh
		t.Errorf("it ended after heartbeat %d", last)
	}
	if len(q.left) != 0 {
		t.Error("it took leave of who does not let it in")
	}
}

func TestHardStopAborts(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := order(1, at(0, 0), at(0, 3), "train", "progress=1", "hang")
	b.queue.work <- a
	receive(t, b.queue.progress)
	b.runner.Drain()
	b.stop()
	_, exit := b.finish(a.Key())
	b.await(b.ended)
	if exit.Failure != trial.Aborted || !strings.Contains(exit.Message, "the runner was stopped") {
		t.Errorf("the exit is %+v", exit)
	}
	if info := receive(t, b.queue.left); len(info.Attempts) != 0 {
		t.Errorf("left with %+v", info)
	}
	if got := b.files("checkpoints"); len(got) != 0 {
		t.Errorf("a fold trained to its end kept %v", got)
	}
}

func TestDirectoryIsLocked(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.attempt(order(1, at(0, 0), at(0, 1), "train"))
	second, err := New(b.cfg, newFakeQueue())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(context.Background()); trial.CodeOf(err) != trial.Conflict {
		t.Errorf("a second runner in the directory: %v", err)
	}
}

func TestRunnerKilled(t *testing.T) {
	t.Parallel()
	killRunner(t, 2)
}

// forkedTrainer reports once, tells its process id, that of its parent and that of a child in a session of its own, and hangs.
const forkedTrainer = `
import json, os, socket, time
line = socket.socket(socket.AF_UNIX); line.connect(os.environ["AUTOML_SOCKET"])
def say(**m): line.sendall(json.dumps(m).encode() + b"\n")
say(report={"fold": 0, "epoch": 1, "metrics": {"acc": 0.5}}); line.recv(4096)
if os.fork() == 0:
    os.setsid()
    say(progress={"step": os.getpid()})
    time.sleep(600)
say(progress={"step": os.getpid()})
say(progress={"step": os.getppid()})
time.sleep(600)
`

// The same with a trainer that is a fork of a resident process: both die with the runner.
func TestRunnerKilledWithAResidentProcess(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil || runtime.GOOS != "linux" {
		t.Skip("resident processes need python3 on Linux")
	}
	script := filepath.Join(t.TempDir(), "train.py")
	if err := os.WriteFile(script, []byte(forkedTrainer), 0o600); err != nil {
		t.Fatal(err)
	}
	killRunner(t, 3, runnerScript+"="+script)
}

// killRunner kills a runner whose trainer tells so many process ids, of which none lives on.
func killRunner(t *testing.T, tells int, env ...string) {
	t.Helper()
	dir := t.TempDir()
	argv := processtest.Command()
	killed := exec.Command(argv[0], runnerMark, dir)
	killed.Env = append(os.Environ(), env...)
	out, err := killed.StdoutPipe()
	if err == nil {
		err = killed.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for lines := bufio.NewScanner(out); len(pids) < tells && lines.Scan(); {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := killed.Process.Kill(); err != nil || len(pids) < tells {
		t.Fatal(err, pids)
	}
	var status *exec.ExitError
	if err := killed.Wait(); !errors.As(err, &status) {
		t.Error(err)
	}
	if tells == 2 {
		processtest.AwaitDeath(t, pids[0]) // the trainer, by Pdeathsig
	}
	b := newBench(t, func(c *Config, _ *fakeQueue) { c.Dir = dir })
	reports, exit := b.finish(trial.Key{Study: "s1", Trial: 7, Attempt: 1})
	if len(reports) != 1 || exit.Failure != trial.Lost {
		t.Errorf("the next run reports %+v after %v", exit, epochs(reports))
	}
	for _, pid := range pids {
		processtest.AwaitDeath(t, pid) // what it had started, by the next run
	}
}
