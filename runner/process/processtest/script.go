// Package processtest is a trainer for tests: the test binary itself, started again with a script as its arguments. A test
// package calls Main from its TestMain and starts Command(steps...). A step is a name, or name=argument; see the table below.
package processtest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"automl/runner/protocol"
	"automl/trial"
)

const mark = "processtest-script"

// Patience is how long anything may take that has to happen. It is for what never does: a machine that does other things too is slow.
const Patience = 3 * time.Minute

// Main runs the tests, or the script where this process is a trainer.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == mark {
		(&script{}).run(os.Args[2:])
		syscall.Exit(0) // not os.Exit, where the race detector waits and the coverage counters print a warning
	}
	os.Exit(m.Run())
}

// Command is the argv of a trainer that takes these steps and exits with 0.
func Command(steps ...string) []string { return append([]string{os.Args[0], mark}, steps...) }

type script struct {
	client *protocol.Client
	raw    net.Conn
	in     *bufio.Reader
}

var steps = map[string]func(s *script, arg string){
	"train":         func(s *script, _ string) { s.train(true) },
	"train-careful": func(s *script, _ string) { s.check(); s.train(true) }, // checks its checkpoint
	"train-on":      func(s *script, _ string) { s.train(false) },           // obeys no decision
	"report":        func(s *script, arg string) { s.report(number(arg)) },
	"last":          func(s *script, arg string) { s.send(protocol.Report{Epoch: number(arg), Last: true}) },
	"checkpoint":    func(s *script, arg string) { s.checkpoint(number(arg)) },
	"progress":      func(s *script, arg string) { must(s.dial().Progress(1, number(arg), 100)) },
	"pid":           func(s *script, _ string) { must(s.dial().Progress(1, os.Getpid(), 0)) },
	"folds":         func(s *script, arg string) { must(s.dial().Folds(arg, 10)) },
	"fail":          func(s *script, arg string) { must(s.dial().Fail(trial.Failure(arg), "it said "+arg)) },
	"artifact":      func(s *script, _ string) { s.artifact() },
	"print":         func(_ *script, arg string) { fmt.Println(arg) },
	"stderr":        func(_ *script, arg string) { fmt.Fprintln(os.Stderr, arg) },
	"env":           func(_ *script, arg string) { fmt.Printf("%s=%s;\n", arg, os.Getenv(arg)) },
	"environ":       func(_ *script, _ string) { fmt.Println(strings.Join(os.Environ(), "\n")) },
	"raw":           func(s *script, arg string) { s.write(arg + "\n") },
	"long":          func(s *script, arg string) { s.write(strings.Repeat("x", number(arg)) + "\n") },
	"read":          func(s *script, _ string) { s.read() }, // and print the answer
	"again":         func(s *script, _ string) { s.raw.Close(); s.raw = nil },
	"ignore-term":   func(_ *script, _ string) { signal.Ignore(syscall.SIGTERM) },
	"spawn":         func(s *script, _ string) { s.spawn(&syscall.SysProcAttr{}) },
	"spawn-session": func(s *script, _ string) { s.spawn(&syscall.SysProcAttr{Setsid: true}) },
	"hang":          func(_ *script, _ string) { hang() },
	"die":           func(_ *script, arg string) { must(syscall.Kill(os.Getpid(), syscall.Signal(number(arg)))); hang() },
	"eat":           func(_ *script, arg string) { eat(number(arg)) },
	"exit":          func(_ *script, arg string) { syscall.Exit(number(arg)) },
	"fold":          func(s *script, arg string) { s.only(number(arg)) }, // ends the script in any other fold
}

func (s *script) run(args []string) {
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		step, known := steps[name]
		if !known {
			fmt.Fprintln(os.Stderr, "no such step:", arg)
			syscall.Exit(70)
		}
		step(s, value)
	}
}

func (s *script) dial() *protocol.Client {
	if s.client == nil {
		var err error
		s.client, err = protocol.Dial()
		must(err)
	}
	return s.client
}

// train is what a well-behaved trainer does: it reports, obeys, and writes a checkpoint.
func (s *script) train(obey bool) {
	w := s.dial().Work
	for epoch := w.From.Epoch + 1; epoch <= w.To.Epoch; epoch++ {
		verb := s.report(epoch)
		if verb == trial.Stop && obey {
			return
		}
		if w.Phase != trial.Refit {
			s.checkpoint(epoch)
		}
		if verb == trial.Pause && obey {
			return
		}
	}
	if w.ArtifactOut != "" {
		s.artifact()
	}
}

// check proves that the checkpoint is the one of the epoch the work starts at.
func (s *script) check() {
	w := s.dial().Work
	got := 0
	if w.CheckpointIn != "" {
		data, err := os.ReadFile(filepath.Join(w.CheckpointIn, "epoch"))
		must(err)
		got = number(string(data))
	}
	if got != w.From.Epoch {
		must(fmt.Errorf("the work starts after epoch %d, the checkpoint is of epoch %d", w.From.Epoch, got))
	}
}

func (s *script) report(epoch int) trial.Verb {
	return s.send(protocol.Report{Epoch: epoch, Metrics: trial.Metrics{{Name: "acc", Value: float64(epoch) / 100}}})
}

func (s *script) send(r protocol.Report) trial.Verb {
	r.Fold = s.dial().Work.Fold
	verb, err := s.client.Report(r)
	must(err)
	return verb
}

func (s *script) checkpoint(epoch int) {
	c := s.dial()
	must(os.WriteFile(filepath.Join(c.Work.CheckpointOut, "epoch"), []byte(strconv.Itoa(epoch)), 0o600))
	must(c.Checkpoint(epoch))
}

func (s *script) artifact() {
	c := s.dial()
	must(os.WriteFile(filepath.Join(c.Work.ArtifactOut, "model"), []byte("weights"), 0o600))
	must(c.Artifact(trial.Metrics{{Name: "test_acc", Value: 0.5}}))
}

func (s *script) only(fold int) {
	if s.dial().Work.Fold != fold {
		s.train(true)
		syscall.Exit(0)
	}
}

func (s *script) write(text string) {
	if s.raw == nil {
		var err error
		s.raw, err = net.Dial("unix", os.Getenv(protocol.EnvSocket))
		must(err)
		s.in = bufio.NewReader(s.raw)
	}
	_, err := s.raw.Write([]byte(text))
	must(err)
}

func (s *script) read() {
	line, err := s.in.ReadString('\n')
	must(err)
	fmt.Print("answer: ", line)
}

// spawn starts a grandchild that only KILL ends, and tells its process id as progress.
func (s *script) spawn(attr *syscall.SysProcAttr) {
	argv := Command("ignore-term", "hang")
	cmd := &exec.Cmd{Path: argv[0], Args: argv, Stdout: os.Stdout, SysProcAttr: attr}
	must(cmd.Start())
	must(s.dial().Progress(1, cmd.Process.Pid, 0))
}

func hang() {
	for {
		time.Sleep(time.Hour)
	}
}

// eat takes that many MiB and touches them.
func eat(mib int) {
	var all [][]byte
	for range mib {
		piece := make([]byte, 1<<20)
		for i := 0; i < len(piece); i += 512 {
			piece[i] = 1
		}
		all = append(all, piece)
	}
	fmt.Println("ate", len(all))
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		syscall.Exit(71)
	}
}

// AwaitDeath waits until a process is gone, or is a zombie that nobody buries.
func AwaitDeath(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d lives on", pid)
}
