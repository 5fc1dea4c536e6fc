package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"automl/trial"
)

// OpenReadOnly opens the data directory to read, whether or not a daemon has it open, and after one was killed. It takes no
// lock and changes nothing that was recorded; what SQLite keeps beside the file to coordinate readers (automl.db-shm,
// automl.db-wal) may appear. A database of another version is refused: an older one is migrated by the daemon's next start.
func OpenReadOnly(ctx context.Context, dir string, opts ...Option) (*DB, error) {
	o := newOptions(opts)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, trial.Wrap(trial.Invalid, err, "data directory")
	}
	db := &DB{dir: dir, path: filepath.Join(dir, fileName)}
	info, err := os.Stat(db.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 && noLog(db.path) {
		return nil, trial.Errorf(trial.NotFound, "there is no database in %s", dir).
			WithHint("give the data directory of a study, or start one with: automl run")
	}
	if err != nil {
		return nil, fileError(err, "open the database")
	}
	if err := db.openRead(ctx, o); err != nil {
		return nil, err
	}
	return db, nil
}

func (db *DB) openRead(ctx context.Context, o options) error {
	pool, err := db.connectRead(ctx)
	if err == nil {
		err = sameVersion(ctx, pool, o.migrations)
	}
	if err != nil {
		return errors.Join(explain(err, db.dir, "open the database %s", db.path), pool.Close())
	}
	pool.SetMaxOpenConns(readers)
	pool.SetMaxIdleConns(readers)
	db.read = pool
	return nil
}

// connectRead opens the file the way its surroundings allow. A reader of a write-ahead log coordinates with others through
// files beside the database; where it may not make them (a disk mounted to read only, somebody else's directory), the file can
// still be read as it lies, but only if no log belongs to it, and so no daemon runs.
func (db *DB) connectRead(ctx context.Context) (*sql.DB, error) {
	pool := connect(db.path, readMode)
	var tables int
	err := pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables)
	var lite sqlite3.Error
	if !errors.As(err, &lite) || lite.Code != sqlite3.ErrCantOpen && lite.Code != sqlite3.ErrReadonly || !noLog(db.path) {
		return pool, err
	}
	if err := pool.Close(); err != nil {
		return pool, err
	}
	return connect(db.path, frozenMode), nil
}

// noLog reports whether the database has no write-ahead log with something in it.
func noLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// sameVersion refuses a schema that this program does not know.
func sameVersion(ctx context.Context, q querier, f fs.FS) error {
	steps, err := scripts(f)
	if err != nil {
		return err
	}
	version, err := schemaVersion(ctx, q, len(steps))
	switch {
	case err != nil:
		return err
	case version == 0:
		return trial.Errorf(trial.Unavailable, "the database is being created").WithHint("try again in a moment")
	case version < len(steps):
		return trial.Errorf(trial.Conflict, "the database has version %d, this automl reads version %d", version, len(steps)).
			WithHint("start the daemon once (automl daemon, automl run): it makes a backup and upgrades the database")
	}
	return nil
}
