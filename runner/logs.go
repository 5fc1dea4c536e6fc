package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"automl/runner/disk"
	"automl/trial"
)

// logs knows what the logs of attempts that are over take of the disk. When that is more than it may be, the oldest go. The log of an
// attempt at work is no part of it: it stays, and is bounded by itself.
type logs struct {
	store store
	limit Limit
	free  func(dir string) (int64, error) // bytes on its disk

	mu      sync.Mutex // also held while folders come and go
	bytes   map[trial.Key]int64
	order   []trial.Key // as they ended; also some that are not in bytes any more
	total   int64
	dropped int64
}

func newLogs(s store, l Limit) *logs {
	return &logs{store: s, limit: l, free: disk.Free, bytes: map[trial.Key]int64{}}
}

// look finds what lies there when nothing is at work.
func (l *logs) look() {
	type found struct {
		key   trial.Key
		bytes int64
		made  time.Time
	}
	var all []found
	_ = filepath.WalkDir(l.store.logs(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // what cannot be read cannot be removed either
		}
		key, ok := l.store.keyOfLog(path)
		if info, err := entry.Info(); ok && err == nil {
			all = append(all, found{key, taken(info), info.ModTime()})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b found) int { return cmp.Or(a.made.Compare(b.made), compareKeys(a.key, b.key)) })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range all {
		l.add(f.key, f.bytes)
	}
}

// open opens the log of an attempt that is at work from now on, to write on at its end.
func (l *logs) open(k trial.Key) (*os.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(k)
	path := LogPath(string(l.store), k)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// end takes in the log of an attempt that is over, if it has one.
func (l *logs) end(k trial.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if info, err := os.Stat(LogPath(string(l.store), k)); err == nil {
		l.forget(k)
		l.add(k, taken(info))
	}
}

// trim removes the oldest logs while all together take more than they may, and returns whose they were.
func (l *logs) trim() (gone []trial.Key, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := l.most()
	for limit > 0 && l.total > limit && len(l.order) > 0 {
		k := l.order[0]
		l.order = l.order[1:]
		if _, over := l.bytes[k]; !over {
			continue
		}
		l.forget(k) // also where it cannot be removed: the next start finds it again
		if e := l.remove(k); e != nil {
			err = errors.Join(err, e)
			continue
		}
		gone = append(gone, k)
		l.dropped++
	}
	return gone, err
}

// use is what the logs take now.
func (l *logs) use() trial.DiskUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return trial.DiskUse{Bytes: l.total, Limit: l.most(), Dropped: l.dropped}
}

func (l *logs) most() int64 {
	return l.limit.most(l.total, func() (int64, error) { return l.free(string(l.store)) })
}

func (l *logs) add(k trial.Key, bytes int64) {
	l.total += bytes
	if l.limit != (Limit{}) { // else none will go, and who has one need not be known
		l.bytes[k] = bytes
		l.order = append(l.order, k)
	}
}

func (l *logs) forget(k trial.Key) {
	l.total -= l.bytes[k]
	delete(l.bytes, k)
}

// remove removes a log, and the folders that are empty without it.
func (l *logs) remove(k trial.Key) error {
	path := LogPath(string(l.store), k)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if dir := filepath.Dir(path); os.Remove(dir) == nil {
		_ = os.Remove(filepath.Dir(dir)) // the study's, when it is empty
	}
	return nil
}

// taken is what a file takes of the disk, about: a small one takes a block.
func taken(info fs.FileInfo) int64 {
	const block = 4 << 10
	return (info.Size() + block - 1) / block * block
}

func (s store) logs() string { return filepath.Join(string(s), "logs") }

// keyOfLog is the attempt whose LogPath a path is.
func (s store) keyOfLog(path string) (k trial.Key, ok bool) {
	k.Study = filepath.Base(filepath.Dir(filepath.Dir(path)))
	_, err := fmt.Sscanf(filepath.Base(filepath.Dir(path))+" "+strings.TrimSuffix(filepath.Base(path), ".log"), "trial%d attempt%d", &k.Trial, &k.Attempt)
	return k, err == nil && path == LogPath(string(s), k)
}

// trimLogs removes the oldest logs while they take more than they may.
func (r *Runner) trimLogs() {
	gone, err := r.logs.trim()
	if err != nil {
		r.cfg.Log.Warn().Err(err).Msg("logs that take too much are left behind until the next start")
	}
	for _, k := range gone {
		r.cfg.Log.Debug().Str("study", k.Study).Int("trial", k.Trial).Int("attempt", k.Attempt).Msg("the log of an attempt is removed: all together take more than --log-size lets them")
	}
}
