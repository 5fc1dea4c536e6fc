// Package record checks what must hold of a database after any fault, from the file alone: it knows what the tables mean, and asks
// neither a daemon nor the code that wrote them, but for the replay of the decisions.
package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver

	"automl/trial"
	"automl/trial/store"
)

// Receipt is a report that the daemon has said to have on record.
type Receipt struct {
	Study                       string // its id; empty: the only one
	Trial, Attempt, Fold, Epoch int
	Metrics                     trial.Metrics
}

// Verdict is what is wrong, in words; empty where all is well.
type Verdict struct {
	Lost    []string // reports that were receipted, or must have been made, and are not there
	Doubled []string // reports that count twice
	Wrong   []string // everything else
}

// OK reports whether nothing is wrong.
func (v Verdict) OK() bool { return len(v.Lost)+len(v.Doubled)+len(v.Wrong) == 0 }

// Problems are all of them.
func (v Verdict) Problems() []string {
	out := append([]string{}, v.Lost...)
	return append(append(out, v.Doubled...), v.Wrong...)
}

// Check checks the database in a data directory that nothing writes. over says that every study must have ended.
func Check(ctx context.Context, dir string, receipts []Receipt, over bool) (v Verdict, err error) {
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(dir, "automl.db"), RawQuery: "mode=ro&_query_only=1"}
	db, err := sql.Open("sqlite3", file.String())
	if err != nil {
		return v, err
	}
	defer db.Close()
	c := &checker{ctx: ctx, db: db, v: &v}
	c.whole()
	c.each(&v.Doubled, doubledSQL)
	c.each(&v.Lost, holesSQL)
	for _, query := range wrongSQL {
		c.each(&v.Wrong, query)
	}
	if over {
		c.each(&v.Wrong, unfinishedSQL)
	}
	c.values()
	c.receipts(receipts)
	if c.err != nil {
		return v, c.err
	}
	replayed, err := replay(ctx, dir)
	v.Wrong = append(v.Wrong, replayed...)
	return v, err
}

// checker asks the database; the first error stops it.
type checker struct {
	ctx context.Context
	db  *sql.DB
	v   *Verdict
	err error
}

// rows runs a query and calls f for each row, to scan it.
func (c *checker) rows(query string, f func(scan func(...any) error) error) {
	if c.err != nil {
		return
	}
	rows, err := c.db.QueryContext(c.ctx, query)
	if err != nil {
		c.err = fmt.Errorf("%w in %s", err, query)
		return
	}
	for rows.Next() && c.err == nil {
		c.err = f(rows.Scan)
	}
	c.err = errors.Join(c.err, rows.Err(), rows.Close())
}

// each adds one problem a row; a query answers with a text a row.
func (c *checker) each(to *[]string, query string) {
	c.rows(query, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		*to = append(*to, text)
		return err
	})
}

// whole has SQLite check the file.
func (c *checker) whole() {
	var found []string
	c.each(&found, "PRAGMA integrity_check")
	if c.err == nil && (len(found) != 1 || found[0] != "ok") {
		c.v.Wrong = append(c.v.Wrong, found...)
	}
	c.each(&c.v.Wrong, `SELECT 'a row of ' || "table" || ' points nowhere' FROM pragma_foreign_key_check`)
}

// doubledSQL finds points of a curve with two values that stand, and reports of one attempt that are there twice.
const doubledSQL = `SELECT printf('trial %d fold %d epoch %d: %d values of %s', trial, fold, epoch, count(*), metric) FROM reports NOT INDEXED
	WHERE repeated = 0 GROUP BY study, trial, fold, epoch, metric HAVING count(*) > 1
	UNION ALL
	SELECT printf('trial %d attempt %d fold %d epoch %d: reported %d times', trial, attempt, fold, epoch, count(*)) FROM reports NOT INDEXED
	GROUP BY study, trial, attempt, fold, epoch, metric HAVING count(*) > 1`

