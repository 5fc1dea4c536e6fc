package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"automl/trial"
)

// Verify applies every record anew and compares what follows with the rows of the trials. It returns what differs, in words;
// [DB.Rebuild] puts the rows of a study right.
func (db *DB) Verify(ctx context.Context) (problems []string, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		return eachStudy(ctx, conn, func(s trial.Study, key int64) error {
			found, err := verifyStudy(ctx, conn, s, key)
			problems = append(problems, found...)
			return err
		})
	})
	return problems, err
}

func verifyStudy(ctx context.Context, q querier, s trial.Study, key int64) (problems []string, err error) {
	say := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("study %s: ", s.Name)+fmt.Sprintf(format, args...))
	}
	state, err := load(ctx, q, s, key)
	var broken *trial.Error
	if errors.As(err, &broken) {
		say("%v", err)
		return problems, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := summaries(ctx, q, key)
	if err != nil {
		return nil, err
	}
	for _, t := range state.Trials {
		want, err := summarize(t, s).withParams(t.Params)
		if err != nil {
			return nil, err
		}
		have, ok := rows[t.Number]
		if delete(rows, t.Number); !ok {
			say("trial %d has no row", t.Number)
		} else if have != want {
			say("trial %d has the row %s, its record says %s", t.Number, have, want)
		}
	}
	for n := range rows {
		say("trial %d has a row, but no record", n)
	}
	wrong, err := misplacedRepetitions(ctx, q, key)
	if wrong > 0 {
		say("%d reports are marked as repetitions of nothing", wrong)
	}
	slices.Sort(problems)
	return problems, err
}

// misplacedRepetitions counts the rows marked as repeated without an earlier row of the same point that stands.
func misplacedRepetitions(ctx context.Context, q querier, study int64) (n int, err error) {
	err = q.QueryRowContext(ctx, `SELECT count(*) FROM reports r WHERE r.study = ? AND r.repeated = 1 AND NOT EXISTS (
		SELECT 1 FROM reports f WHERE f.study = r.study AND f.trial = r.trial AND f.metric = r.metric AND f.fold = r.fold
		AND f.epoch = r.epoch AND f.repeated = 0 AND (f.seq, f.pos) < (r.seq, r.pos))`, study).Scan(&n)
	return n, err
}

// String is the row for a person.
func (s summary) String() string {
	return fmt.Sprintf("{%s value=%s std=%s best_epoch=%d folds=%d done=%d:%d epochs=%d+%d seconds=%s attempts=%d failures=%d %q %q %q %d %d %d %s %s %s}",
		s.State, number(s.Value), number(s.Std), s.BestEpoch.Int64, s.Folds, s.DoneFold, s.DoneEpoch, s.Epochs, s.Extra, number(s.Seconds),
		s.Attempts, s.Failures, s.Failure, s.Reason, s.Artifact, s.Started, s.Ended, s.Bracket, s.Origin, s.Params.String, s.Others.String)
}

func number(v sql.NullFloat64) string {
	if !v.Valid {
		return "none"
	}
	return fmt.Sprint(v.Float64)
}

// Rebuild writes the rows of a study's trials anew from its record.
func (db *DB) Rebuild(ctx context.Context, study string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return db.write(ctx, 1, func(w *writer) error {
		r, err := w.record(study)
		if err != nil {
			return err
		}
		w.touch(r)
		if _, err := w.conn.ExecContext(background, "DELETE FROM trials WHERE study = ?", r.key); err != nil {
			return err
		}
		r.rows = 0
		for _, t := range r.state.Trials {
			r.changed[t.Number] = true
		}
		return nil
	})
}

// Check has SQLite check the whole file: pages, indexes, constraints, foreign keys. It returns what is wrong, in words.
func (db *DB) Check(ctx context.Context) (problems []string, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		found, err := lines(ctx, conn, "PRAGMA integrity_check(100)")
		if !slices.Equal(found, []string{"ok"}) {
			problems = append(problems, found...)
		}
		lost, err2 := lines(ctx, conn, `SELECT 'a row of ' || "table" || ' points nowhere' FROM pragma_foreign_key_check`)
		problems = append(problems, lost...)
		return errors.Join(err, err2)
	})
	return problems, err
}
