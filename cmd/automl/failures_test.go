package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"automl/trial"
)

// ending is a way in which a trainer ends, as its parameter "how" says: what becomes of its trial, and what a person is told.
type ending struct {
	how      string
	script   string // one of its lines
	failure  trial.Failure
	attempts int
	told     []string
}

// overdue is the one that a limit of time ends.
var overdue = []ending{{"timeout", `print("epoch 1 begins"); time.sleep(3600)`, trial.Timeout, 3, []string{"not done after 8s, the limit of an attempt (resources.timeout)", "epoch 1 begins"}}}

// endings are all others; however slow the machine is, none of them is ended by such a limit.
var endings = []ending{
	{"fine", `say(report={"fold": fold, "epoch": 1, "metrics": {"acc": 0.5}})`, "", 1, nil},
	{"memory", `hog = [bytearray(b"1") * (8 << 20) for _ in range(1000)]`, trial.OOM, 3, []string{"killed for its use of memory: it may have 200 MiB (resources.memory)"}},
	{"framework", `raise MemoryError("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB")`, trial.OOM, 3, []string{"ran out of memory", "Tried to allocate 2.00 GiB"}},
	{"nan", `say(report={"fold": fold, "epoch": 1, "metrics": {"acc": float("nan")}})`, trial.NaN, 1, []string{"acc is NaN at fold 0 epoch 1"}},
	{"infinity", `say(report={"fold": fold, "epoch": 1, "metrics": {"acc": float("inf")}})`, trial.NaN, 1, []string{"acc is +Inf at fold 0 epoch 1"}},
	{"exit 1", `print("no data at /data/train.csv", file=sys.stderr); sys.exit(1)`, trial.Crash, 3, []string{"exit status 1", "no data at /data/train.csv"}},
	{"exception", `{}["label"]`, trial.Crash, 3, []string{"exit status 1", "KeyError: 'label'", "train.py"}},
	{"segfault", `import ctypes; ctypes.string_at(0)`, trial.Signal, 3, []string{"killed by SIGSEGV (segmentation fault)", "PYTHONFAULTHANDLER=1"}},
	{"killed", `os.kill(os.getpid(), 9)`, trial.Signal, 3, []string{"killed by SIGKILL"}},
	{"bomb", `bomb(200)`, trial.Processes, 3, []string{"killed for starting more than 60 processes and threads", "--max-processes"}},
	{"closes", `line.close()`, trial.Protocol, 3, []string{"ended early: it reported nothing", "trial.report of the Python package", `a line automl: {"epoch": 1`}},
	{"half", `say(report={"fold": fold, "epoch": 1, "metrics": {"acc": 0.5}}); line.close()`, trial.Protocol, 3, []string{"reported only up to epoch 1 of 2"}},
	{"garbage", `flood(b"loss=0.5\n")`, trial.Protocol, 3, []string{"speaks another language", "1000 of its messages were not understood", "no message: ", `in "loss=0.5"`}},
	{"fold", `say(report={"fold": 7, "epoch": 2, "metrics": {"acc": 0.5}})`, trial.Protocol, 3, []string{"a report of fold 7, but the work is fold 0"}},
	{"metric", `say(report={"fold": fold, "epoch": 1, "metrics": {"accuracy": 0.5, "loss": 1}})`, trial.Protocol, 1,
		[]string{`the report of fold 0 epoch 1 has no metric "acc"`, "it has accuracy, loss", "report it under that name"}},
}

// endingScript does what its argument says. fork bombs are held by a limit, and end by themselves: they start so many processes and no more.
const endingScript = `
import json, os, socket, subprocess, sys, threading, time
how, work = sys.argv[1], json.load(open(os.environ["AUTOML_ASSIGNMENT"]))
fold, line = work["fold"], socket.socket(socket.AF_UNIX)
line.connect(os.environ["AUTOML_SOCKET"])
def say(**message):
    line.sendall(json.dumps(message).encode() + b"\n")
    return json.loads(line.makefile("rb").readline())
def bomb(most):
    for _ in range(most):
        try:
            subprocess.Popen(["sleep", "20"])
        except OSError:
            pass
    time.sleep(20)
def flood(text):
    threading.Thread(target=lambda: [None for _ in iter(lambda: line.recv(65536), b"")], daemon=True).start()
    while True:
        line.sendall(text)
`

