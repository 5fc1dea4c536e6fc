package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"

	"automl/trial"
)

// CreateStudy adds a study; code Conflict when its name or id is taken, Invalid when it makes no study.
func (db *DB) CreateStudy(ctx context.Context, s trial.Study) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Validate(); err != nil {
		return trial.Wrap(trial.Invalid, err, "create a study")
	}
	if !storable(s.Created) {
		return trial.Errorf(trial.Invalid, "study %s: the time %v is out of range", s.Name, s.Created)
	}
	if s.Document != nil && !json.Valid(s.Document) {
		return trial.Errorf(trial.Invalid, "study %s: the document is not JSON", s.Name)
	}
	return db.write(ctx, 1, func(w *writer) error { return w.createStudy(s) })
}

func (w *writer) createStudy(s trial.Study) error {
	// Names and ids share one space, so that an argument that may be either is never two studies.
	var taken string
	err := w.conn.QueryRowContext(background, "SELECT name FROM studies WHERE ?1 IN (id, name) OR ?2 IN (id, name)",
		s.ID, s.Name).Scan(&taken)
	if err == nil {
		return refusal{trial.Errorf(trial.Conflict, "there is a study %q already", taken).
			WithHint("choose another name, or delete that study first")}
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var document any
	if s.Document != nil {
		document = string(s.Document)
	}
	others, err := encodeObjectives(s.Others)
	if err != nil {
		return err
	}
	_, err = w.conn.ExecContext(background, "INSERT INTO studies ("+studyColumns+") VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
		s.ID, s.Name, document, s.Digest, strconv.FormatUint(s.Seed, 10), s.Objective.Metric, string(s.Objective.Goal),
		string(s.Objective.Folds), s.Shape.Folds, s.Shape.Epochs, encodeTime(s.Created), others)
	return err
}

// DeleteStudy removes a study and its record; code NotFound when there is none. Others wait to write meanwhile, a few seconds
// for a million reports.
func (db *DB) DeleteStudy(ctx context.Context, study string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return db.write(ctx, 1, func(w *writer) error {
		done, err := w.conn.ExecContext(background, "DELETE FROM studies WHERE id = ?", study)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return refusal{errors.Join(err, notFound(study))}
		}
		if r := w.records[study]; r != nil {
			clear(r.changed) // by a job before this one, in the same transaction
			delete(w.records, study)
		}
		return nil
	})
}

// Studies lists all studies in the order they were created.
func (db *DB) Studies(ctx context.Context) (out []trial.Study, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		return eachStudy(ctx, conn, func(s trial.Study, _ int64) error {
			out = append(out, s)
			return nil
		})
	})
	return out, err
}

// StudyStates is where each study stands, by id.
func (db *DB) StudyStates(ctx context.Context) (map[string]trial.StudyState, error) {
	out := map[string]trial.StudyState{}
	err := db.reading(ctx, func(conn *sql.Conn) (err error) {
		rows, err := conn.QueryContext(ctx, "SELECT id, state FROM studies_v")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var id string
			var state trial.StudyState
			if err := rows.Scan(&id, &state); err != nil {
				return err
			}
			out[id] = state
		}
		return rows.Err()
	})
	return out, err
}

// Study returns a study by its id or its name; code NotFound when there is none.
func (db *DB) Study(ctx context.Context, idOrName string) (s trial.Study, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		s, _, err = findStudy(ctx, conn, "? IN (id, name)", idOrName)
		return err
	})
	return s, err
}

const studyColumns = "id, name, document, digest, seed, metric, goal, aggregate, folds, epochs, created, others"

// findStudy returns the one study that a condition holds for, with its key in the database.
func findStudy(ctx context.Context, q querier, where, value string) (s trial.Study, key int64, err error) {
	row := q.QueryRowContext(ctx, "SELECT key, "+studyColumns+" FROM studies WHERE "+where, value)
	s, key, err = scanStudy(row)
	if errors.Is(err, sql.ErrNoRows) {
		err = notFound(value)
	}
	return s, key, err
}

func eachStudy(ctx context.Context, q querier, f func(trial.Study, int64) error) (err error) {
	rows, err := q.QueryContext(ctx, "SELECT key, "+studyColumns+" FROM studies ORDER BY key")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		s, key, err := scanStudy(rows)
		if err != nil {
			return err
		}
		if err := f(s, key); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanStudy(row interface{ Scan(...any) error }) (s trial.Study, key int64, err error) {
	var document, others sql.NullString
	var seed string
	var created int64
	err = row.Scan(&key, &s.ID, &s.Name, &document, &s.Digest, &seed, &s.Objective.Metric, &s.Objective.Goal,
		&s.Objective.Folds, &s.Shape.Folds, &s.Shape.Epochs, &created, &others)
	if err != nil {
		return s, 0, err
	}
	if others.Valid {
		if err := json.Unmarshal([]byte(others.String), &s.Others); err != nil {
			return s, 0, trial.Wrap(trial.Internal, err, "the objectives of study %s", s.Name)
		}
	}
	if document.Valid {
		s.Document = json.RawMessage(document.String)
	}
	s.Created = decodeTime(created)
	s.Seed, err = strconv.ParseUint(seed, 10, 64)
	return s, key, err
}
