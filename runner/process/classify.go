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
	said    said
	why     *Reason // we stopped it
	exit    exit
	oom     bool  // the kernel killed something for memory in its control group
	grouped bool  // which is of this child alone
	limit   int64 // of its memory in bytes, 0: none
	tail    string
	work    protocol.Work
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

func (e exit) failed() bool { return e != exit{} }

// reached reports whether the work was done.
func (f facts) reached() bool {
	return f.said.last || f.said.epoch >= f.work.To.Epoch || f.work.Phase == trial.Refit && f.exit == exit{}
}

// classify judges how a child ended.
func classify(f facts) Outcome {
	o := Outcome{Verb: cmp.Or(f.said.told, trial.Continue), Epoch: f.said.epoch, Metrics: f.said.measured}
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
	case trial.OOM, trial.NaN, trial.Timeout, trial.Protocol:
		return kind
	}
	return trial.Crash
}

// cause judges an end that nobody explained.
func (f facts) cause() (trial.Failure, string) {
	switch {
	case f.exit == exit{} && f.said.epoch == 0:
		return trial.Protocol, "ended early: it reported nothing" + cmp.Or(f.said.garbage(), howToReport)
	case f.exit == exit{}:
		return trial.Protocol, fmt.Sprintf("ended early: reported only up to epoch %d of %d", f.said.epoch, f.work.To.Epoch) + f.said.garbage()
	case f.oom && (f.grouped || f.exit.killed() == syscall.SIGKILL):
		return trial.OOM, "killed for its use of memory" + f.allowance()
	case outOfMemory(f.tail) && f.exit.killed() != syscall.SIGSEGV:
		return trial.OOM, fmt.Sprintf("ran out of memory, %s", f.exit)
	case f.exit.killed() != 0:
		return trial.Signal, f.exit.String() + meaning[f.exit.killed()]
	}
	return trial.Crash, f.exit.String() + f.said.garbage()
}

// howToReport is for somebody whose script does not.
const howToReport = `; a trainer says what each epoch gave: trial.report of the Python package automl, or a line automl: {"epoch": 1, "METRIC": 0.9} on standard output`

// allowance is the limit that it ran against.
func (f facts) allowance() string {
	if !f.grouped || f.limit <= 0 {
		return ""
	}
	return fmt.Sprintf(": it may have %d MiB (resources.memory)", f.limit>>20)
}

// killed is the signal that ended the trainer, also where a shell did not end of it but says so with its exit status; 0: none.
func (e exit) killed() syscall.Signal {
	if e.signal == 0 && e.code > 128 && unix.SignalName(syscall.Signal(e.code-128)) != "" {
		return syscall.Signal(e.code - 128)
	}
	return e.signal
}

// String is the end for a person.
func (e exit) String() string {
	switch {
	case e.signal != 0:
		return "killed by " + unix.SignalName(e.signal)
	case e.killed() != 0:
		return fmt.Sprintf("exit status %d, which is a shell's word for killed by %s", e.code, unix.SignalName(e.killed()))
	}
	return fmt.Sprintf("exit status %d", e.code)
}

// meaning is what a signal means, as a rule.
var meaning = map[syscall.Signal]string{
	syscall.SIGSEGV: " (segmentation fault): a native library has a bug, or does not fit another one; Python says where with PYTHONFAULTHANDLER=1 under trainer.env",
	syscall.SIGBUS:  ": often no room is left in /dev/shm, where data loaders put their batches, or a mapped file became shorter",
	syscall.SIGABRT: ": it gave up by itself; what it printed says why",
	syscall.SIGILL:  ": it uses instructions that this processor does not have",
	syscall.SIGFPE:  ": a native library divided by zero",
	syscall.SIGKILL: ": by somebody outside, or by the kernel because the whole machine had no memory left",
}

// outOfMemory knows the last words of trainers that ran out of memory and could still say so.
func outOfMemory(tail string) bool {
	for _, words := range []string{
		"OutOfMemoryError", "CUDA out of memory", "HIP out of memory", "MPS backend out of memory", // PyTorch
		"DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory", // PyTorch without a GPU
		"ResourceExhaustedError", "OOM when allocating tensor", // TensorFlow
		"RESOURCE_EXHAUSTED: Out of memory", // JAX
		"CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
		"MemoryError", "std::bad_alloc", "fatal error: runtime: out of memory", "Cannot allocate memory",
	} {
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
