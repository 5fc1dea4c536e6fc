package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process/processtest"
	"automl/trial"
)

// warm is a place with scripts, whose trainers are forks of one resident process.
type warm struct {
	t         *testing.T
	dir       string
	residents *Residents
	log       *lockedBuffer
	preload   Preload
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newWarm(t *testing.T) *warm {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil || runtime.GOOS != "linux" {
		t.Skip("resident processes need python3 on Linux")
	}
	w := &warm{t: t, dir: t.TempDir(), log: &lockedBuffer{}}
	w.residents = NewResidents(filepath.Join(w.dir, "scratch", "resident"), SystemClock(), zerolog.New(w.log))
	t.Cleanup(w.residents.Close)
	return w
}

// spec is the work "epochs 1 to 3" of a script, with the handler that takes what it says.
func (w *warm) spec(script string, out *bytes.Buffer, args ...string) (Spec, *recorder) {
	w.t.Helper()
	file := filepath.Join(w.dir, "train.py")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		w.t.Fatal(err)
	}
	h := &recorder{}
	s := spec(w.t, h, out)
	s.Argv, s.Dir, s.Work.Fold, s.Work.From.Fold, s.Work.To.Fold = append([]string{"python3", "train.py"}, args...), w.dir, 0, 0, 0
	s.Env = append(s.Env, "PYTHONUNBUFFERED=1")
	return s, h
}

// resident makes the trainer of a spec a fork.
func (w *warm) resident(s Spec) Spec {
	python, script, _, err := trial.SplitPython(s.Argv)
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.preload
	p.Python, p.Script, p.Dir, p.Env = python, script, s.Dir, s.Env
	s.Resident = w.residents.For(p)
	return s
}

// run runs a script to its end, and returns what became of it and what it printed.
func (w *warm) run(script string, resident bool, change func(*Spec), args ...string) (Outcome, string) {
	w.t.Helper()
	var out bytes.Buffer
	s, _ := w.spec(script, &out, args...)
	if change != nil {
		change(&s)
	}
	if resident {
		s = w.resident(s)
	}
	p := start(w.t, s)
	if resident && p.cmd != nil {
		w.t.Fatalf("it was started cold:\n%s", w.log)
	}
	o := p.Wait()
	return o, out.String()
}

// looks is a script that prints all of its process that a trainer could see.
const looks = `
import os, random, signal, sys, threading, json
here = lambda path: os.readlink("/proc/self/fd/" + path).split(":")[0]
files = {fd: here(fd) for fd in os.listdir("/proc/self/fd") if int(fd) < 3 or os.path.exists("/proc/self/fd/" + fd)}
env = {k: v for k, v in os.environ.items() if k not in ("AUTOML_ASSIGNMENT", "AUTOML_SOCKET")}
print(json.dumps({"argv": sys.argv, "path": sys.path, "name": __name__, "file": __file__, "main": sys.modules["__main__"].__dict__ is globals(),
    "spec": __spec__ is None, "package": __package__, "cwd": os.getcwd(), "files": files, "env": env, "orig": sys.orig_argv, "cached": __cached__,
    "group": os.getpgid(0) == os.getpid(), "threads": threading.active_count(), "tasks": len(os.listdir("/proc/self/task")),
    "signals": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)],
    "umask": oct(os.umask(0o22)), "loader": type(__loader__).__name__, "blocked": str(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "work": os.path.basename(os.environ["AUTOML_ASSIGNMENT"]), "doc": __doc__, "stdin": os.fstat(0).st_rdev, "globals": sorted(globals())}, sort_keys=True))
print('automl: {"epoch": 3, "acc": 1}')
# what must not be seen by the next trial
os.environ["LEFT"] = "behind"; os.environ.pop("HOME", None); os.chdir("/"); os.umask(0); sys.path.append("/left"); open("/dev/null")
random.seed(1); sys.modules["left"] = sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); __builtins__.left = 1
`

