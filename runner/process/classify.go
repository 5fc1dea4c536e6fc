package process

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"automl/runner/protocol"
	"automl/trial"
)

// facts are what an outcome is judged by.
type facts struct {
	said said
	why  *Reason // we stopped it
	exit exit
	oom  bool // the kernel killed something of its group for memory
	tail string
	work protocol.Work
}

// exit is how a process ended: by a signal or with a code.
type exit struct {
	code   int
	signal syscall.Signal // 0: none
}

func exitOf(s *os.ProcessState) exit {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exit{signal: status.Signal()}
	}
	return exit{code: s.ExitCode()}
}

// reached reports whether the work was done.
func (f facts) reached() bool {
	return f.said.last || f.said.epoch >= f.work.To.Epoch || f.work.Phase == trial.Refit && f.exit == exit{}
}

// classify judges how a child ended.
func classify(f facts) Outcome {
	o := Outcome{Verb: cmp.Or(f.said.told, trial.Continue), Epoch: f.said.epoch}
	o.Over = f.said.last || f.said.epoch >= f.work.Epochs
	switch {
	case f.why != nil && f.why.Verb != "":
		o.Verb = f.why.Verb
	case f.exit == exit{} && f.reached():
	case f.why != nil:
		o.Failure, o.Message = f.why.Failure, f.explain(f.why.Message)
	case f.said.told == trial.Stop: // the trial is over: how untidily its trainer ended concerns nobody
	case f.exit == exit{} && f.said.told != "":
	case f.said.failure != nil:
		o.Failure, o.Message = known(f.said.failure.Kind), f.explain(f.said.failure.Message)
	default:
		o.Failure, o.Message = f.cause()
		o.Message = f.explain(o.Message)
	}
	return o
}

// known is the kind of failure a trainer may name itself; any other is a crash.
func known(kind trial.Failure) trial.Failure {
	switch kind {
	case trial.OOM, trial.NaN, trial.Timeout:
		return kind
	}
	return trial.Crash
}

// cause judges an end that nobody explained.
func (f facts) cause() (trial.Failure, string) {
	switch {
	case f.exit == exit{} && f.said.epoch == 0:
		return trial.Crash, "ended early: it reported nothing"
	case f.exit == exit{}:
		return trial.Crash, fmt.Sprintf("ended early: reported only up to epoch %d of %d", f.said.epoch, f.work.To.Epoch)
	case f.exit.signal == syscall.SIGKILL && f.oom:
		return trial.OOM, "killed for its use of memory"
	case f.exit.signal != 0:
		return trial.Crash, "killed by " + unix.SignalName(f.exit.signal)
	case outOfMemory(f.tail):
		return trial.OOM, fmt.Sprintf("ran out of memory, exit status %d", f.exit.code)
	}
	return trial.Crash, fmt.Sprintf("exit status %d", f.exit.code)
}

// outOfMemory knows the last words of trainers that ran out of memory and could still say so.
func outOfMemory(tail string) bool {
	for _, words := range []string{"CUDA out of memory", "OutOfMemoryError", "CUDA_ERROR_OUT_OF_MEMORY", "MemoryError",
		"RESOURCE_EXHAUSTED: Out of memory", "std::bad_alloc", "fatal error: runtime: out of memory"} {
		if strings.Contains(tail, words) {
			return true
		}
	}
	return false
}

// explain adds the last lines of the output to a message.
func (f facts) explain(message string) string {
	if f.tail == "" {
		return message
	}
	return message + "\n" + f.tail
}
