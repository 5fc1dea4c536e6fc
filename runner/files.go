package runner

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"automl/trial"
)

// lockDir makes sure that no other runner works in dir. The lock goes with the process, however it ends.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, trial.Wrap(trial.Storage, err, "lock the work directory")
	}
	if err := take(f); err != nil {
		f.Close()
		e := trial.Errorf(trial.Conflict, "another runner works in %s", dir)
		e.Err = err
		return nil, e.WithHint("give each runner on a machine its own data directory")
	}
	if err := writeID(f); err != nil { // for At
		release(f)
		e := trial.Errorf(trial.Storage, "write the process id into %s", f.Name())
		e.Err = err
		return nil, e.WithHint("free some space on its disk")
	}
	return func() { release(f) }, nil
}

// release gives up a lock and closes its file. Closing alone would not do: a process that is just being started, of which there may be one
// at any time, still has a copy of the file until it runs its program.
func release(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	f.Close()
}

// take locks a file. Who only looks whether it is locked (At) holds it for a moment, so it tries for a tenth of a second.
func take(f *os.File) (err error) {
	for range 5 {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// writeID makes this process's id all that a file holds.
func writeID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}

// syncDir makes names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncTree makes a folder with all it holds durable. Without it, a power cut after the rename could leave a checkpoint that
// has its name and not its content, and every later attempt would fail on it.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() && !entry.Type().IsRegular() {
			return err
		}
		return syncDir(path) // a file is synced the same way
	})
}

// moveDir puts the folder from at the place to, replacing what is there, and makes a new empty folder where it came from.
// from stays as it is where that fails.
func moveDir(from, to string) error {
	parent := filepath.Dir(to)
	if err := errors.Join(syncTree(from), os.MkdirAll(parent, 0o755)); err != nil {
		return err
	}
	if err := replaceDir(from, to); err != nil {
		return err
	}
	return errors.Join(syncDir(parent), os.Mkdir(from, 0o755))
}

// replaceDir renames from to to. An older folder of that name is exchanged and removed where the system can exchange; else
// there is a moment without either.
func replaceDir(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return err
	}
	if exchange(from, to) == nil {
		return os.RemoveAll(from)
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// maxLog is how much of an attempt's output is kept: a trainer in a loop must not fill the disk.
const maxLog = 64 << 20

// logFile is the output of an attempt.
type logFile struct {
	make func() (io.WriteCloser, error)
	warn func(error) // that fails

	mu   sync.Mutex
	file io.WriteCloser // nil before the first writing
	left int64
}

// newLog makes the log of an attempt. The file is made when something is written.
func newLog(file func() (io.WriteCloser, error), warn func(error)) *logFile {
	return &logFile{make: file, warn: warn, left: maxLog}
}

// open makes the file. The lock is held.
func (l *logFile) open() {
	file, err := l.make()
	if err != nil {
		l.warn(err)
		l.left = 0
		return
	}
	l.file = file
}

// Write writes what still fits; of nothing, it makes the file. It never fails: output is for people, and must not stop a training.
func (l *logFile) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil && l.left > 0 {
		l.open()
	}
	if l.left > 0 {
		piece := data[:min(int64(len(data)), l.left)]
		_, _ = l.file.Write(piece)
		if l.left -= int64(len(piece)); l.left == 0 {
			fmt.Fprintf(l.file, "\n[only the first %d MiB are kept]\n", maxLog>>20)
		}
	}
	return len(data), nil
}

// Close closes the file, if there is one.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
