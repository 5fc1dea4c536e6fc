package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"automl/trial"
	"automl/trial/store"
)

// latest is the version of the real schema.
func latest(t *testing.T) int {
	scripts, err := filepath.Glob("migrations/*.sql")
	check(t, err)
	return len(scripts)
}

// schema is the real schema with more versions after it.
func schema(t *testing.T, more ...string) store.Option {
	files := fstest.MapFS{}
	for n := range latest(t) {
		name := fmt.Sprintf("%04d.sql", n+1)
		text, err := os.ReadFile(filepath.Join("migrations", name))
		check(t, err)
		files[name] = &fstest.MapFile{Data: text}
	}
	for i, script := range more {
		files[fmt.Sprintf("%04d.sql", latest(t)+1+i)] = &fstest.MapFile{Data: []byte(script)}
	}
	return store.WithMigrations(files)
}

func versionText(n int) string { return fmt.Sprint("version ", n) }

func backupName(version int) string { return fmt.Sprintf("backup-v%d.db", version) }

// nextVersion changes a table that is append-only, the hard case.
const nextVersion = `DROP TRIGGER studies_fixed;
	ALTER TABLE studies ADD COLUMN note TEXT NOT NULL DEFAULT '';
	UPDATE studies SET note = 'from the version before';`

func TestMigration(t *testing.T) {
	dir := filled(t)
	db := openIn(t, dir, schema(t, nextVersion))
	if state, err := db.Load(t.Context(), "a"); err != nil || state.Seq != 3000 {
		t.Fatalf("after the migration: %v", err)
	}
	check(t, db.Append(t.Context(), "a", eventsAfter(3000, 10)))
	var note string
	check(t, raw(t, dir).QueryRow("SELECT note FROM studies").Scan(&note))
	if note != "from the version before" {
		t.Errorf("note %q", note)
	}
	old := t.TempDir() // the backup is the database as it was
	check(t, os.Rename(filepath.Join(dir, backupName(latest(t))), filepath.Join(old, "automl.db")))
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
		_, err := store.Open(t.Context(), dir, schema(t, nextVersion, broken))
		wantError(t, err, trial.Internal, "migrate to "+versionText(latest(t)+2), "")
		var version, half int
		check(t, raw(t, dir).QueryRow("PRAGMA user_version").Scan(&version))
		check(t, raw(t, dir).QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&half))
		if version != latest(t)+1 || half != 0 {
			t.Errorf("version %d, %d tables of the failed step", version, half)
		}
	}
	db := openIn(t, dir, schema(t, nextVersion, "CREATE TABLE whole (x)"))
	check(t, db.Append(t.Context(), "a", eventsAfter(3000, 10)))
	for _, name := range []string{backupName(latest(t)), backupName(latest(t) + 1)} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestNewerVersion(t *testing.T) {
	dir := filled(t)
	check(t, openIn(t, dir, schema(t, nextVersion)).Close())
	_, err := store.Open(t.Context(), dir)
	wantError(t, err, trial.Conflict, versionText(latest(t)+1), "upgrade automl")
	_, err = store.OpenReadOnly(t.Context(), dir)
	wantError(t, err, trial.Conflict, versionText(latest(t)+1), "upgrade automl")
	openIn(t, dir, schema(t, nextVersion)) // the lock was given back
}

// TestFirstVersion migrates a database of the first version: its study has one objective, and goes on.
func TestFirstVersion(t *testing.T) {
	dir := t.TempDir()
	first, err := os.ReadFile("migrations/0001.sql")
	check(t, err)
	old, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "automl.db"))
	check(t, err)
	for _, statement := range []string{string(first), "PRAGMA application_id = 0x6175746f", "PRAGMA user_version = 1",
		`INSERT INTO studies (id, name, digest, seed, metric, goal, aggregate, folds, epochs, created)
			VALUES ('a', 'old', '', '1', 'acc', 'maximize', '', 3, 1000, 1)`} {
		_, err := old.Exec(statement)
		check(t, err)
	}
	check(t, old.Close())
	db := openIn(t, dir)
	studies, err := db.Studies(t.Context())
	check(t, err)
	if len(studies) != 1 || studies[0].Others != nil || studies[0].Objective.Metric != "acc" {
		t.Errorf("studies %+v", studies)
	}
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 10)))
}

func TestReadOnlyDoesNotMigrate(t *testing.T) {
	dir := filled(t)
	_, err := store.OpenReadOnly(t.Context(), dir, schema(t, nextVersion))
	wantError(t, err, trial.Conflict, versionText(latest(t)), "start the daemon once")
	openIn(t, dir)
}
