package process

import (
	"bytes"
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

// command makes the trainer of a spec some other program.
func command(t *testing.T, argv ...string) (Spec, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	s := spec(t, &recorder{}, &out)
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skipf("there is no %s", argv[0])
	}
	s.Argv = argv
	return s, &out
}

// TestEnds is one real program for each way to end badly.
func TestEnds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		argv    []string
		failure trial.Failure
		message string
	}{
		{"exit status", []string{"python3", "-c", "raise ValueError('no such column: label')"}, trial.Crash, "exit status 1\nTraceback"},
		{"says what is wrong", []string{"sh", "-c", "echo the file is missing >&2; exit 3"}, trial.Crash, "exit status 3\nthe file is missing"},
		{"segmentation fault", []string{"python3", "-c", "import ctypes; ctypes.string_at(0)"}, trial.Signal, "killed by SIGSEGV (segmentation fault)"},
		{"segmentation fault below a shell", []string{"sh", "-c", "python3 -c 'import ctypes; ctypes.string_at(0)'; exit $?"}, trial.Signal, "exit status 139, which is a shell's word for killed by SIGSEGV"},
		{"abort", []string{"python3", "-c", "import os; os.abort()"}, trial.Signal, "killed by SIGABRT: it gave up by itself"},
		{"killed", []string{"sh", "-c", "kill -9 $$"}, trial.Signal, "killed by SIGKILL: by somebody outside"},
		{"does nothing", []string{"true"}, trial.Protocol, "ended early: it reported nothing"},
		{"closes its socket", []string{"python3", "-c", `
import os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["AUTOML_SOCKET"])
s.sendall(b'{"report":{"fold":2,"epoch":1,"metrics":{"acc":0.5}}}\n'); s.recv(4096); s.close()
print("and goes home")`}, trial.Protocol, "ended early: reported only up to epoch 1 of 3\nand goes home"},
		{"reports garbage", []string{"python3", "-c", `
import os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["AUTOML_SOCKET"])
s.sendall(b'\x00\xff{"report"\n[1]\n{"report":{"fold":0,"epoch":1}}\n'); s.recv(4096)`}, trial.Protocol,
			"ended early: it reported nothing; 3 of its messages were not understood, the last: a report of fold 0, but the work is fold 2"},
		{"reports nothing but garbage", []string{"python3", "-c", `
import os, socket, threading
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["AUTOML_SOCKET"])
threading.Thread(target=lambda: [None for _ in iter(lambda: s.recv(65536), b"")], daemon=True).start()
while True: s.sendall(b"loss=0.5\n")`}, trial.Protocol, "speaks another language; 1000 of its messages were not understood, the last: no message"},
		{"PyTorch on the processor", []string{"sh", "-c", `echo "RuntimeError: [enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000000 bytes." >&2; exit 1`}, trial.OOM, "ran out of memory, exit status 1"},
		{"TensorFlow", []string{"sh", "-c", `echo "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor with shape[8192,8192]" >&2; exit 1`}, trial.OOM, "ran out of memory, exit status 1"},
		{"Python", []string{"python3", "-c", "x = bytearray(1 << 60)"}, trial.OOM, "ran out of memory, exit status 1\nTraceback"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, out := command(t, tt.argv...)
			got := start(t, s).Wait()
			if got.Failure != tt.failure || !strings.HasPrefix(got.Message, tt.message) {
				t.Errorf("the outcome is %+v, want %s: %s; output:\n%s", got, tt.failure, tt.message, out)
			}
		})
	}
}

// pidsHere tells whether control groups count processes here.
func pidsHere(t *testing.T) bool {
	t.Helper()
	memory := newMemoryGroup(0, zerolog.Nop())
	g := newTaskGroup(10, memory, zerolog.Nop())
	defer g.remove()
	return g.dir != ""
}

// TestForkBomb sets one off where it is held. It grows to a thousand processes and then ends by itself: were the limit broken, an endless
// one would take the machine down.
func TestForkBomb(t *testing.T) {
	if !pidsHere(t) {
		t.Skip("no control group that counts processes can be made here, and without one this test could take the machine down")
	}
	s, out := command(t, "sh", "-c", `grep automl- /proc/self/cgroup || exit 9
		f() { if [ $1 -ge 9 ]; then sleep 20; else f $(($1 + 1)) & f $(($1 + 1)) & wait; fi; }; f 0; sleep 20`)
	s.Tasks = 60
	got := start(t, s).Wait()
	if got.Failure != trial.Processes || !strings.Contains(got.Message, "starting more than 60 processes and threads") { // its shell may end first
		t.Errorf("the outcome is %+v", got)
	}
	dir := groupOf(out.String())
	for deadline := time.Now().Add(processtest.Patience); ; time.Sleep(5 * time.Millisecond) { // zombies of a moment are no harm
		left, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		if err != nil || len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("it left %q behind", left)
			break
		}
	}
}