// What a forked trainer sees of its process is what one of its own would, also after another trial.
func TestResidentIsAsCold(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	cold, want := w.run(looks, false, nil, "--lr=0.1", "")
	for range 2 {
		got, saw := w.run(looks, true, nil, "--lr=0.1", "")
		if !reflect.DeepEqual(got, cold) || got.Failure != "" {
			t.Errorf("the outcome is %+v, cold it is %+v", got, cold)
		}
		if saw != want {
			t.Errorf("it sees\n%scold it sees\n%s", saw, want)
		}
	}
}

// Ends are the same, to the letter of their messages.
func TestResidentEndsAsCold(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	for name, script := range map[string]string{
		"done":        `print('automl: {"epoch": 3, "acc": 1}')`,
		"nothing":     `pass`,
		"exit status": `import sys; sys.exit(3)`,
		"exit text":   `raise SystemExit("no such file")`,
		"_exit":       `import os; os._exit(9)`,
		"exception": `
def train(lr):
    raise ValueError("no such column: label")
train(1)`,
		"cause": `
try:
    {}["a"]
except KeyError as e:
    raise RuntimeError("twice") from e`,
		"syntax":    "x = (",
		"interrupt": `raise KeyboardInterrupt`,
		"segfault":  `import ctypes; ctypes.string_at(0)`,
		"abort":     `import os; os.abort()`,
		"killed":    `import os; os.kill(os.getpid(), 9)`,
		"memory":    `x = bytearray(1 << 60)`,
		"at exit":   `import atexit; atexit.register(print, 'automl: {"epoch": 3, "acc": 1}')`,
		"thread":    "import threading, time\nthreading.Thread(target=lambda: (time.sleep(.1), print('automl: {\"epoch\": 3, \"acc\": 1}'))).start()",
		"hook":      `import sys; sys.excepthook = lambda *a: print("hooked", a[0].__name__); 1 / 0`,
		"unicode":   `print("µ — ü"); import sys; sys.exit(1)`,
		"spawns": `
import multiprocessing as m
def square(x): return x * x
if __name__ == "__main__":
    for how in ("spawn", "fork"):
        with m.get_context(how).Pool(2) as pool:
            print(pool.map(square, [2, 3]))
    print('automl: {"epoch": 3, "acc": 1}')`,
		"pickles": `
import pickle
class A: pass
print(type(pickle.loads(pickle.dumps(A()))) is A, A.__module__)`,
	} {
		cold, want := w.run(script, false, nil)
		got, said := w.run(script, true, nil)
		if !reflect.DeepEqual(got, cold) {
			t.Errorf("%s: the outcome is %+v, cold it is %+v", name, got, cold)
		}
		if said != want {
			t.Errorf("%s: it said\n%s\ncold it said\n%s", name, said, want)
		}
	}
}

// With a module, and with nothing where the script should be.
func TestResidentModule(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	module := func(s *Spec) { s.Argv = []string{"python3", "-m", "train", "--lr=1"} }
	cold, want := w.run(looks, false, module)
	if got, saw := w.run(looks, true, module); !reflect.DeepEqual(got, cold) || saw != want {
		t.Errorf("it ends as %+v and sees\n%s\ncold it ends as %+v and sees\n%s", got, saw, cold, want)
	}
	gone := func(s *Spec) { s.Argv = []string{"python3", "gone.py"} }
	cold, want = w.run("", false, gone)
	if got, said := w.run("", true, gone); !reflect.DeepEqual(got, cold) || said != want {
		t.Errorf("without a script it ends as %+v and says\n%s\ncold it ends as %+v and says\n%s", got, said, cold, want)
	}
}

