package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"automl/trial"
)

// Events reads a study's record from sequence number after+1 on.
func (db *DB) Events(ctx context.Context, study string, after int64) ([]trial.Event, error) {
	return db.EventsN(ctx, study, after, math.MaxInt)
}

// EventsN is Events, but of at most limit events.
func (db *DB) EventsN(ctx context.Context, study string, after int64, limit int) (out []trial.Event, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		_, key, err := findStudy(ctx, conn, "id = ?", study)
		if err != nil || limit <= 0 {
			return err
		}
		return eachEvent(ctx, conn, key, after, func(e trial.Event) error {
			out = append(out, e)
			if len(out) == limit {
				return errEnough
			}
			return nil
		})
	})
	return out, err
}

// Load returns the state of a study, given by its id or its name, as applying its record gives it.
func (db *DB) Load(ctx context.Context, idOrName string) (state *trial.State, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		s, key, err := findStudy(ctx, conn, "? IN (id, name)", idOrName)
		if err != nil {
			return err
		}
		state, err = load(ctx, conn, s, key)
		return err
	})
	return state, err
}

// load applies the record of a study. An error with a code says that the record is broken, any other that it was not read.
func load(ctx context.Context, q querier, s trial.Study, key int64) (*trial.State, error) {
	state := trial.NewState(s)
	err := eachEvent(ctx, q, key, 0, func(e trial.Event) error {
		return trial.Wrap(trial.Internal, state.Apply(e), "the record of study %s", s.Name)
	})
	return state, err
}

// errEnough ends eachEvent early.
var errEnough = errors.New("enough")

