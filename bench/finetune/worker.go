package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"automl/runner/finetune/blas"
)

// A worker makes one step for each line it reads and answers with a line of two numbers: the seconds of wall and of
// processor time it took.

// work is our worker.
func work(j job, threads int) error {
	blas.SetThreads(threads)
	runtime.GOMAXPROCS(blas.Procs(threads))
	step, err := j.stepper()
	if err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		start, before := time.Now(), processor()
		if err := step(); err != nil {
			return err
		}
		fmt.Println(time.Since(start).Seconds(), processor()-before)
	}
	return nil
}

// processor is the time in seconds that this process has had of all processors.
func processor() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// child is a running worker.
type child struct {
	cmd     *exec.Cmd
	in      *bufio.Writer
	out     *bufio.Scanner
	started time.Time
}

// start starts the worker of a side: ours if python is empty.
func start(j job, threads int, python, script string) (*child, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(os.Args[0], "-worker", string(text), "-threads", strconv.Itoa(threads))
	if python != "" {
		cmd = exec.Command(python, script, string(text), strconv.Itoa(threads))
	}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: bufio.NewWriter(stdin), out: bufio.NewScanner(stdout), started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return c, nil
}

// step asks for one step.
func (c *child) step() (wall, cpu float64, err error) {
	fmt.Fprintln(c.in)
	if err := c.in.Flush(); err != nil {
		return 0, 0, err
	}
	if !c.out.Scan() {
		return 0, 0, fmt.Errorf("%v ended: %w", c.cmd.Args, c.cmd.Wait())
	}
	_, err = fmt.Sscan(c.out.Text(), &wall, &cpu)
	return wall, cpu, err
}

// peak is the most memory the worker has had at a time, in bytes.
func (c *child) peak() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(text), "VmHWM:")
	var kb float64
	if _, err := fmt.Sscan(rest, &kb); !ok || err != nil {
		return 0, fmt.Errorf("no peak in /proc/%d/status: %w", c.cmd.Process.Pid, err)
	}
	return kb * 1024, nil
}

// stop ends the worker.
func (c *child) stop() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
}
