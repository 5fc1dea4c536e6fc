package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"automl/trial"
)

// write makes the log of an attempt of so many bytes, as one that is at work.
func (l *logs) write(t *testing.T, k trial.Key, bytes int) {
	t.Helper()
	f, err := l.open(k)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(make([]byte, bytes))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// there is the attempts that have logs: "study/trial/attempt".
func (l *logs) there() []string {
	paths, _ := filepath.Glob(filepath.Join(l.store.logs(), "*", "*", "*.log"))
	for i, p := range paths {
		k, _ := l.store.keyOfLog(p)
		paths[i] = fmt.Sprintf("%s/%d/%d", k.Study, k.Trial, k.Attempt)
	}
	return paths
}

func try(study string, number, attempt int) trial.Key {
	return trial.Key{Study: study, Trial: number, Attempt: attempt}
}

// The oldest logs go, with the folders that are empty then, and none of an attempt at work, whatever it takes.
func TestOldestLogsGo(t *testing.T) {
	l := newLogs(store(t.TempDir()), Limit{Bytes: 3 * 4096})
	goes := func(want ...trial.Key) {
		t.Helper()
		if gone, err := l.trim(); err != nil || !slices.Equal(gone, want) {
			t.Errorf("%v go, %v; want %v", gone, err, want)
		}
	}
	for _, k := range []trial.Key{try("a", 1, 1), try("a", 1, 2), try("b", 0, 1), try("a", 2, 1)} {
		l.write(t, k, 1) // which takes a block
		goes()
	}
	l.write(t, try("b", 7, 1), 100_000)
	l.end(try("a", 1, 2))
	l.end(try("b", 0, 1))
	l.end(try("a", 2, 1))
	l.end(try("b", 5, 1)) // it has printed nothing
	goes()
	if u := l.use(); u != (trial.DiskUse{Bytes: 3 * 4096, Limit: 3 * 4096}) {
		t.Errorf("%+v", u)
	}
	l.end(try("a", 1, 1))
	goes(try("a", 1, 2))
	l.write(t, try("b", 0, 1), 1) // at work again
	l.end(try("b", 7, 1))
	goes(try("a", 2, 1), try("a", 1, 1), try("b", 7, 1))
	if u, got := l.use(), l.there(); u.Bytes != 0 || u.Dropped != 4 || !slices.Equal(got, []string{"b/0/1"}) {
		t.Errorf("%+v; there is %v", u, got)
	}
	if _, err := os.Stat(filepath.Join(l.store.logs(), "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a study without logs: %v", err)
	}
}

// At its start a runner finds what earlier ones have left, by its age, and leaves alone what is no log.
func TestLogsOfEarlierRuns(t *testing.T) {
	l := newLogs(store(t.TempDir()), Limit{})
	for n := range 3 {
		k := try("s", n, 1)
		l.write(t, k, 4096)
		day := time.Date(2026, 1, 9-n, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(LogPath(string(l.store), k), day, day); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"notes.txt", "s/trial1/attempt1.log.gz", "s/trial01/attempt1.log", "s/trial1/attemptx.log"} {
		path := filepath.Join(l.store.logs(), name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, make([]byte, 9999), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if l.look(); l.use() != (trial.DiskUse{Bytes: 3 * 4096}) {
		t.Errorf("without a limit: %+v", l.use())
	}
	again := newLogs(l.store, Limit{Share: .5})
	free := int64(3 * 4096)
	again.free = func(string) (int64, error) { return free, nil }
	again.look()
	if gone, err := again.trim(); len(gone) != 0 || err != nil || again.use().Bytes != 3*4096 {
		t.Errorf("with room for them %v go, %v; %+v", gone, err, again.use())
	}
	free = 4096 // others have filled the disk
	if gone, err := again.trim(); err != nil || !slices.Equal(gone, []trial.Key{try("s", 2, 1)}) {
		t.Errorf("%v go, %v", gone, err)
	}
	if got := again.there(); len(got) != 4 { // two logs, and two that are none
		t.Errorf("there is %v", got)
	}
}

// A log that cannot be removed holds up nothing, and is found again by the next start.
func TestLogThatCannotBeRemoved(t *testing.T) {
	l := newLogs(store(t.TempDir()), Limit{Bytes: 1})
	k := try("s", 0, 1)
	l.write(t, k, 1)
	l.end(k)
	path := LogPath(string(l.store), k)
	if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if gone, err := l.trim(); len(gone) != 0 || err == nil {
		t.Errorf("%v go, %v", gone, err)
	}
	if gone, err := l.trim(); len(gone) != 0 || err != nil {
		t.Errorf("again: %v go, %v", gone, err)
	}
}

// A runner keeps the log of an attempt at work while those of others come and go, and tells the daemon what they take.
func TestLogsUnderACap(t *testing.T) {
	t.Parallel()
	beats := make(chan trial.DiskUse, 1) // the last
	working := order(1, at(0, 0), at(0, 1), "print=at work", "report=1")
	b := newBench(t, func(c *Config, q *fakeQueue) {
		c.Slots, c.Timings.Heartbeat, c.Logs = 2, 10*time.Millisecond, Limit{Bytes: 2 * 4096}
		q.reply = func(m trial.Inbound) (trial.Outbound, bool) {
			return trial.Outbound{Key: m.Key, N: m.N}, m.Key != working.Key()
		}
		q.beat = func(i trial.RunnerInfo) error {
			select {
			case <-beats:
			default:
			}
			beats <- *i.Logs
			return nil
		}
	})
	b.queue.work <- working
	for m := receive(t, b.queue.sent); m.Report == nil; m = receive(t, b.queue.sent) {
	}
	for attempt := 1; attempt <= 4; attempt++ {
		a := order(attempt, at(0, 0), at(0, 1), "print=hello")
		a.Trial = 8
		b.attempt(a)
	}
	want := trial.DiskUse{Bytes: 2 * 4096, Limit: 2 * 4096, Dropped: 2}
	for n, u := 0, (trial.DiskUse{}); u != want; n++ {
		if u = receive(t, beats); n > 1000 {
			t.Fatalf("the last heartbeat has %+v, want %+v", u, want)
		}
	}
	if got := b.files("logs"); !slices.Equal(got, []string{"s1/trial7/attempt1.log", "s1/trial8/attempt3.log", "s1/trial8/attempt4.log"}) {
		t.Errorf("there is %v", got)
	}
	if data, err := os.ReadFile(LogPath(b.cfg.Dir, working.Key())); err != nil || !strings.Contains(string(data), "at work") {
		t.Errorf("the one at work has printed %q, %v", data, err)
	}
	b.queue.set(func() { b.queue.reply = receipt })
	b.queue.answers <- trial.Outbound{Key: working.Key(), N: 1}
	b.drained()
}
