package finetune

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// The exit codes of Main.
const (
	exitDone    = 0
	exitFailed  = 1
	exitStopped = 143 // as a shell names a process ended by SIGTERM
)

// errStopped is why training ends when the process is told to.
var errStopped = errors.New("stopped by a signal")

// Main runs the work order that the environment names and returns the exit code of the process. SIGTERM and SIGINT, or the end
// of ctx, stop it after the step it is at; the epoch it is in is lost.
func Main(ctx context.Context) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	client, err := protocol.Dial()
	if err != nil {
		fmt.Fprintln(os.Stderr, "automl trainer:", err)
		return exitFailed
	}
	defer client.Close()
	// Who waits for the runner's answer, or writes to a runner that does not read, hears of a signal only this way.
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	s := &session{client: client, work: client.Work, now: time.Now}
	return s.exit(ctx, s.guarded(ctx))
}

// session is one work order and the connection it came from.
type session struct {
	client *protocol.Client
	work   protocol.Work
	now    func() time.Time
	told   int // rows at a time that were last told
}

// goneError is a failure to reach the runner. There is nobody left to report to.
type goneError struct{ error }

func (e goneError) Unwrap() error { return e.error }

// gone marks an error of the connection.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return goneError{err}
}

// exit tells the runner why the work failed, and chooses the exit code.
func (s *session) exit(ctx context.Context, err error) int {
	var broken goneError
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "automl trainer:", context.Cause(ctx))
		return exitStopped
	}
	fmt.Fprintln(os.Stderr, "automl trainer:", err)
	if !errors.As(err, &broken) {
		_ = s.client.Fail(kind(err), err.Error()) // the exit code tells the rest
	}
	return exitFailed
}

// kind is the failure that an error stands for.
func kind(err error) trial.Failure {
	var diverged *train.Diverged
	var full *train.OutOfMemory
	switch {
	case errors.As(err, &diverged):
		return trial.NaN
	case errors.As(err, &full):
		return trial.OOM
	}
	return trial.Crash
}

// guarded does the work and turns a panic into an error, so that the runner hears of it in words.
func (s *session) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the trainer panicked: %v\n%s", p, debug.Stack())
		}
	}()
	threads := max(1, s.work.Threads)
	runtime.GOMAXPROCS(blas.Procs(threads))
	blas.SetThreads(threads)
	limitMemory(s.work.Memory)
	if err := blas.Choose(os.Getenv("AUTOML_BLAS")); err != nil {
		return fmt.Errorf("AUTOML_BLAS: %w", err)
	}
	if s.work.Phase == trial.Refit {
		return s.refit(ctx)
	}
	return s.fold(ctx)
}
