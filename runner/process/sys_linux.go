package process

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// childAttr puts the child into its own group and ties its life to the thread that starts it.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reap waits for the child. It calls before when the child has ended but is not yet reaped: until then nobody else can get
// its process id, nor that of its group.
func reap(cmd *exec.Cmd, before func()) {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	before()
	_ = cmd.Wait() // the exit status is read from the state
}

// confined starts the child from a thread that is in the child's control groups and on its cores, so that it is there before its first
// instruction: what is moved afterwards may have started others meanwhile. The calling thread must be locked; it is put back.
func (p *Process) confined(start func() error) error {
	var back []func()
	defer func() {
		for _, f := range slices.Backward(back) {
			f()
		}
	}()
	if p.memory.v2 {
		if dir := p.memory.dir; dir != "" {
			f, err := os.Open(dir)
			if err != nil {
				return err
			}
			defer f.Close()
			p.cmd.SysProcAttr.UseCgroupFD, p.cmd.SysProcAttr.CgroupFD = true, int(f.Fd())
		}
	} else if free, err := enter(p.memory.dir, p.memory.own); err == nil {
		back = append(back, free)
	} else {
		p.spec.Log.Warn().Err(err).Msg("no control group holds the trainer to its memory: it is looked at now and then")
		p.memory.remove()
		p.memory.dir = ""
	}
	if p.tasks.made {
		if free, err := enter(p.tasks.dir, filepath.Dir(p.tasks.dir)); err == nil {
			back = append(back, free)
		} else {
			p.spec.Log.Warn().Err(err).Msg("no control group counts the trainer's processes: they are looked at now and then")
			p.tasks.remove()
		}
	}
	back = append(back, pin(p.spec.Cores, p.spec.Log))
	return start()
}

// canFork tells whether trainers can be forks of a resident process here.
const canFork = true

// place puts a child that waits at its gate into its control groups and on its cores. It is one thread, which has started nothing.
func (p *Process) place(pid int) {
	id := strconv.Itoa(pid)
	if dir := p.memory.dir; dir != "" {
		if err := write(filepath.Join(dir, "cgroup.procs"), id); err != nil {
			p.spec.Log.Warn().Err(err).Msg("no control group holds the trainer to its memory: it is looked at now and then")
			p.memory.remove()
			if p.tasks.dir == dir {
				p.tasks.dir = ""
			}
			p.memory.dir = ""
		}
	}
	if p.tasks.made {
		if err := write(filepath.Join(p.tasks.dir, "cgroup.procs"), id); err != nil {
			p.spec.Log.Warn().Err(err).Msg("no control group counts the trainer's processes: they are looked at now and then")
			p.tasks.remove()
		}
	}
	var set unix.CPUSet
	for _, c := range p.spec.Cores {
		set.Set(c)
	}
	if len(p.spec.Cores) > 0 {
		if err := unix.SchedSetaffinity(pid, &set); err != nil {
			p.spec.Log.Warn().Err(err).Ints("cores", p.spec.Cores).Msg("the trainer is not pinned to its processor cores")
		}
	}
	limitTasks(pid, p.spec.Tasks, p.tasks)
}

// leaveGroup gives up the control group (version 2) that a child could not be started in, and reports whether there was one to blame.
func (p *Process) leaveGroup() bool {
	if !p.memory.v2 || p.memory.dir == "" {
		return false
	}
	p.memory.remove()
	p.memory.dir, p.tasks.dir = "", ""
	c := p.cmd
	p.cmd = &exec.Cmd{Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, Stdout: c.Stdout, Stderr: c.Stderr, SysProcAttr: childAttr()}
	return true
}

// enter moves the calling thread into a control group (version 1), and free moves it back to where it was; nothing happens without one.
func enter(dir, from string) (free func(), err error) {
	if dir == "" {
		return func() {}, nil
	}
	id := strconv.Itoa(unix.Gettid())
	if err := write(filepath.Join(dir, "tasks"), id); err != nil {
		return nil, err
	}
	return func() { _ = write(filepath.Join(from, "tasks"), id) }, nil
}

// pin has the calling thread run on some cores alone. free undoes it.
func pin(cores []int, log zerolog.Logger) (free func()) {
	var before, set unix.CPUSet
	if len(cores) == 0 || unix.SchedGetaffinity(0, &before) != nil {
		return func() {}
	}
	for _, c := range cores {
		set.Set(c)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		log.Warn().Err(err).Ints("cores", cores).Msg("the trainer is not pinned to its processor cores")
		return func() {}
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) } // it held before
}

// Cores are the processor cores this process may run on.
func Cores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var out []int
	for i := 0; len(out) < set.Count(); i++ {
		if set.IsSet(i) {
			out = append(out, i)
		}
	}
	return out
}

// limitTasks is what is left where no control group counts processes: the kernel's limit for all that a user runs, which leaves
// the trainer so many more than there are now. It does not hold root.
func limitTasks(pid, limit int, g *taskGroup) {
	if limit <= 0 || g.dir != "" {
		return
	}
	now := 0
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		var info unix.Stat_t
		text, err := os.ReadFile(file)
		if err != nil || unix.Stat(file, &info) != nil || info.Uid != uint32(os.Getuid()) {
			continue
		}
		if m, ok := parseStat(text); ok {
			now += m.threads
		}
	}
	most := uint64(now + limit)
	var is unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &is) == nil && most < is.Cur {
		_ = unix.Prlimit(pid, unix.RLIMIT_NPROC, &unix.Rlimit{Cur: most, Max: is.Max}, nil) // then it is looked at now and then
	}
}

// socketPair is a connection to hand one end of to another process.
func socketPair(kind int, name string) (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket: %w", err)
	}
	mine, other := os.NewFile(uintptr(fds[0]), name), os.NewFile(uintptr(fds[1]), name)
	defer mine.Close() // FileConn has a copy
	conn, err := net.FileConn(mine)
	if err != nil {
		other.Close()
		return nil, nil, err
	}
	return conn.(*net.UnixConn), other, nil
}
