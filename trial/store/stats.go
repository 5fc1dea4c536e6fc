package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"

	"github.com/mattn/go-sqlite3"

	"automl/trial"
)

// Stats tells about a database.
type Stats struct {
	Path      string `json:"path"`
	Bytes     int64  `json:"bytes"`     // of the file
	LogBytes  int64  `json:"log_bytes"` // of the write-ahead log beside it
	Schema    int    `json:"schema"`    // version
	Epoch     int64  `json:"epoch"`     // how often a daemon has opened it
	Studies   int64  `json:"studies"`
	Trials    int64  `json:"trials"`
	Reports   int64  `json:"reports"` // rows: one a metric of each report
	Decisions int64  `json:"decisions"`
	Repeated  int64  `json:"repeated"`  // rows that repeat a known point
	Conflicts int64  `json:"conflicts"` // of these, rows with another value than the one that stands
	SQLite    string `json:"sqlite"`

	Quarantined int64 `json:"quarantined"` // messages that nobody could read
}

// conflictsSQL counts repetitions with another value. CROSS JOIN has it begin with the few repetitions.
const conflictsSQL = `SELECT count(*) FROM reports r CROSS JOIN reports f USING (study, trial, metric, fold, epoch)
	WHERE r.repeated = 1 AND f.repeated = 0 AND (f.value IS NOT r.value OR f.special IS NOT r.special)`

// Stats counts what the database holds; it reads all of it.
func (db *DB) Stats(ctx context.Context) (Stats, error) {
	s := Stats{Path: db.path}
	s.SQLite, _, _ = sqlite3.Version()
	var err error
	if s.Bytes, s.LogBytes, err = db.Size(); err != nil {
		return s, err
	}
	err = db.reading(ctx, func(conn *sql.Conn) error {
		for query, at := range map[string]any{
			"PRAGMA user_version":                             &s.Schema,
			"SELECT epoch FROM meta":                          &s.Epoch,
			"SELECT count(*) FROM studies":                    &s.Studies,
			"SELECT count(*) FROM trials":                     &s.Trials,
			"SELECT count(*) FROM decisions":                  &s.Decisions,
			"SELECT count(*) FROM reports":                    &s.Reports,
			"SELECT count(*) FROM reports WHERE repeated = 1": &s.Repeated,
			"SELECT count(*) FROM quarantine":                 &s.Quarantined,
			conflictsSQL:                                      &s.Conflicts,
		} {
			if err := conn.QueryRowContext(ctx, query).Scan(at); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

// Size is how many bytes the database file and its write-ahead log take.
func (db *DB) Size() (file, log int64, err error) {
	info, err := os.Stat(db.path)
	if err != nil {
		return 0, 0, fileError(err, "size of the database")
	}
	file = info.Size()
	info, err = os.Stat(db.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return file, 0, nil
	}
	if err != nil {
		return 0, 0, fileError(err, "size of the write-ahead log")
	}
	return file, info.Size(), nil
}

// Backup writes a copy of the database, as it is at this moment, to a new file, while others read and write.
func (db *DB) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return trial.Errorf(trial.Conflict, "%s exists", path).WithHint("name a new file for the backup")
	}
	return explain(copyInto(ctx, db.path, path), db.dir, "back up to %s", path)
}
