package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"automl/trial"
)

// takeLock locks the data directory until giveBack, or until the process ends in whatever way. The file stays: removing
// it would let two processes lock two files of the same name.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fileError(err, "lock the data directory")
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, trial.Wrap(trial.Unavailable, errors.Join(occupied(dir, f), f.Close()), "lock the data directory %s", dir)
	}
	if err == nil {
		err = sign(f)
	}
	if err != nil {
		return nil, fileError(errors.Join(err, giveBack(f)), "lock the data directory %s", dir)
	}
	return f, nil
}

// giveBack unlocks the data directory. Closing the file alone would not do: a process that is just being started, of which there may be one
// at any time, still has a copy of it until it runs its program.
func giveBack(lock *os.File) error {
	return errors.Join(unix.Flock(int(lock.Fd()), unix.LOCK_UN), lock.Close())
}

// sign leaves our process number for whoever finds the directory locked.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

func occupied(dir string, f *os.File) error {
	text, err := io.ReadAll(io.LimitReader(f, 32))
	pid := strings.TrimSpace(string(text))
	if err != nil || pid == "" {
		pid = "unknown"
	}
	return trial.Errorf(trial.Unavailable, "another daemon has it open (process %s)", pid).
		WithHint("stop process %s first, or use another data directory than %s", pid, dir)
}
