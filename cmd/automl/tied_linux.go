package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runTied runs a command that dies with this process. Linux ties a child to the thread that made it, so one thread is held
// until the child has ended.
func runTied(c *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		done <- c.Run()
	}()
	return <-done
}