// Every way to end badly is its own kind of failure with a message that helps, and the study goes on: in programs of their own as in
// forks of a resident process.
func TestEveryEndingIsTold(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	for _, resident := range []bool{false, true} {
		for limit, of := range map[string]struct {
			all  []ending
			exit int
		}{"1h": {endings, exitDone}, "8s": {overdue, exitNoTrial}} {
			t.Run(fmt.Sprintf("resident=%v,timeout=%s", resident, limit), func(t *testing.T) {
				t.Parallel() // they wait most of the time
				s := endingSite(t, of.all, limit, resident)
				r := s.run("run", s.sweep, "--max-processes", "60")
				if r.code != of.exit {
					t.Errorf("exit %d\n%s", r.code, r.err)
				}
				if lost := fmt.Sprintf("the rest was lost with the %d trials that failed", len(of.all)-1); r.code == exitDone && !strings.Contains(r.out, lost) {
					t.Errorf("what was not trained is not said to be %q:\n%s", lost, r.out)
				}
				s.told(of.all)
				log, _ := os.ReadFile(filepath.Join(s.dir, "runner.log"))
				if ready := strings.Contains(string(log), "a resident process is ready"); ready != resident {
					t.Errorf("a resident process: %v\n%s", ready, log)
				}
			})
		}
	}
}

// endingSite is a sweep with a trial for each ending.
func endingSite(t *testing.T, all []ending, timeout string, resident bool) *site {
	t.Helper()
	s := newSite(t, "", "")
	script, configs, names := endingScript, "", []string{}
	for _, e := range all {
		script += fmt.Sprintf("if how == %q:\n    %s\n", e.how, e.script)
		configs += fmt.Sprintf("  - {how: %q}\n", e.how)
		names = append(names, fmt.Sprintf("%q", e.how))
	}
	script += "if how == \"fine\":\n    say(report={\"fold\": fold, \"epoch\": 2, \"metrics\": {\"acc\": 0.6}})\n"
	sweep := fmt.Sprintf(`name: e2e
objective: {metric: acc, goal: maximize}
parameters:
  how: {type: categorical, choices: [%s, other]}
candidates:
%sepochs: {max: 2, grace: 1}
workers: 4
scheduler: fifo
sampler: grid
budget: {trials: %d}
resources: {memory: 200MiB, timeout: %s}
trainer: {type: command, command: [python3, train.py, "${how}"], resident: %v}
`, strings.Join(names, ", "), configs, len(all), timeout, resident)
	for path, text := range map[string]string{s.sweep: sweep, filepath.Join(filepath.Dir(s.sweep), "train.py"): script} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// told holds the record of a study, and what a person reads of it, against what its trials' endings are.
func (s *site) told(all []ending) {
	s.t.Helper()
	st, _ := s.state()
	if st.Status != trial.StudyDone || len(st.Trials) != len(all) {
		s.t.Errorf("the study is %s with %d trials", st.Status, len(st.Trials))
	}
	byHow := map[string]*trial.Trial{}
	for _, tr := range st.Trials {
		how, _ := tr.Params.Get("how")
		byHow[how.(string)] = tr
	}
	for _, e := range all {
		tr := byHow[e.how]
		if tr == nil {
			s.t.Errorf("%s was not tried", e.how)
			continue
		}
		s.t.Logf("%s: %s after %d attempts: %s", e.how, tr.Failure, tr.Attempts, tr.Reason)
		want := trial.Fail
		if e.failure == "" {
			want = trial.Complete
		}
		if tr.Status != want || tr.Failure != e.failure || tr.Attempts != e.attempts {
			s.t.Errorf("%s: %s %s after %d attempts, want %s %s after %d", e.how, tr.Status, tr.Failure, tr.Attempts, want, e.failure, e.attempts)
		}
		for _, words := range e.told {
			if !strings.Contains(tr.Reason, words) {
				s.t.Errorf("%s: it says %q, and not %q", e.how, tr.Reason, words)
			}
		}
		if out := s.ok("explain", "e2e", fmt.Sprint(tr.Number)).out; len(e.told) > 0 && !strings.Contains(out, e.told[0]) {
			s.t.Errorf("%s is explained as\n%s", e.how, out)
		}
	}
}
