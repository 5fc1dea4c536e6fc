package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

// filled is the data directory of a closed database.
func filled(t *testing.T) string {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir)
	check(t, err)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 3000)))
	check(t, db.Close())
	return dir
}

func TestDamagedFile(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"no database": func([]byte) []byte { return []byte(strings.Repeat("hello", 4000)) },
		"cut off":     func(b []byte) []byte { return b[:len(b)/2] },
		"zeros":       func(b []byte) []byte { clear(b[len(b)/3 : len(b)*2/3]); return b },
		"noise": func(b []byte) []byte {
			for i := len(b) / 2; i < len(b)/2+9000; i++ {
				b[i] ^= byte(i * 7)
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			path := filepath.Join(dir, "automl.db")
			b, err := os.ReadFile(path)
			check(t, err)
			check(t, os.WriteFile(path, damage(b), 0o600))
			check(t, os.WriteFile(filepath.Join(dir, "backup-v1.db"), nil, 0o600))
			_, err = store.Open(t.Context(), dir)
			wantError(t, err, trial.Internal, "automl.db", "the file is damaged")
			wantError(t, err, trial.Internal, "automl.db", "backup-v1.db")
		})
	}
}

func TestDatabaseOfAnotherProgram(t *testing.T) {
	dir := t.TempDir()
	_, err := raw(t, dir).Exec("CREATE TABLE theirs (x)")
	check(t, err)
	_, err = store.Open(t.Context(), dir)
	wantError(t, err, trial.Invalid, "not made by automl", "another data directory")
	_, err = store.OpenReadOnly(t.Context(), dir)
	wantError(t, err, trial.Invalid, "not made by automl", "another data directory")
}

func TestFullDisk(t *testing.T) {
	dir := storetest.SmallDisk(t, "5m")
	ballast := filepath.Join(dir, "ballast")
	check(t, os.WriteFile(ballast, make([]byte, 2<<20), 0o600))
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	seq := int64(0)
	grow := func() error {
		for range 1000 {
			if err := db.Append(t.Context(), "a", eventsAfter(seq, 100)); err != nil {
				return err
			}
			seq += 100
		}
		return nil
	}
	for range 3 { // failing again and again must not eat what is there
		wantError(t, grow(), trial.Storage, "", "full")
		events, err := db.Events(t.Context(), "a", 0)
		check(t, err)
		if int64(len(events)) != seq {
			t.Fatalf("%d events on a full disk, %d were acknowledged", len(events), seq)
		}
	}
	sound(t, db)
	check(t, os.Remove(ballast))
	full := seq
	wantError(t, grow(), trial.Storage, "", "full") // in the end it is full again
	if seq == full {
		t.Error("nothing was written after space came back")
	}
}
