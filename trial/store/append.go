package store

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"

	"automl/trial"
)

// record is a study's state as the record has it, kept so that what is appended can be checked and summarized.
type record struct {
	study   trial.Study
	key     int64
	state   *trial.State
	rows    int          // trials that have a row
	changed map[int]bool // trials whose row is behind; true: not by reports alone
	touched bool         // by the transaction in progress
}

// Append adds events, whose sequence numbers follow the record's last without a gap, in one transaction. They are durable
// when it returns nil; when it returns an error, none of them is recorded. Code Conflict: an event does not follow from the
// record, or another daemon has taken over. Code Invalid: an event holds what no record can.
func (db *DB) Append(ctx context.Context, study string, events []trial.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, e := range events {
		if err := checkEvent(e); err != nil {
			return err
		}
	}
	if len(events) == 0 {
		return nil
	}
	return db.write(ctx, len(events), func(w *writer) error { return w.append(study, events) })
}

// checkEvent refuses what would not come back as it was, before it can spoil a group.
func checkEvent(e trial.Event) error {
	if (e.Report == nil) == (e.Decision == nil) {
		return trial.Errorf(trial.Invalid, "event %d is not one of a report and a decision", e.Seq)
	}
	if !storable(e.Time) {
		return trial.Errorf(trial.Invalid, "event %d: the time %v is out of range", e.Seq, e.Time)
	}
	if r := e.Report; r != nil && !(r.Cost >= 0 && r.Cost <= math.MaxFloat64) {
		return trial.Errorf(trial.Invalid, "event %d: a cost of %v seconds", e.Seq, r.Cost)
	}
	if r := e.Report; r != nil && r.Confusion != nil && !r.Confusion.Valid() {
		return trial.Errorf(trial.Invalid, "event %d: a confusion matrix that cannot be read", e.Seq)
	}
	if r := e.Report; r != nil && r.Usage != nil && !r.Usage.Valid() {
		return trial.Errorf(trial.Invalid, "event %d: a use of the machine of %+v", e.Seq, *r.Usage)
	}
	if r := e.Report; r != nil && r.Cache != nil && !r.Cache.Valid() {
		return trial.Errorf(trial.Invalid, "event %d: a use of the cache of %+v", e.Seq, *r.Cache)
	}
	return nil
}

// append applies the events and inserts them.
func (w *writer) append(study string, events []trial.Event) error {
	r, err := w.record(study)
	if err != nil {
		return err
	}
	w.known = w.known[:0]
	for i, e := range events {
		w.recall(r.state, e.Report)
		if err := r.state.Apply(e); err != nil {
			err = trial.Wrap(trial.Conflict, err, "study %s", r.study.Name)
			if i == 0 {
				return refusal{err} // Apply changes nothing when it refuses
			}
			return err
		}
		w.touch(r)
		if n := subject(e); n != trial.NoTrial {
			r.changed[n] = r.changed[n] || e.Decision != nil
		}
	}
	known := w.known
	for _, e := range events {
		if e.Decision != nil {
			err = w.insertDecision(r.key, e)
		} else {
			err = w.insertReport(r.key, e, known[:len(e.Report.Metrics)])
			known = known[len(e.Report.Metrics):]
		}
		if err != nil {
			return err
		}
	}
	return w.insertPlain(r.key, 1)
}

// recall notes which points of a report the record has already: their values stand, and the repetitions are kept as evidence.
func (w *writer) recall(s *trial.State, r *trial.Report) {
	if r == nil {
		return
	}
	t := s.Trial(r.Trial)
	for i, m := range r.Metrics {
		_, earlier := r.Metrics[:i].Get(m.Name)
		w.known = append(w.known, earlier || t != nil && t.Reported(m.Name, r.Fold, r.Epoch))
	}
}

// subject is the trial that an event is about.
func subject(e trial.Event) int {
	if e.Report != nil {
		return e.Report.Trial
	}
	return e.Decision.Trial
}

// record is the state of a study; it is loaded when the study is first appended to. A study that is not there, or whose
// record is broken, spoils nobody else's transaction; any other error may have ended the transaction, so it is no refusal.
func (w *writer) record(study string) (*record, error) {
	if r := w.records[study]; r != nil {
		return r, nil
	}
	var state *trial.State
	s, key, err := findStudy(background, w.conn, "id = ?", study)
	if err == nil {
		state, err = load(background, w.conn, s, key)
	}
	var coded *trial.Error
	if errors.As(err, &coded) {
		return nil, refusal{err}
	}
	if err != nil {
		return nil, err
	}
	r := &record{study: s, key: key, state: state, rows: len(state.Trials), changed: map[int]bool{}}
	w.records[study] = r
	return r, nil
}

