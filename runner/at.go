package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"automl/trial"
)

const lockFile = "runner.lock"

// At finds the runner that works in a directory: the id of its process, and a function that waits until it works there no more. The
// code is NotFound where none does.
func At(dir string) (pid int, gone func(context.Context) error, err error) {
	path := filepath.Join(dir, lockFile)
	held, err := locked(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, nil, trial.Wrap(trial.Storage, err, "look for a runner")
	}
	text, _ := os.ReadFile(path) // where it is held it is there
	if _, err := fmt.Sscan(string(text), &pid); !held || err != nil || pid <= 1 {
		return 0, nil, trial.Errorf(trial.NotFound, "no runner works in %s", dir).WithHint("--data-dir names the folder of the runner")
	}
	return pid, func(ctx context.Context) error {
		look := time.NewTicker(100 * time.Millisecond)
		defer look.Stop()
		for {
			if held, err := locked(path); err != nil || !held {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-look.C:
			}
		}
	}, nil
}

// locked tells whether somebody holds the lock of a file.
func locked(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer release(f)
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
