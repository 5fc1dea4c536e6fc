package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// statements are prepared once on the connection that writes. Those that run for every event are the driver's own: what database/sql
// does around each call costs as much as a third of an insertion.
type statements struct {
	begin, commit, epoch                        *sql.Stmt
	report, decision, newTrial, trial, measured driver.Stmt
}

func (s *statements) few() map[string]**sql.Stmt {
	return map[string]**sql.Stmt{
		"BEGIN IMMEDIATE":        &s.begin,
		"COMMIT":                 &s.commit,
		"SELECT epoch FROM meta": &s.epoch,
	}
}

func (s *statements) many() map[string]*driver.Stmt {
	return map[string]*driver.Stmt{
		`INSERT INTO reports (study, seq, pos, trial, attempt, fold, epoch, metric, value, special, repeated, cost, last, time,
			cache_hits, cache_misses, cache_saved, confusion, usage)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
			ON CONFLICT (study, trial, metric, fold, epoch) WHERE repeated = 0 DO NOTHING`: &s.report,
		"INSERT INTO decisions (study, seq, " + decisionColumns + `)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`: &s.decision,
		newTrialSQL: &s.newTrial,
		trialSQL:    &s.trial,
		measuredSQL: &s.measured,
	}
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	for query, at := range s.few() {
		stmt, err := conn.PrepareContext(ctx, query)
		if err != nil {
			return errors.Join(err, s.close())
		}
		*at = stmt
	}
	err := conn.Raw(func(c any) error {
		for query, at := range s.many() {
			stmt, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, query)
			if err != nil {
				return err
			}
			*at = stmt
		}
		return nil
	})
	if err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

func (s *statements) close() error {
	var errs []error
	for _, at := range s.few() {
		if *at != nil {
			errs = append(errs, (*at).Close())
		}
	}
	for _, at := range s.many() {
		if *at != nil {
			errs = append(errs, (*at).Close())
		}
	}
	return errors.Join(errs...)
}

// exec runs one of the statements with values as a driver takes them: int64, float64, bool, string or nil. It returns how many rows it
// changed. Only the leader does so.
func (w *writer) exec(s driver.Stmt, values ...any) (changed int64, err error) {
	w.args = w.args[:0]
	for i, v := range values {
		w.args = append(w.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	err = w.conn.Raw(func(any) error {
		done, err := s.(driver.StmtExecContext).ExecContext(background, w.args)
		if err != nil {
			return err
		}
		changed, err = done.RowsAffected()
		return err
	})
	return changed, err
}