// groupOf is the folder of the control group that counts processes, from what /proc/PID/cgroup says.
func groupOf(listing string) string {
	for line := range strings.SplitSeq(listing, "\n") {
		if part := strings.SplitN(line, ":", 3); len(part) == 3 && strings.Contains(part[1], "pids") {
			return filepath.Join(groupRoot, "pids", part[2])
		} else if len(part) == 3 && part[0] == "0" {
			return filepath.Join(groupRoot, part[2])
		}
	}
	return "nowhere"
}

// TestTooManyProcesses has no control group, as other users than root have none: many processes, but no bomb.
func TestTooManyProcesses(t *testing.T) {
	withoutGroups(t)
	for _, tt := range []struct {
		limit int
		want  trial.Failure
	}{{50, trial.Processes}, {500, ""}} {
		s, _ := command(t, "sh", "-c", `for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait) & done
			sleep 1; echo 'automl: {"epoch":3,"acc":1}'; [ `+"$LIMIT"+` -gt 100 ] || sleep 60`)
		s.Env = append(s.Env, "LIMIT="+map[int]string{50: "50", 500: "500"}[tt.limit])
		s.Tasks = tt.limit
		if got := start(t, s).Wait(); got.Failure != tt.want {
			t.Errorf("with a limit of %d the outcome is %+v", tt.limit, got)
		}
	}
}

// TestMemoryIsWatched holds the whole tree of processes to a limit where no control group does.
func TestMemoryIsWatched(t *testing.T) {
	withoutGroups(t)
	for _, tt := range []struct {
		name, code string
		want       trial.Failure
	}{
		{"two processes together", `
import os, time
if os.fork() == 0: os.setsid()
x = bytearray(60 << 20)
for i in range(0, len(x), 512): x[i] = 1
time.sleep(600)`, trial.OOM},
		{"what they share counts once", `
import os, time
x = bytearray(60 << 20)
for i in range(0, len(x), 512): x[i] = 1
for i in range(3):
    if os.fork() == 0: time.sleep(600)
time.sleep(1.5)
print('automl: {"epoch":3,"acc":1}', flush=True)
os._exit(0)`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, out := command(t, "python3", "-c", tt.code)
			s.Memory = 110 << 20
			got := start(t, s).Wait()
			if got.Failure != tt.want || tt.want != "" && !strings.Contains(got.Message, "in 2 processes, the limit is 110 MiB") {
				t.Errorf("the outcome is %+v; output:\n%s", got, out)
			}
		})
	}
}

// withoutGroups is a system on which no control group can be made.
func withoutGroups(t *testing.T) {
	t.Helper()
	root := groupRoot
	groupRoot = t.TempDir()
	t.Cleanup(func() { groupRoot = root })
}

// TestStartsInItsGroup is the way of version 2, for which a group needs no controllers; one that does not exist is done without.
func TestStartsInItsGroup(t *testing.T) {
	root := ""
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if exists(filepath.Join(dir, "cgroup.controllers")) {
			root = dir
		}
	}
	dir := filepath.Join(root, "automl-test-"+strconv.Itoa(os.Getpid()))
	if root == "" || os.Mkdir(dir, 0o755) != nil {
		t.Skip("no control group of version 2 can be made here")
	}
	defer os.Remove(dir)
	for _, tt := range []struct {
		dir  string
		want bool
	}{{dir, true}, {dir + "-gone", false}} {
		s, out := command(t, "cat", "/proc/self/cgroup")
		p := &Process{spec: s, exited: make(chan struct{}), done: make(chan struct{}), memory: &memoryGroup{v2: true, dir: tt.dir}, tasks: &taskGroup{}}
		p.cmd = exec.Command("cat", "/proc/self/cgroup")
		p.cmd.Stdout, p.cmd.SysProcAttr = out, childAttr()
		runtime.LockOSThread()
		err := p.confined(p.cmd.Start)
		if err == nil == !tt.want {
			t.Errorf("%s: started with %v", tt.dir, err)
		}
		if err != nil && p.leaveGroup() {
			err = p.confined(p.cmd.Start)
		}
		runtime.UnlockOSThread()
		if err == nil {
			err = p.cmd.Wait()
		}
		if there := strings.Contains(out.String(), filepath.Base(dir)+"\n"); err != nil || there != tt.want {
			t.Errorf("%s: %v, its groups are %s", tt.dir, err, out)
		}
	}
}