// touch notes that the state of the record is ahead of the database until the transaction commits.
func (w *writer) touch(r *record) {
	if !r.touched {
		r.touched = true
		w.touched = append(w.touched, r)
	}
}

// settle notes that the transaction has committed. A study that is over is forgotten: hardly anything comes to it any more, and there may be
// thousands in the life of a daemon.
func (w *writer) settle() {
	for _, r := range w.touched {
		r.touched = false
		r.rows = len(r.state.Trials)
		clear(r.changed)
		if r.state.Status.Over() {
			delete(w.records, r.study.ID)
		}
	}
	w.touched = w.touched[:0]
}

// summarize writes the rows of the trials that the transaction changed.
func (w *writer) summarize() error {
	for _, r := range w.touched {
		numbers := make([]int, 0, len(r.changed))
		for n := range r.changed {
			numbers = append(numbers, n)
		}
		slices.Sort(numbers) // neighbours share a page
		for _, n := range numbers {
			if err := w.putTrial(r, r.state.Trials[n], r.changed[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertReport writes the rows of a report; known says which of its points the record has. Plain ones are written with others, by
// insertPlain.
func (w *writer) insertReport(study int64, e trial.Event, known []bool) error {
	r := e.Report
	if r.Cache == nil && r.Confusion == nil && r.Usage == nil && len(r.Metrics) > 0 && !slices.Contains(known, true) && !slices.ContainsFunc(r.Metrics, special) {
		for i, m := range r.Metrics {
			w.plain = append(w.plain, e.Seq, int64(i), int64(r.Trial), int64(r.Attempt), int64(r.Fold), int64(r.Epoch), m.Name, m.Value, r.Cost, r.Last,
				encodeTime(e.Time))
		}
		return w.insertPlain(study, plainRows[0])
	}
	row := []any{study, e.Seq, int64(0), int64(r.Trial), int64(r.Attempt), int64(r.Fold), int64(r.Epoch), nil, nil, nil, int64(0), r.Cost, r.Last,
		encodeTime(e.Time), nil, nil, nil, nil, nil}
	if c := r.Cache; c != nil {
		row[14], row[15], row[16] = int64(c.Hits), int64(c.Misses), c.Saved
	}
	if r.Confusion != nil {
		text, err := json.Marshal(r.Confusion)
		if err != nil {
			return trial.Wrap(trial.Invalid, err, "event %d", e.Seq)
		}
		row[17] = string(text)
	}
	if r.Usage != nil {
		text, err := json.Marshal(r.Usage)
		if err != nil {
			return trial.Wrap(trial.Invalid, err, "event %d", e.Seq)
		}
		row[18] = string(text)
	}
	if len(r.Metrics) == 0 {
		return w.exec(w.sql.report, row...)
	}
	for i, m := range r.Metrics {
		row[2], row[7], row[10] = int64(i), m.Name, int64(0)
		if known[i] {
			row[10] = int64(1)
		}
		row[8], row[9] = encodeFloat(m.Value)
		if err := w.exec(w.sql.report, row...); err != nil {
			return err
		}
		row[14], row[15], row[16], row[17], row[18] = nil, nil, nil, nil, nil // the first row has it
	}
	return nil
}

// special reports whether a value does not fit a REAL column alone.
func special(m trial.Metric) bool {
	_, special := encodeFloat(m.Value)
	return special != nil
}

// insertPlain writes plain rows that wait, in as large groups as there are, while there are so many at least.
func (w *writer) insertPlain(study int64, least int) error {
	rest := w.plain
	for i, rows := range plainRows {
		for n := rows * plainWidth; rows >= least && len(rest) >= n; rest = rest[n:] {
			w.row = append(append(w.row[:0], study), rest[:n]...)
			if err := w.exec(w.sql.plain[i], w.row...); err != nil {
				return err
			}
		}
	}
	w.plain = append(w.plain[:0], rest...)
	return nil
}

func (w *writer) insertDecision(study int64, e trial.Event) error {
	d := e.Decision
	params, err := encodeParams(d.Params)
	if err != nil {
		return trial.Wrap(trial.Invalid, err, "event %d", e.Seq)
	}
	value, valueSpecial := encodeOptional(d.Value)
	threshold, thresholdSpecial := encodeOptional(d.Threshold)
	return w.exec(w.sql.decision, study, e.Seq, int64(d.Trial), string(d.What), d.Reason, int64(d.Attempt), int64(d.At.Fold),
		int64(d.At.Epoch), int64(d.To.Fold), int64(d.To.Epoch), value, valueSpecial, threshold, thresholdSpecial, int64(d.Bracket), params,
		string(d.Origin), string(d.Phase), string(d.Failure), d.Runner, d.Run, d.Artifact, d.Hash, string(d.Study),
		encodeTime(e.Time))
}
