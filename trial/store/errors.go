package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"

	"automl/trial"
)

// damaged says that the file is not what was written.
type damaged struct{ error }

func (d *damaged) Unwrap() error { return d.error }

// explain gives an error of SQLite a code and a hint. Errors that have a code keep it.
func explain(err error, dir, format string, args ...any) error {
	var coded *trial.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	code, hint := classify(err, dir)
	return &trial.Error{Code: code, Msg: fmt.Sprintf(format, args...), Hint: hint, Err: err}
}

// classify tells the code of an error, and what to do about it.
func classify(err error, dir string) (trial.Code, string) {
	var broken *damaged
	var lite sqlite3.Error
	if errors.As(err, &broken) {
		return trial.Internal, damagedHint(dir)
	}
	if !errors.As(err, &lite) {
		return trial.Internal, ""
	}
	switch lite.Code {
	case sqlite3.ErrFull:
		return trial.Storage, fullHint
	case sqlite3.ErrIoErr:
		return trial.Storage, "the disk failed or is full; nothing that was recorded is lost"
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return trial.Unavailable, "another program holds a write transaction on the database; end it"
	case sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrPerm, sqlite3.ErrAuth:
		return trial.Storage, "check the permissions of " + dir
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return trial.Internal, damagedHint(dir)
	case sqlite3.ErrConstraint, sqlite3.ErrTooBig, sqlite3.ErrMismatch:
		return trial.Invalid, ""
	}
	return trial.Internal, ""
}

const fullHint = "the disk is full: free some space; nothing that was recorded is lost"

// fileError is an error of a file that is not SQLite's business.
func fileError(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	e := &trial.Error{Code: trial.Storage, Msg: fmt.Sprintf(format, args...), Err: err}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		e.Hint = fullHint
	}
	return e
}

// damagedHint says what to do about a damaged database: use the newest backup, or salvage.
func damagedHint(dir string) string {
	hint := fmt.Sprintf("the file is damaged. Put your newest backup in the place of %s", filepath.Join(dir, fileName))
	backups, _ := filepath.Glob(filepath.Join(dir, "backup-v*.db")) // the pattern is ours: it is never malformed
	if len(backups) > 0 {
		hint += ", such as " + slices.Max(backups)
	}
	return hint + fmt.Sprintf("; or save what can be read: automl salvage NEW-DIR --data-dir %s", dir)
}