func TestPinned(t *testing.T) {
	all := Cores()
	if len(all) == 0 {
		t.Skip("processor cores are not known here")
	}
	s, out := command(t, "python3", "-c", "import os, subprocess; print(sorted(os.sched_getaffinity(0)), flush=True); subprocess.run(['python3', '-c', 'import os; print(sorted(os.sched_getaffinity(0)))'])")
	s.Cores = all[len(all)-1:]
	start(t, s).Wait()
	want := "[" + strconv.Itoa(all[len(all)-1]) + "]\n"
	if out.String() != want+want {
		t.Errorf("it may run on %q, want %q twice", out, want)
	}
	if now := Cores(); !slices.Equal(now, all) {
		t.Errorf("this process may run on %v, before it was %v", now, all)
	}
}

func TestParseStat(t *testing.T) {
	m, ok := parseStat([]byte("12 (a) b) S 3 4 4 0 -1 0 0 0 0 0 0 0 0 0 20 0 7 0 99 1000 25 18446744073709551615 1"))
	if !ok || m != (member{12, 3, 4, 7, 25 * int64(os.Getpagesize())}) {
		t.Errorf("read %+v, %v", m, ok)
	}
	for _, bad := range []string{"", "12 (a", "12 (a) Z 3 4 4 0 -1 0 0 0 0 0 0 0 0 0 20 0 7 0 99 1000 25 1 1", "12 (a) S 1", "x (a) S 3 4 4 0 -1 0 0 0 0 0 0 0 0 0 20 0 7 0 99 1000 25 1 1"} {
		if m, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q was read as %+v", bad, m)
		}
	}
}

// A process whose program the kernel is still loading shows no environment yet; others may have none.
func TestNameless(t *testing.T) {
	line := func(size, environmentEnd string) []byte {
		f := strings.Fields("7 (a)b) S" + strings.Repeat(" 1", 49))
		f[22], f[50] = size, environmentEnd
		return []byte(strings.Join(f, " "))
	}
	for text, want := range map[string]bool{string(line("4096", "0")): true, string(line("4096", "140725753458667")): false, // env -i
		string(line("0", "0")): false, "": false, "7 (a": false} { // 0 bytes: a zombie, or a thread of the kernel
		if nameless([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	if text, err := os.ReadFile("/proc/self/stat"); err == nil && nameless(text) {
		t.Errorf("this process has an environment: %s", text)
	}
}

// A group is made beside the one that another trainer is just being started in, not below it, where it would be killed with that trainer.
func TestGroupsWhileAnotherTrainerStarts(t *testing.T) {
	other := newTaskGroup(1000, newMemoryGroup(0, zerolog.Nop()), zerolog.Nop())
	defer other.remove()
	if other.dir == "" || !other.made {
		t.Skip("no control group of version 1 that counts processes can be made here")
	}
	first := strconv.Itoa(os.Getpid()) // the first thread, which the list of the process's groups is about
	if err := write(filepath.Join(other.dir, "tasks"), first); err != nil {
		t.Skip(err)
	}
	defer func() { _ = write(filepath.Join(filepath.Dir(other.dir), "tasks"), first) }()
	g := newTaskGroup(1000, newMemoryGroup(0, zerolog.Nop()), zerolog.Nop())
	defer g.remove()
	if filepath.Dir(g.dir) != filepath.Dir(other.dir) {
		t.Errorf("made %s while another trainer was started in %s", g.dir, other.dir)
	}
}

// A trainer that ends by itself once it may start nothing more is known for what it is, though nobody has looked at it meanwhile.
func TestTooManyProcessesAtOnce(t *testing.T) {
	if !pidsHere(t) {
		t.Skip("no control group that counts processes can be made here")
	}
	s, _ := command(t, "sh", "-c", `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; exit 3`)
	s.Tasks, s.Clock = 8, processtest.NewClock() // which stands still
	if got := start(t, s).Wait(); got.Failure != trial.Processes || !strings.HasPrefix(got.Message, "ended after starting more than 8 processes") {
		t.Errorf("the outcome is %+v", got)
	}
}
