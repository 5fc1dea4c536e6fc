package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"automl/runner"
)

// farewell is what leaving takes when trainers have to be killed: their grace, and the last messages.
const farewell = 15 * time.Second

// runUntilTold runs a runner until ctx ends, which a SIGTERM does. Then its trainers may finish their epoch, as far as the notice
// allows; a second signal ends it at once, and SIGUSR1 drains it.
func runUntilTold(ctx context.Context, r *runner.Runner, notice time.Duration, log zerolog.Logger) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	go func() {
		for told := ctx.Done(); ; {
			select {
			case <-work.Done():
				return
			case <-told:
				told = nil
				signal.Notify(signals, syscall.SIGTERM, os.Interrupt) // the next ones
				patience := max(0, notice-farewell)
				log.Info().Dur("patience", patience).Msg("this runner leaves: its trials are handed back at their next epoch")
				r.Yield()
				time.AfterFunc(patience, cancel)
			case s := <-signals:
				if s != syscall.SIGUSR1 {
					cancel()
					return
				}
				log.Info().Msg("this runner drains: it takes nothing new, and leaves when its trials have come to their next rung")
				r.Drain()
			}
		}
	}()
	return r.Run(work)
}

// drainRunner drains the runner of the data directory and waits for its end.
func (a *app) drainRunner(ctx context.Context) error {
	dir, err := filepath.Abs(a.dataDir)
	if err != nil {
		return err
	}
	pid, gone, err := runner.At(dir)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return fmt.Errorf("drain the runner (pid %d): %w", pid, err)
	}
	fmt.Fprintf(a.err, "the runner in %s (pid %d) takes nothing new and leaves when its trials have come to their next rung\n", dir, pid)
	return gone(ctx)
}