// eachEvent calls f for each event after the given one, in order: the rows of both tables, merged by sequence number.
func eachEvent(ctx context.Context, q querier, study, after int64, f func(trial.Event) error) (err error) {
	reports, err := openReports(ctx, q, study, after)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reports.rows.Close()) }()
	decisions, err := openDecisions(ctx, q, study, after)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, decisions.rows.Close()) }()
	for seq := after + 1; ; seq++ {
		var e trial.Event
		switch {
		case reports.more && reports.row.seq == seq:
			e, err = reports.take()
		case decisions.more && decisions.next.Seq == seq:
			e, err = decisions.take()
		case reports.more || decisions.more:
			return trial.Errorf(trial.Internal, "the record has no event %d", seq).WithHint("automl doctor checks the database")
		default:
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(e); err == errEnough {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// reportCursor reads reports; row is the next one's first row while there is more.
type reportCursor struct {
	rows  *sql.Rows
	row   reportRow
	more  bool
	names map[string]string // one string a metric, not one a row
	slab  []trial.Report    // reports are allocated many at a time
}

type reportRow struct {
	seq, trial, attempt, fold, epoch, last, time int64
	cost                                         float64
	metric, value, special, hits, misses, saved  any
	confusion, usage                             any
}

// cache is what the report says of the cache.
func (r reportRow) cache() *trial.CacheUse {
	hits, ok := r.hits.(int64)
	if !ok {
		return nil
	}
	misses, _ := r.misses.(int64) // the columns of a STRICT table have nothing else
	saved, _ := r.saved.(float64)
	return &trial.CacheUse{Hits: int(hits), Misses: int(misses), Saved: saved}
}

func openReports(ctx context.Context, q querier, study, after int64) (*reportCursor, error) {
	rows, err := q.QueryContext(ctx, `SELECT seq, trial, attempt, fold, epoch, last, time, cost, metric, value, special,
		cache_hits, cache_misses, cache_saved, confusion, usage FROM reports WHERE study = ? AND seq > ? ORDER BY seq, pos`, study, after)
	if err != nil {
		return nil, err
	}
	c := &reportCursor{rows: rows, names: map[string]string{}}
	if err := c.step(); err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return c, nil
}

// step reads the next row.
func (c *reportCursor) step() error {
	c.more = c.rows.Next()
	if !c.more {
		return c.rows.Err()
	}
	r := &c.row
	return c.rows.Scan(&r.seq, &r.trial, &r.attempt, &r.fold, &r.epoch, &r.last, &r.time, &r.cost, &r.metric, &r.value, &r.special,
		&r.hits, &r.misses, &r.saved, &r.confusion, &r.usage)
}

// take returns the next report, and reads its rows.
func (c *reportCursor) take() (trial.Event, error) {
	if len(c.slab) == 0 {
		c.slab = make([]trial.Report, 256)
	}
	report := &c.slab[0]
	c.slab = c.slab[1:]
	first := c.row
	*report = trial.Report{Trial: int(first.trial), Attempt: int(first.attempt), Fold: int(first.fold),
		Epoch: int(first.epoch), Cost: first.cost, Last: first.last != 0, Cache: first.cache()}
	if text, ok := first.confusion.(string); ok {
		if err := json.Unmarshal([]byte(text), &report.Confusion); err != nil {
			return trial.Event{}, fmt.Errorf("event %d: its confusion matrix: %w", first.seq, err)
		}
	}
	if text, ok := first.usage.(string); ok {
		if err := json.Unmarshal([]byte(text), &report.Usage); err != nil {
			return trial.Event{}, fmt.Errorf("event %d: its use of the machine: %w", first.seq, err)
		}
	}
	for c.more && c.row.seq == first.seq {
		if name, ok := c.row.metric.(string); ok {
			report.Metrics = append(report.Metrics, trial.Metric{Name: c.name(name), Value: decodeFloat(c.row.value, c.row.special)})
		}
		if err := c.step(); err != nil {
			return trial.Event{}, err
		}
	}
	return trial.Event{Seq: first.seq, Time: decodeTime(first.time), Report: report}, nil
}

// name is the one copy of a name.
func (c *reportCursor) name(read string) string {
	name, known := c.names[read]
	if !known {
		name = read
		c.names[name] = name
	}
	return name
}

// decisionCursor reads decisions; next is the next one while there is more.
type decisionCursor struct {
	rows *sql.Rows
	next trial.Event
	more bool
}

// decisionColumns are those after study and seq, in the order of the struct's reading and writing.
const decisionColumns = `trial, what, reason, attempt, at_fold, at_epoch, to_fold, to_epoch, value, value_special, threshold,
	threshold_special, bracket, params, origin, phase, failure, runner, run, artifact, hash, study_state, time`

func openDecisions(ctx context.Context, q querier, study, after int64) (*decisionCursor, error) {
	rows, err := q.QueryContext(ctx, "SELECT seq, "+decisionColumns+" FROM decisions WHERE study = ? AND seq > ? ORDER BY seq",
		study, after)
	if err != nil {
		return nil, err
	}
	c := &decisionCursor{rows: rows}
	if err := c.step(); err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return c, nil
}

// step reads the next decision.
func (c *decisionCursor) step() error {
	c.more = c.rows.Next()
	if !c.more {
		return c.rows.Err()
	}
	d := &trial.Decision{}
	var at int64
	var value, valueSpecial, threshold, thresholdSpecial, params any
	err := c.rows.Scan(&c.next.Seq, &d.Trial, &d.What, &d.Reason, &d.Attempt, &d.At.Fold, &d.At.Epoch, &d.To.Fold,
		&d.To.Epoch, &value, &valueSpecial, &threshold, &thresholdSpecial, &d.Bracket, &params, &d.Origin, &d.Phase,
		&d.Failure, &d.Runner, &d.Run, &d.Artifact, &d.Hash, &d.Study, &at)
	if err != nil {
		return err
	}
	d.Value, d.Threshold = decodeOptional(value, valueSpecial), decodeOptional(threshold, thresholdSpecial)
	d.Params, err = decodeParams(params)
	c.next.Time, c.next.Decision = decodeTime(at), d
	return trial.Wrap(trial.Internal, err, "event %d", c.next.Seq)
}

// take returns the next decision, and reads the one after it.
func (c *decisionCursor) take() (trial.Event, error) {
	e := c.next
	return e, c.step()
}
