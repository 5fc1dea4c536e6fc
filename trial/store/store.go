package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"automl/trial"
)

// DB is the record of all studies of a data directory. Its methods may be called from several goroutines.
type DB struct {
	dir    string
	path   string
	read   *sql.DB
	writer *writer  // nil: opened to read only
	lock   *os.File // nil: opened to read only
	copied string   // the copy made before it was migrated; empty: it was not
}

// Migrated is the copy of the database as it was before Open migrated it; empty where it was of this version, or new.
func (db *DB) Migrated() string { return db.copied }

// readers is how many reads may run at the same time.
const readers = 4

// Option changes how a database is opened.
type Option func(*options)

type options struct {
	migrations fs.FS
}

// withMigrations replaces the schema, for tests of migration.
func withMigrations(f fs.FS) Option { return func(o *options) { o.migrations = f } }

func newOptions(opts []Option) options {
	o := options{migrations: migrations}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// fileName is the database inside the data directory.
const fileName = "automl.db"

// Open opens the data directory to write, creating it if need be. It fails with code Unavailable while another process has
// it open to write, with code Storage where the disk does not let it. A database of an older version is copied to
// backup-v<N>.db and migrated.
func Open(ctx context.Context, dir string, opts ...Option) (*DB, error) {
	o := newOptions(opts)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, trial.Wrap(trial.Invalid, err, "data directory")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fileError(err, "create the data directory")
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	db := &DB{dir: dir, path: filepath.Join(dir, fileName), lock: lock}
	if err := db.open(ctx, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// open opens the locked directory: check, migrate, count the epoch up, make the writer.
func (db *DB) open(ctx context.Context, o options) error {
	// Created here rather than by SQLite, which would let the umask decide who reads it.
	f, err := os.OpenFile(db.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fileError(err, "open the database")
	}
	if err := f.Close(); err != nil {
		return fileError(err, "open the database")
	}
	pool := connect(db.path, writeMode)
	pool.SetMaxOpenConns(1)
	conn, err := prepareFile(ctx, pool, db, o)
	if err != nil {
		return errors.Join(explain(err, db.dir, "open the database %s", db.path), pool.Close())
	}
	w, err := newWriter(ctx, pool, conn, db.dir)
	if err != nil {
		return errors.Join(explain(err, db.dir, "open the database %s", db.path), conn.Close(), pool.Close())
	}
	db.read = connect(db.path, readMode)
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	db.writer = w
	return nil
}

// prepareFile returns the one connection that writes, once the file is sound and of this version.
func prepareFile(ctx context.Context, pool *sql.DB, db *DB, o options) (*sql.Conn, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	err = quickCheck(ctx, conn)
	if err == nil {
		err = requireWAL(ctx, conn)
	}
	if err == nil {
		db.copied, err = migrate(ctx, conn, db.dir, o.migrations)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// requireWAL fails where the file system cannot do what WAL needs: SQLite would go on in a slower mode that locks readers out.
func requireWAL(ctx context.Context, conn *sql.Conn) error {
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return trial.Errorf(trial.Storage, "the file system does not support a write-ahead log (journal mode %q)", mode).
			WithHint("put the data directory on a local disk")
	}
	return nil
}

// Close writes what is queued, then closes the database and gives the directory back. Calls after it fail.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close()) // the last to close: it moves the log into the database
	}
	if db.lock != nil {
		errs = append(errs, giveBack(db.lock))
		db.lock = nil
	}
	return trial.Wrap(trial.Internal, errors.Join(errs...), "close the database")
}

// Owned fails with [trial.ErrTakenOver] when another daemon has opened the database since: nothing can be appended any more.
func (db *DB) Owned(ctx context.Context) error {
	if db.writer == nil {
		return trial.Errorf(trial.Invalid, "the database is open to read only")
	}
	return db.reading(ctx, func(conn *sql.Conn) error {
		var epoch int64
		if err := conn.QueryRowContext(ctx, "SELECT epoch FROM meta").Scan(&epoch); err != nil {
			return err
		}
		return db.writer.own(epoch)
	})
}

// Dir is the data directory.
func (db *DB) Dir() string { return db.dir }

// write runs a job on the writer.
func (db *DB) write(ctx context.Context, events int, run func(*writer) error) error {
	if db.writer == nil {
		return trial.Errorf(trial.Invalid, "the database is open to read only")
	}
	return db.writer.do(ctx, events, run)
}

// reading runs f on a connection that sees one state of the database throughout.
func (db *DB) reading(ctx context.Context, f func(*sql.Conn) error) (err error) {
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return explain(err, db.dir, "read the database")
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	_, err = conn.ExecContext(ctx, "BEGIN")
	if err == nil {
		err = f(conn)
	}
	// Also after a BEGIN that was cancelled: no connection goes back to the pool with an old view of the database. It
	// fails when there is no transaction, which is what is wanted.
	_, _ = conn.ExecContext(background, "ROLLBACK")
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // SQLite only says that it was interrupted
	}
	return explain(err, db.dir, "read the database")
}

func notFound(idOrName string) error {
	return trial.Errorf(trial.NotFound, "there is no study %q", idOrName).WithHint("automl list shows the studies")
}

// quickCheck finds damaged pages. It reads the whole file, which costs about a second for a gigabyte.
func quickCheck(ctx context.Context, conn *sql.Conn) error {
	found, err := lines(ctx, conn, "PRAGMA quick_check(3)")
	if err == nil && len(found) > 0 && found[0] != "ok" {
		err = &damaged{fmt.Errorf("%s", found[0])}
	}
	return err
}

// lines is the first column of a query.
func lines(ctx context.Context, q querier, query string, args ...any) (out []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// querier is a connection to read from.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
