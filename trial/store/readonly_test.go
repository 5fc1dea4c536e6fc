package store_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

func openReadOnly(t *testing.T, dir string) *store.DB {
	t.Helper()
	db, err := store.OpenReadOnly(t.Context(), dir)
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	return db
}

func TestReadOnlyRefusesToWrite(t *testing.T) {
	dir := filled(t)
	db := openReadOnly(t, dir)
	wantError(t, db.Append(t.Context(), "a", eventsAfter(3000, 1)), trial.Invalid, "read only", "")
	wantError(t, db.CreateStudy(t.Context(), benchStudy("b")), trial.Invalid, "read only", "")
	wantError(t, db.DeleteStudy(t.Context(), "a"), trial.Invalid, "read only", "")
	openIn(t, dir) // it took no lock
}

func TestReadOnlyWithoutDatabase(t *testing.T) {
	dir := t.TempDir()
	_, err := store.OpenReadOnly(t.Context(), filepath.Join(dir, "none"))
	wantError(t, err, trial.NotFound, "no database", "automl run")
	check(t, os.WriteFile(filepath.Join(dir, "automl.db"), nil, 0o600))
	_, err = store.OpenReadOnly(t.Context(), dir)
	wantError(t, err, trial.NotFound, "no database", "automl run")
}

func TestReadOnlyDuringWrites(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	reader := openReadOnly(t, dir)
	var wait sync.WaitGroup
	done := make(chan struct{})
	wait.Go(func() {
		defer close(done)
		for seq := int64(0); seq < 4000; seq += 20 {
			if err := db.Append(t.Context(), "a", eventsAfter(seq, 20)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for last, open := int64(0), true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		state, err := reader.Load(t.Context(), "a")
		check(t, err)
		if state.Seq < last || state.Seq%20 != 0 {
			t.Errorf("read up to event %d after %d", state.Seq, last)
		}
		last = state.Seq
		sound(t, reader)
	}
	wait.Wait()
	check(t, db.Close())
	if state, err := reader.Load(t.Context(), "a"); err != nil || state.Seq != 4000 {
		t.Errorf("after the daemon ended: %v", err)
	}
}

// TestReadOnlyLog reads a database whose newest part is only in the write-ahead log, without the -shm file: what is left when
// the machine goes down.
func TestReadOnlyLog(t *testing.T) {
	dir, left := t.TempDir(), t.TempDir()
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 300)))
	for _, name := range []string{"automl.db", "automl.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(left, name), b, 0o600))
	}
	reader := openReadOnly(t, left)
	if state, err := reader.Load(t.Context(), "a"); err != nil || state.Seq != 300 {
		t.Errorf("the log was not read: %v", err)
	}
	sound(t, openIn(t, left))
}

// TestReadOnlyDisk reads what cannot even be locked.
func TestReadOnlyDisk(t *testing.T) {
	dir := storetest.SmallDisk(t, "20m")
	db, err := store.Open(t.Context(), dir)
	check(t, err)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 300)))
	check(t, db.Close())
	check(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	if state, err := openReadOnly(t, dir).Load(t.Context(), "a"); err != nil || state.Seq != 300 {
		t.Errorf("state %v, error %v", state, err)
	}
	_, err = store.Open(t.Context(), dir)
	wantError(t, err, trial.Storage, "read-only", "")
}
