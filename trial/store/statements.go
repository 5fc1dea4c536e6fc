package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// statements are prepared once on the connection that writes. Those that run for every event are the driver's own: what database/sql
// does around each call costs as much as a third of an insertion.
type statements struct {
	begin, commit, epoch                        *sql.Stmt
	report, decision, newTrial, trial, measured driver.Stmt
	plain                                       [len(plainRows)]driver.Stmt
}

// plainRows is how many plain rows of reports one statement takes, the most first. Thirty cost a third less together than each alone.
var plainRows = [...]int{32, 8, 1}

// plainColumns are those of a plain row, besides the study: one that holds nothing that seldom is there.
const plainColumns = "seq, pos, trial, attempt, fold, epoch, metric, value, cost, last, time"

var plainWidth = 1 + strings.Count(plainColumns, ",")

func plainSQL(rows int) string {
	values := make([]string, rows)
	next := 2 // 1 is the study, in each row
	for i := range values {
		values[i] = "(?1, 0"
		for range plainWidth {
			values[i] += fmt.Sprintf(", ?%d", next)
			next++
		}
		values[i] += ")"
	}
	return "INSERT INTO reports (study, repeated, " + plainColumns + ") VALUES " + strings.Join(values, ", ")
}

func (s *statements) few() map[string]**sql.Stmt {
	return map[string]**sql.Stmt{
		"BEGIN IMMEDIATE":        &s.begin,
		"COMMIT":                 &s.commit,
		"SELECT epoch FROM meta": &s.epoch,
	}
}

func (s *statements) many() map[string]*driver.Stmt {
	many := map[string]*driver.Stmt{
		`INSERT INTO reports (study, seq, pos, trial, attempt, fold, epoch, metric, value, special, repeated, cost, last, time,
			cache_hits, cache_misses, cache_saved, confusion, usage)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`: &s.report,
		"INSERT INTO decisions (study, seq, " + decisionColumns + `)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`: &s.decision,
		newTrialSQL: &s.newTrial,
		trialSQL:    &s.trial,
		measuredSQL: &s.measured,
	}
	for i, rows := range plainRows {
		many[plainSQL(rows)] = &s.plain[i]
	}
	return many
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

// exec runs one of the statements with values as a driver takes them: int64, float64, bool, string or nil. Only the leader does so.
func (w *writer) exec(s driver.Stmt, values ...any) error {
	w.args = w.args[:0]
	for i, v := range values {
		w.args = append(w.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return w.conn.Raw(func(any) error {
		_, err := s.(driver.StmtExecContext).ExecContext(background, w.args)
		return err
	})
}
