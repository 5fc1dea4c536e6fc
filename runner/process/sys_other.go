//go:build unix && !linux

package process

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
)

// childAttr puts the child into its own group. There is no Pdeathsig here: a trainer outlives a killed runner until it next
// speaks to it.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// reap waits for the child, and then calls before.
func reap(cmd *exec.Cmd, before func()) {
	_ = cmd.Wait() // the exit status is read from the state
	before()
}

// confined starts the child; there are no control groups here, and no pinning.
func (p *Process) confined(start func() error) error { return start() }

// canFork tells whether trainers can be forks of a resident process here: they need descriptors of processes, and Pdeathsig.
const canFork = false

func (p *Process) place(int) {}

func socketPair(int, string) (*net.UnixConn, *os.File, error) {
	return nil, nil, errors.ErrUnsupported
}

func (p *Process) leaveGroup() bool { return false }

// Cores are not known here.
func Cores() []int { return nil }

func limitTasks(int, int, *taskGroup) {}