// What was loaded is there, and each child's random numbers are its own, unless they were seeded.
func TestResidentLoads(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	const base = "import os\nmodel = []\ndef load():\n    model.append(os.getpid())\n"
	if err := os.WriteFile(filepath.Join(w.dir, "base.py"), []byte(base), 0o600); err != nil {
		t.Fatal(err)
	}
	w.preload = Preload{Import: []string{"json", "decimal"}, Setup: "base:load"}
	const script = `
import sys, os, base, random, uuid, tempfile
print("decimal" in sys.modules, len(base.model), base.model != [os.getpid()])
print(random.random(), uuid.uuid4(), next(tempfile._get_candidate_names()))
base.model.append("mine")
print('automl: {"epoch": 3, "acc": 1}')`
	_, first := w.run(script, true, nil)
	_, second := w.run(script, true, nil)
	one, two := strings.Split(first, "\n"), strings.Split(second, "\n")
	if one[0] != "True 1 True" || two[0] != one[0] {
		t.Errorf("it finds %q, then %q", one[0], two[0])
	}
	for i, number := range strings.Fields(one[1]) {
		if number == strings.Fields(two[1])[i] {
			t.Errorf("both have drawn %s", number)
		}
	}
	w.preload.Setup = "base:seed"
	if err := os.WriteFile(filepath.Join(w.dir, "base.py"), []byte("import random\nmodel=[0]\ndef seed(): random.seed(7)"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, first = w.run("import random; print(random.random())", true, nil)
	if _, second = w.run("import random; print(random.random())", true, nil); first != second {
		t.Errorf("seeded, they have drawn %s and %s", first, second)
	}
}

// What does not survive a fork, or cannot be loaded, costs nothing but the time saved: the trainer is started cold, and the log says why.
func TestResidentUnfit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		base, why string
		preload   Preload
	}{
		"a thread":    {"import threading, time\ndef load(): threading.Thread(target=time.sleep, args=(60,), daemon=True, name='feeder').start()", "left 1 threads at work", Preload{Setup: "base:load"}},
		"no module":   {"", "ModuleNotFoundError: No module named 'no_such_module'", Preload{Import: []string{"no_such_module"}}},
		"no function": {"", "has no attribute 'load'", Preload{Setup: "base:load"}},
		"it raises":   {"def load(): raise OSError('no model at ./minilm')", "OSError: no model at ./minilm", Preload{Setup: "base:load"}},
		"it exits":    {"import os\ndef load(): print('bye'); os._exit(3)", "exit status 3", Preload{Setup: "base:load"}},
		"it hangs":    {"import time\ndef load(): time.sleep(3600)", "had not loaded everything after 300ms", Preload{Setup: "base:load", Limit: 300 * time.Millisecond}},
		"too large":   {"import time\ndef load():\n global x; x = bytearray(b'1') * (200 << 20); time.sleep(60)", "and a trial may have 100 MiB", Preload{Setup: "base:load", Memory: 100 << 20}},
		"no python":   {"", "not found", Preload{Python: []string{"no-such-python"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWarm(t)
			if err := os.WriteFile(filepath.Join(w.dir, "base.py"), []byte(tt.base), 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				var out bytes.Buffer
				s, _ := w.spec(`print('automl: {"epoch": 3, "acc": 1}')`, &out)
				p := tt.preload
				if p.Python == nil {
					p.Python = []string{"python3"}
				}
				p.Script, p.Dir, p.Env = []string{"train.py"}, w.dir, s.Env
				s.Resident = w.residents.For(p)
				if o := start(t, s).Wait(); o.Failure != "" {
					t.Errorf("it ended as %+v", o)
				}
			}
			if n := strings.Count(w.log.String(), "no resident process"); n != 1 || !strings.Contains(w.log.String(), tt.why) {
				t.Errorf("the log says it %d times:\n%s", n, w.log)
			}
		})
	}
}

// A limit holds a forked trainer as any other.
func TestResidentIsHeld(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	eat := "import time\nx = [bytearray(b'1') * (8 << 20) for _ in range(50)]\ntime.sleep(600)"
	if o, _ := w.run(eat, true, func(s *Spec) { s.Memory = 100 << 20 }); o.Failure != trial.OOM || !strings.Contains(o.Message, "killed for its use of memory") {
		t.Errorf("too much memory: %+v", o)
	}
	many := "import subprocess, time\nall = []\ntry:\n  for _ in range(60): all.append(subprocess.Popen(['sleep', '60']))\nexcept OSError: pass\ntime.sleep(60)"
	if o, _ := w.run(many, true, func(s *Spec) { s.Tasks = 20 }); o.Failure != trial.Processes {
		t.Errorf("too many processes: %+v", o)
	}
	if cores := Cores(); len(cores) > 1 {
		_, said := w.run("import os; print(sorted(os.sched_getaffinity(0)))", true, func(s *Spec) { s.Cores = cores[1:2] })
		if want := fmt.Sprintf("[%d]\n", cores[1]); said != want {
			t.Errorf("pinned to core %s, want %s", said, want)
		}
	}
}

// Stop ends its group, and what left it goes too.
func TestResidentStops(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	s, h := w.spec(`
import json, os, signal, socket, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
line = socket.socket(socket.AF_UNIX); line.connect(os.environ["AUTOML_SOCKET"])
if os.fork() == 0:
    os.setsid()
    line.sendall(json.dumps({"progress": {"step": os.getpid()}}).encode() + b"\n")
time.sleep(600)`, &bytes.Buffer{})
	s.Grace = 50 * time.Millisecond
	p := start(t, w.resident(s))
	stray := (<-h.progress).Step
	p.Stop(Reason{Failure: trial.Timeout, Message: "too slow"})
	if o := p.Wait(); o.Failure != trial.Timeout {
		t.Errorf("it ended as %+v", o)
	}
	processtest.AwaitDeath(t, p.pid)
	processtest.AwaitDeath(t, stray)
	if got, _ := w.run(`print('automl: {"epoch": 3, "acc": 1}')`, true, nil); got.Failure != "" {
		t.Errorf("the next one ended as %+v", got)
	}
}

// A resident process that dies takes its children along, and the next trial has a new one; after some deaths trials are started cold.
func TestResidentDies(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	const hangs = "import json, os, socket, time\nline = socket.socket(socket.AF_UNIX); line.connect(os.environ['AUTOML_SOCKET'])\n" +
		"line.sendall(json.dumps({'progress': {'step': os.getppid()}}).encode() + b'\\n'); time.sleep(600)"
	for n := range residentTries {
		s, h := w.spec(hangs, &bytes.Buffer{})
		p := start(t, w.resident(s))
		if p.cmd != nil {
			t.Fatalf("start %d was cold:\n%s", n, w.log)
		}
		parent := (<-h.progress).Step
		if parent == os.Getpid() {
			t.Fatal("it is a child of the runner")
		}
		if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if o := p.Wait(); o.Failure != trial.Signal || !strings.Contains(o.Message, "the resident process: killed by SIGKILL") {
			t.Errorf("it ended as %+v", o)
		}
		processtest.AwaitDeath(t, p.pid)
	}
	s, _ := w.spec(`print('automl: {"epoch": 3, "acc": 1}')`, &bytes.Buffer{})
	if p := start(t, w.resident(s)); p.cmd == nil {
		t.Error("it was not given up")
		p.Wait()
	} else if o := p.Wait(); o.Failure != "" {
		t.Errorf("cold it ended as %+v", o)
	}
}

// Where there is no room for another process, a trainer is started cold, and those that run go on.
func TestResidentCannotFork(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	const base = "import os\nforks, fork = 0, os.fork\ndef load(): os.fork = limited\ndef limited():\n    global forks\n    forks += 1\n" +
		"    if forks == 2: raise BlockingIOError(11, 'Resource temporarily unavailable')\n    return fork()\n"
	if err := os.WriteFile(filepath.Join(w.dir, "base.py"), []byte(base), 0o600); err != nil {
		t.Fatal(err)
	}
	w.preload.Setup = "base:load"
	s, h := w.spec("import json, os, socket, time\nline = socket.socket(socket.AF_UNIX); line.connect(os.environ['AUTOML_SOCKET'])\n"+
		"line.sendall(json.dumps({'progress': {'step': 1}}).encode() + b'\\n'); time.sleep(600)", &bytes.Buffer{})
	first := start(t, w.resident(s))
	<-h.progress
	const done = `print('automl: {"epoch": 3, "acc": 1}')`
	s, _ = w.spec(done, &bytes.Buffer{})
	s.Log = zerolog.New(w.log)
	second := start(t, w.resident(s))
	if o := second.Wait(); second.cmd == nil || o.Failure != "" {
		t.Errorf("the second one was forked: %t, and ended as %+v", second.cmd == nil, o)
	}
	if !strings.Contains(w.log.String(), "Resource temporarily unavailable") {
		t.Errorf("the log does not say why:\n%s", w.log)
	}
	if o, _ := w.run(done, true, nil); o.Failure != "" {
		t.Errorf("the third one ended as %+v", o)
	}
	first.Stop(Reason{Failure: trial.Timeout, Message: "too slow"})
	if o := first.Wait(); o.Failure != trial.Timeout {
		t.Errorf("the first one ended as %+v", o)
	}
}

// A resident process that does not fork holds nothing up: libraries may do what they like before a fork.
func TestResidentForkHangs(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	clock := processtest.NewClock()
	w.residents.clock = clock
	const base = "import os, time\ndef load(): os.register_at_fork(before=lambda: time.sleep(600))\n"
	if err := os.WriteFile(filepath.Join(w.dir, "base.py"), []byte(base), 0o600); err != nil {
		t.Fatal(err)
	}
	w.preload.Setup = "base:load"
	s, _ := w.spec(`print('automl: {"epoch": 3, "acc": 1}')`, &bytes.Buffer{})
	s, s.Log = w.resident(s), zerolog.New(w.log)
	started := make(chan *Process, 1)
	go func() {
		p, err := Start(s)
		if err != nil {
			t.Error(err)
		}
		started <- p
	}()
	clock.Await(t, gateWait, gateWait)
	clock.Advance(gateWait)
	if p := <-started; p != nil && (p.Wait().Failure != "" || p.cmd == nil) {
		t.Errorf("it ended as %+v, cold: %t", p.Wait(), p.cmd != nil)
	}
	if !strings.Contains(w.log.String(), "has not forked") {
		t.Errorf("the log does not say why:\n%s", w.log)
	}
}

// Without a trial for some time it ends, and Close ends it at once.
func TestResidentEnds(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	clock := processtest.NewClock()
	w.residents.clock = clock
	const parent = `import os; print(os.getppid()); print('automl: {"epoch": 3, "acc": 1}')`
	pid := func() int {
		_, said := w.run(parent, true, nil)
		n, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(said))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := pid()
	if again := pid(); again != first {
		t.Errorf("two trials had two resident processes: %d, %d", first, again)
	}
	clock.Await(t, residentIdle, residentIdle)
	clock.Advance(residentIdle)
	processtest.AwaitDeath(t, first)
	second := pid()
	if second == first {
		t.Error("it is the one that has ended")
	}
	w.residents.Close()
	processtest.AwaitDeath(t, second)
	s, _ := w.spec(`print('automl: {"epoch": 3, "acc": 1}')`, &bytes.Buffer{})
	if p := start(t, w.resident(s)); p.Wait().Failure != "" || p.cmd == nil {
		t.Error("after the end of the runner one was started")
	}
}

// Reap finds a resident process by its mark, and its children by theirs.
func TestResidentIsMarked(t *testing.T) {
	t.Parallel()
	w := newWarm(t)
	s, h := w.spec("import json, os, socket, time\nline = socket.socket(socket.AF_UNIX); line.connect(os.environ['AUTOML_SOCKET'])\n"+
		"line.sendall(json.dumps({'progress': {'step': os.getppid()}}).encode() + b'\\n'); time.sleep(600)", &bytes.Buffer{})
	p := start(t, w.resident(s))
	parent := (<-h.progress).Step
	if got, _ := marked(func(a string) bool { return a == p.workFile }); len(got) != 1 || got[0] != p.pid {
		t.Errorf("the trainer %d is found as %v", p.pid, got)
	}
	if n := Reap(filepath.Join(w.dir, "scratch")); n != 1 {
		t.Errorf("%d were reaped", n)
	}
	processtest.AwaitDeath(t, parent)
	p.Wait()
}
