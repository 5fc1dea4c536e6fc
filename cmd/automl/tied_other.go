//go:build !linux

package main

import (
	"os/exec"
	"syscall"
)

// runTied runs a command in its own process group. Only Linux can tie its life to this process; elsewhere a killed automl
// leaves a runner that ends when it finds its daemon gone.
func runTied(c *exec.Cmd) error {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c.Run()
}