// holesSQL finds folds whose epochs are not 1 to n, and folds that were begun although the one before is not whole.
const holesSQL = `WITH folds_of AS (SELECT r.study, r.trial, r.fold, count(DISTINCT r.epoch) AS n, max(r.epoch) AS top, max(r.last) AS last
		FROM reports r WHERE r.repeated = 0 GROUP BY r.study, r.trial, r.fold)
	SELECT printf('trial %d fold %d: %d of %d epochs are on record', trial, fold, n, top) FROM folds_of WHERE n <> top
	UNION ALL
	SELECT printf('trial %d: fold %d was begun, fold %d has %d epochs', f.trial, f.fold, f.fold - 1, coalesce(b.n, 0))
	FROM folds_of f JOIN studies s ON s.key = f.study LEFT JOIN folds_of b ON b.study = f.study AND b.trial = f.trial AND b.fold = f.fold - 1
	WHERE f.fold BETWEEN 1 AND s.folds - 1 AND coalesce(b.n, 0) < s.epochs AND coalesce(b.last, 0) = 0
	UNION ALL
	SELECT printf('trial %d is COMPLETE with %d of %d epochs', t.number, (SELECT coalesce(sum(n), 0) FROM folds_of f
		WHERE f.study = t.study AND f.trial = t.number AND f.fold < s.folds), s.folds * s.epochs)
	FROM trials t JOIN studies s ON s.key = t.study WHERE t.state = 'COMPLETE'
	AND NOT EXISTS (SELECT 1 FROM folds_of f WHERE f.study = t.study AND f.trial = t.number AND f.last = 1)
	AND (SELECT coalesce(sum(n), 0) FROM folds_of f WHERE f.study = t.study AND f.trial = t.number AND f.fold < s.folds) <> s.folds * s.epochs`

// ends are the decisions that end an attempt.
const ends = `('paused', 'completed', 'pruned', 'failed', 'retried', 'confirmed', 'refitted')`

var wrongSQL = []string{
	// one sequence without gaps
	`WITH all_of AS (SELECT study, seq FROM decisions UNION ALL SELECT DISTINCT study, seq FROM reports)
		SELECT printf('study %d has %d events, numbered up to %d', study, count(*), max(seq)) FROM all_of GROUP BY study
		HAVING count(*) <> max(seq) OR count(DISTINCT seq) <> count(*)`,
	// a trial ends once
	`SELECT printf('trial %d ended %d times', trial, count(*)) FROM decisions WHERE what IN ('completed', 'pruned', 'failed')
		GROUP BY study, trial HAVING count(*) > 1`,
	`SELECT printf('trial %d has the state %s, its record ends with %s', t.number, t.state, d.what) FROM trials t
		JOIN decisions d ON d.study = t.study AND d.trial = t.number AND d.what IN ('completed', 'pruned', 'failed')
		WHERE (d.what, t.state) NOT IN (VALUES ('completed', 'COMPLETE'), ('pruned', 'PRUNED'), ('failed', 'FAIL'))`,
	// an attempt is leased once and ends once
	`SELECT printf('trial %d attempt %d was %s %d times', trial, attempt, what, count(*)) FROM decisions
		WHERE what IN ('assigned', 'started') GROUP BY study, trial, attempt, what HAVING count(*) > 1`,
	`SELECT printf('trial %d attempt %d ended %d times', trial, attempt, count(*)) FROM decisions
		WHERE what IN ` + ends + ` AND attempt > 0 GROUP BY study, trial, attempt HAVING count(*) > 1`,
	// nobody reports who does not hold the lease
	`SELECT DISTINCT printf('trial %d attempt %d reported fold %d epoch %d without the lease', r.trial, r.attempt, r.fold, r.epoch) FROM reports r
		WHERE NOT EXISTS (SELECT 1 FROM decisions d WHERE d.study = r.study AND d.trial = r.trial AND d.attempt = r.attempt
			AND d.what = 'started' AND d.seq < r.seq)
		OR EXISTS (SELECT 1 FROM decisions d WHERE d.study = r.study AND d.trial = r.trial AND d.attempt = r.attempt
			AND d.what IN ` + ends + ` AND d.seq < r.seq)`,
}

const unfinishedSQL = `SELECT 'the study is ' || state FROM studies_v WHERE state NOT IN ('DONE', 'STOPPED')
	UNION ALL SELECT printf('trial %d is %s in the end', number, state) FROM trials WHERE state NOT IN ('COMPLETE', 'PRUNED', 'FAIL')`

// replay applies the record anew and compares what follows with the rows of the trials.
func replay(ctx context.Context, dir string) ([]string, error) {
	db, err := store.OpenReadOnly(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return db.Verify(ctx)
}
