package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"automl/trial"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations holds one SQL script a version of the schema: 0001.sql makes version 1 of an empty database, 0002.sql makes
// version 2 of version 1, and so on. A script that was released is never changed.
var migrations = mustSub(embedded, "migrations")

func mustSub(f fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// applicationID marks the file as ours ("auto"), so that another program's database is not taken for one.
const applicationID = 0x6175746f

// scripts is the migrations in order: scripts[i] leads from version i to i+1.
func scripts(f fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(f, ".") // sorted by name
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".sql"))
		if err != nil || n != len(out)+1 {
			return nil, fmt.Errorf("migration %s is out of order", e.Name())
		}
		text, err := fs.ReadFile(f, e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, string(text))
	}
	return out, nil
}

// migrate brings the database to the latest version, each step in a transaction of its own. A process killed in between
// leaves the database at the version before, whole. It returns the copy that it made of a database that was not empty.
func migrate(ctx context.Context, conn *sql.Conn, dir string, f fs.FS) (copied string, err error) {
	steps, err := scripts(f)
	if err != nil {
		return "", err
	}
	version, err := schemaVersion(ctx, conn, len(steps))
	if err != nil || version == len(steps) {
		return "", err
	}
	if version > 0 {
		if err := backupBefore(ctx, dir, version); err != nil {
			return "", err
		}
		copied = backupName(dir, version)
	}
	// Scripts that rebuild a table need this off; it cannot be changed inside a transaction.
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return "", err
	}
	for ; version < len(steps); version++ {
		if err := step(ctx, conn, steps[version], version+1); err != nil {
			return "", fmt.Errorf("migrate to version %d: %w", version+1, err)
		}
	}
	_, err = conn.ExecContext(ctx, "PRAGMA foreign_keys = ON")
	return copied, err
}

// schemaVersion is the version of the file, 0 when it is empty. It refuses a newer one and a database that is not ours.
func schemaVersion(ctx context.Context, q querier, latest int) (int, error) {
	var version, id, tables int
	err := errors.Join(
		q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
		q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id),
		q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables))
	switch {
	case err != nil:
		return 0, err
	case id != applicationID && (version > 0 || tables > 0):
		return 0, trial.Errorf(trial.Invalid, "the database was not made by automl").
			WithHint("use another data directory")
	case version > latest:
		return 0, trial.Errorf(trial.Invalid, "the database has version %d, this automl knows versions up to %d", version, latest).
			WithHint("upgrade automl, or go back to the backup it made before the database was migrated")
	}
	return version, nil
}

// step makes the given version.
func step(ctx context.Context, conn *sql.Conn, script string, version int) (err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // the first error tells
		}
	}()
	if _, err := conn.ExecContext(ctx, script); err != nil {
		return err
	}
	broken, err := lines(ctx, conn, `SELECT "table" FROM pragma_foreign_key_check`)
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("rows of %s point nowhere", broken[0])
	}
	_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d; COMMIT", version, applicationID))
	return err
}

// backupBefore copies the database aside before it is migrated away from the version. A copy that an interrupted attempt left
// is replaced: the database has at least what it has.
func backupBefore(ctx context.Context, dir string, version int) error {
	return copyInto(ctx, filepath.Join(dir, fileName), backupName(dir, version))
}

func backupName(dir string, version int) string {
	return filepath.Join(dir, fmt.Sprintf("backup-v%d.db", version))
}

// copyInto writes a compact copy of the database at path, in full or not at all.
func copyInto(ctx context.Context, path, target string) (err error) {
	part := target + ".part"
	if err := os.WriteFile(part, nil, 0o600); err != nil { // an empty file is what VACUUM INTO accepts
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part) // the first error tells
		}
	}()
	pool := connect(path, copyMode)
	_, err = pool.ExecContext(ctx, "VACUUM INTO ?", part)
	if err = errors.Join(err, pool.Close()); err != nil {
		return err
	}
	if err := syncPath(part); err != nil {
		return err
	}
	if err := os.Rename(part, target); err != nil {
		return err
	}
	return syncPath(filepath.Dir(target))
}

// syncPath makes a file, or the names in a directory, durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
