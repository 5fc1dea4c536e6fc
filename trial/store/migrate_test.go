package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"automl/trial"
	"automl/trial/store"
)

// latest is the version of the schema.
func latest(t *testing.T) int {
	scripts, err := filepath.Glob("migrations/*.sql")
	check(t, err)
	return len(scripts)
}

// schema is the real versions up to and with the last, and more after it.
func schema(t *testing.T, last int, more ...string) store.Option {
	files := fstest.MapFS{}
	script := func(n int) string { return fmt.Sprintf("%04d.sql", n) }
	for n := 1; n <= last; n++ {
		data, err := os.ReadFile(filepath.Join("migrations", script(n)))
		check(t, err)
		files[script(n)] = &fstest.MapFile{Data: data}
	}
	for i, text := range more {
		files[script(last+1+i)] = &fstest.MapFile{Data: []byte(text)}
	}
	return store.WithMigrations(files)
}

// next changes a table that is append-only, the hard case.
const next = `DROP TRIGGER studies_fixed;
	ALTER TABLE studies ADD COLUMN note TEXT NOT NULL DEFAULT '';
	UPDATE studies SET note = 'from before';`

func backup(version int) string { return fmt.Sprintf("backup-v%d.db", version) }

func TestMigration(t *testing.T) {
	dir := filled(t)
	db := openIn(t, dir, schema(t, latest(t), next))
	if state, err := db.Load(t.Context(), "a"); err != nil || state.Seq != 3000 {
		t.Fatalf("after the migration: %v", err)
	}
	check(t, db.Append(t.Context(), "a", eventsAfter(3000, 10)))
	if got, want := db.Migrated(), filepath.Join(dir, backup(latest(t))); got != want {
		t.Errorf("the copy is %q, want %q", got, want)
	}
	if again := openIn(t, t.TempDir()); again.Migrated() != "" {
		t.Errorf("a new database has a copy: %q", again.Migrated())
	}
	var note string
	check(t, raw(t, dir).QueryRow("SELECT note FROM studies").Scan(&note))
	if note != "from before" {
		t.Errorf("note %q", note)
	}
	old := t.TempDir() // the backup is the database as it was
	check(t, os.Rename(filepath.Join(dir, backup(latest(t))), filepath.Join(old, "automl.db")))
	if state, err := openIn(t, old).Load(t.Context(), "a"); err != nil || state.Seq != 3000 {
		t.Errorf("the backup: %v", err)
	}
}

// asOf makes a database of an older version that holds what the database in dir does.
func asOf(t *testing.T, dir string, version int) string {
	t.Helper()
	old := t.TempDir()
	conn, err := raw(t, old).Conn(t.Context())
	check(t, err)
	defer conn.Close()
	for n := 1; n <= version; n++ {
		script, err := os.ReadFile(fmt.Sprintf("migrations/%04d.sql", n))
		check(t, err)
		_, err = conn.ExecContext(t.Context(), string(script))
		check(t, err)
	}
	_, err = conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", version, 0x6175746f))
	check(t, err)
	_, err = conn.ExecContext(t.Context(), "ATTACH ? AS new", filepath.Join(dir, "automl.db"))
	check(t, err)
	for _, table := range []string{"studies", "reports", "decisions", "trials"} {
		var columns string
		check(t, conn.QueryRowContext(t.Context(), "SELECT group_concat(name) FROM pragma_table_info(?, 'main')", table).Scan(&columns))
		_, err := conn.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO main.%s (%s) SELECT %s FROM new.%s", table, columns, columns, table))
		check(t, err)
	}
	return old
}

// TestEveryVersionLeadsToTheLatest opens databases of all older versions.
func TestEveryVersionLeadsToTheLatest(t *testing.T) {
	whole := filled(t)
	before, err := openIn(t, whole).Load(t.Context(), "a")
	check(t, err)
	for version := 1; version < latest(t); version++ {
		dir := asOf(t, whole, version)
		db := openIn(t, dir) // checks the whole database in the end
		after, err := db.Load(t.Context(), "a")
		if check(t, err); !reflect.DeepEqual(before, after) {
			t.Errorf("version %d: another state after the migration", version)
		}
		check(t, db.Append(t.Context(), "a", []trial.Event{{Seq: 3001, Decision: &trial.Decision{Trial: 2, What: trial.Audited}}}))
		var plan string
		check(t, raw(t, dir).QueryRow("SELECT stat FROM sqlite_stat1 WHERE idx = 'decisions_trial'").Scan(&plan))
		_, err = raw(t, dir).Exec("UPDATE decisions SET reason = 'another'")
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("version %d: the record can be changed after the migration: %v", version, err)
		}
	}
}

func TestMigrationFails(t *testing.T) {
	dir := filled(t)
	for _, broken := range []string{
		"CREATE TABLE half (x); SELECT * FROM nowhere",
		"CREATE TABLE half (x REFERENCES studies (key)); INSERT INTO half VALUES (77)", // points nowhere
	} {
		_, err := store.Open(t.Context(), dir, schema(t, latest(t), next, broken))
		wantError(t, err, trial.Internal, fmt.Sprintf("migrate to version %d", latest(t)+2), "")
		var version, half int
		check(t, raw(t, dir).QueryRow("PRAGMA user_version").Scan(&version))
		check(t, raw(t, dir).QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&half))
		if version != latest(t)+1 || half != 0 {
			t.Errorf("version %d, %d tables of the failed step", version, half)
		}
	}
	db := openIn(t, dir, schema(t, latest(t), next, "CREATE TABLE whole (x)"))
	check(t, db.Append(t.Context(), "a", eventsAfter(3000, 10)))
	for _, name := range []string{backup(latest(t)), backup(latest(t) + 1)} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestNewerVersion(t *testing.T) {
	dir := filled(t)
	check(t, openIn(t, dir, schema(t, latest(t), next)).Close())
	_, err := store.Open(t.Context(), dir)
	wantError(t, err, trial.Invalid, fmt.Sprintf("version %d", latest(t)+1), "upgrade automl")
	_, err = store.OpenReadOnly(t.Context(), dir)
	wantError(t, err, trial.Invalid, fmt.Sprintf("version %d", latest(t)+1), "upgrade automl")
	openIn(t, dir, schema(t, latest(t), next)) // the lock was given back
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
	_, err := store.OpenReadOnly(t.Context(), dir, schema(t, latest(t), next))
	wantError(t, err, trial.Conflict, fmt.Sprintf("version %d", latest(t)), "start the daemon once")
	openIn(t, dir)
}
