package store_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"automl/trial/store"
	"automl/trial/store/storetest"
)

func logSize(t *testing.T, db *store.DB) int64 {
	t.Helper()
	_, size, err := db.Size()
	check(t, err)
	return size
}

// TestLogReserved finds the log at its usual size from the start, also where one is left from a daemon that was killed, and what
// was in that one in the database.
func TestLogReserved(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	db := openIn(t, dir)
	size := logSize(t, db)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 50)))
	if grown := logSize(t, db); size < 1<<20 || grown != size {
		t.Errorf("the log has %d bytes, and %d after a few events", size, grown)
	}
	for _, name := range []string{"automl.db", "automl.db-wal"} { // what kill -9 leaves
		data, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		if name != "automl.db" {
			data = data[:384<<10] // of an older automl, which did not reserve any
		}
		check(t, os.WriteFile(filepath.Join(copied, name), data, 0o600))
	}
	again := openIn(t, copied)
	events, err := again.Events(t.Context(), "a", 0)
	check(t, err)
	if len(events) != 50 || logSize(t, again) != size {
		t.Errorf("%d events, and a log of %d bytes", len(events), logSize(t, again))
	}
	sound(t, again)
}

// TestNoRoomForLog has a disk that holds a study but no log of the usual size.
func TestNoRoomForLog(t *testing.T) {
	db := openIn(t, storetest.SmallDisk(t, "1m"))
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 100)))
	sound(t, db)
}

// TestLogMoved writes a few times what a log may grow to before a transaction has to move it. It is moved long before: after every hundred
// transactions.
func TestLogMoved(t *testing.T) {
	if testing.Short() {
		t.Skip("some thousand commits")
	}
	t.Parallel()
	db := openIn(t, t.TempDir())
	moved := make(chan struct{}, 100)
	db.OnMove(func() { moved <- struct{}{} })
	create(t, db, benchStudy("a"))
	size := logSize(t, db)
	for seq := range int64(3000) {
		check(t, db.Append(t.Context(), "a", eventsAfter(seq, 1)))
		if seq%100 == 99 {
			<-moved
		}
	}
	if grown := logSize(t, db); grown != size {
		t.Errorf("the log has %d bytes, it had %d", grown, size)
	}
	sound(t, db)
}

// TestQueueOfTheGone fills the queue with callers who have given up: the next one is not kept by them.
func TestQueueOfTheGone(t *testing.T) {
	db := openIn(t, t.TempDir())
	create(t, db, benchStudy("a"))
	release := db.Hold()
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for range 1200 {
		wait.Go(func() { _ = db.Append(ctx, "a", eventsAfter(0, 1)) })
	}
	for db.Queued() < 1000 {
		runtime.Gosched()
	}
	cancel()
	wait.Wait()
	release()
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 1)))
}
