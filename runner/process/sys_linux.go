package process

import (
	"os/exec"
	"syscall"

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
