package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"automl/trial"
	"automl/trial/store"
)

// schema is the real first version with more versions after it.
func schema(t *testing.T, more ...string) store.Option {
	first, err := os.ReadFile("migrations/0001.sql")
	check(t, err)
	files := fstest.MapFS{"0001.sql": {Data: first}}
	for i, script := range more {
		files[[]string{"0002.sql", "0003.sql"}[i]] = &fstest.MapFile{Data: []byte(script)}
	}
	return store.WithMigrations(files)
}

// version2 changes a table that is append-only, the hard case.
const version2 = `DROP TRIGGER studies_fixed;
	ALTER TABLE studies ADD COLUMN note TEXT NOT NULL DEFAULT '';
	UPDATE studies SET note = 'from version 1';`

func TestMigration(t *testing.T) {
	dir := filled(t)
	db := openIn(t, dir, schema(t, version2))
	if state, err := db.Load(t.Context(), "a"); err != nil || state.Seq != 3000 {
		t.Fatalf("after the migration: %v", err)
	}
	check(t, db.Append(t.Context(), "a", eventsAfter(3000, 10)))
	var note string
	check(t, raw(t, dir).QueryRow("SELECT note FROM studies").Scan(&note))
	if note != "from version 1" {
		t.Errorf("note %q", note)
	}
	old := t.TempDir() // the backup is the database as it was
	check(t, os.Rename(filepath.Join(dir, "backup-v1.db"), filepath.Join(old, "automl.db")))
	if state, err := openIn(t, old).Load(t.Context(), "a"); err != nil || state.Seq != 3000 {
		t.Errorf("the backup: %v", err)
	}
}

func TestMigrationFails(t *testing.T) {
	dir := filled(t)
	for _, broken := range []string{
		"CREATE TABLE half (x); SELECT * FROM nowhere",
		"CREATE TABLE half (x REFERENCES studies (key)); INSERT INTO half VALUES (77)", // points nowhere
	} {
		_, err := store.Open(t.Context(), dir, schema(t, version2, broken))
		wantError(t, err, trial.Internal, "migrate to version 3", "")
		var version, half int
		check(t, raw(t, dir).QueryRow("PRAGMA user_version").Scan(&version))
		check(t, raw(t, dir).QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&half))
		if version != 2 || half != 0 {
			t.Errorf("version %d, %d tables of the failed step", version, half)
		}
	}
	db := openIn(t, dir, schema(t, version2, "CREATE TABLE whole (x)"))
	check(t, db.Append(t.Context(), "a", eventsAfter(3000, 10)))
	for _, name := range []string{"backup-v1.db", "backup-v2.db"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestNewerVersion(t *testing.T) {
	dir := filled(t)
	check(t, openIn(t, dir, schema(t, version2)).Close())
	_, err := store.Open(t.Context(), dir)
	wantError(t, err, trial.Conflict, "version 2", "upgrade automl")
	_, err = store.OpenReadOnly(t.Context(), dir)
	wantError(t, err, trial.Conflict, "version 2", "upgrade automl")
	openIn(t, dir, schema(t, version2)) // the lock was given back
}

func TestReadOnlyDoesNotMigrate(t *testing.T) {
	dir := filled(t)
	_, err := store.OpenReadOnly(t.Context(), dir, schema(t, version2))
	wantError(t, err, trial.Conflict, "version 1", "start the daemon once")
	openIn(t, dir)
}
