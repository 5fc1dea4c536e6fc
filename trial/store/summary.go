package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"

	"automl/trial"
)

// summary is the row of a trial.
type summary struct {
	// What a report changes.
	Value     sql.NullFloat64
	Std       sql.NullFloat64
	BestEpoch sql.NullInt64
	Folds     int64
	DoneFold  int64
	DoneEpoch int64
	Epochs    int64
	Extra     int64
	Seconds   sql.NullFloat64
	Others    sql.NullString // values of the further objectives: a JSON list
	// What only a decision changes.
	State    string
	Attempts int64
	Failures int64
	Failure  string
	Reason   string
	Artifact string
	Started  int64
	Ended    int64
	// What follows is given when the trial is sampled and never changes.
	Bracket int64
	Origin  string
	Params  sql.NullString
}

// The columns, in the order of summary.columns.
var (
	measured = []string{"value", "std", "best_epoch", "folds", "done_fold", "done_epoch", "epochs", "extra", "seconds", "others"}
	decided  = []string{"state", "attempts", "failures", "failure", "reason", "artifact", "started", "ended"}
	changing = slices.Concat(measured, decided)
	fixed    = []string{"bracket", "origin", "params"}

	trialColumns = strings.Join(changing, ", ") + ", " + strings.Join(fixed, ", ")

	newTrialSQL = "INSERT INTO trials (study, number, " + trialColumns + ") VALUES (?, ?" +
		strings.Repeat(", ?", len(changing)+len(fixed)) + ")"
	trialSQL    = updateSQL(changing)
	measuredSQL = updateSQL(measured)
)

func updateSQL(columns []string) string {
	return "UPDATE trials SET " + strings.Join(columns, " = ?, ") + " = ? WHERE study = ? AND number = ?"
}

// columns are the fields, to scan into.
func (s *summary) columns() []any {
	return []any{&s.Value, &s.Std, &s.BestEpoch, &s.Folds, &s.DoneFold, &s.DoneEpoch, &s.Epochs, &s.Extra, &s.Seconds, &s.Others,
		&s.State, &s.Attempts, &s.Failures, &s.Failure, &s.Reason, &s.Artifact, &s.Started, &s.Ended, &s.Bracket, &s.Origin, &s.Params}
}

// measuredValues are the fields that a report changes, to bind.
func (s *summary) measuredValues() []any {
	return []any{floatOf(s.Value), floatOf(s.Std), intOf(s.BestEpoch), s.Folds, s.DoneFold, s.DoneEpoch, s.Epochs, s.Extra, floatOf(s.Seconds),
		textOf(s.Others)}
}

// changingValues are all fields that change.
func (s *summary) changingValues() []any {
	return append(s.measuredValues(), s.State, s.Attempts, s.Failures, s.Failure, s.Reason, s.Artifact, s.Started, s.Ended)
}

func floatOf(v sql.NullFloat64) any {
	if !v.Valid {
		return nil
	}
	return v.Float64
}

func intOf(v sql.NullInt64) any {
	if !v.Valid {
		return nil
	}
	return v.Int64
}

func textOf(v sql.NullString) any {
	if !v.Valid {
		return nil
	}
	return v.String
}

// summarize is the row of a trial, but for its parameters.
func summarize(t *trial.Trial, s trial.Study) summary {
	out := summary{State: string(t.Status), DoneFold: int64(t.Done.Fold), DoneEpoch: int64(t.Done.Epoch),
		Epochs: int64(t.Epochs), Extra: int64(t.Extra), Seconds: finite(t.Seconds), Attempts: int64(t.Attempts),
		Failures: int64(t.Failures),
		Failure:  string(t.Failure), Reason: t.Reason, Artifact: t.Artifact, Started: encodeTime(t.Started),
		Ended: encodeTime(t.Ended), Bracket: int64(t.Bracket), Origin: string(t.Origin)}
	score, ok := t.Score(s.Objective, s.Shape)
	if value := finite(score.Value); ok && value.Valid { // huge values can overflow their mean
		out.Value, out.Std = value, finite(score.Std)
		out.BestEpoch = sql.NullInt64{Int64: int64(score.Epoch), Valid: true}
		out.Folds = int64(len(score.Folds))
		out.Others = others(t, s)
	}
	return out
}

// others is the values of a trial in the further objectives, if it has all of them.
func others(t *trial.Trial, s trial.Study) (out sql.NullString) {
	if len(s.Others) == 0 {
		return out
	}
	scores, ok := t.Scores(s)
	if !ok {
		return out
	}
	values := make([]float64, 0, len(scores)-1)
	for _, score := range scores[1:] {
		values = append(values, score.Value)
	}
	text, err := json.Marshal(values) // finite numbers
	return sql.NullString{String: string(text), Valid: err == nil}
}

// withParams adds the parameters.
func (s summary) withParams(p trial.Params) (summary, error) {
	text, err := encodeParams(p)
	s.Params.String, s.Params.Valid = text.(string)
	return s, err
}

func finite(v float64) sql.NullFloat64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return sql.NullFloat64{}
	}
	return sql.NullFloat64{Float64: v, Valid: true}
}

// putTrial brings the row of a trial up to its state, after a decision about it or after reports alone.
func (w *writer) putTrial(r *record, t *trial.Trial, decided bool) error {
	row := summarize(t, r.study)
	if t.Number < r.rows && !decided {
		return w.exec(w.sql.measured, append(row.measuredValues(), r.key, int64(t.Number))...)
	}
	if t.Number < r.rows {
		return w.exec(w.sql.trial, append(row.changingValues(), r.key, int64(t.Number))...)
	}
	row, err := row.withParams(t.Params)
	if err != nil {
		return err
	}
	values := append([]any{r.key, int64(t.Number)}, row.changingValues()...)
	return w.exec(w.sql.newTrial, append(values, row.Bracket, row.Origin, textOf(row.Params))...)
}

// summaries reads the rows of a study's trials, by number.
func summaries(ctx context.Context, q querier, study int64) (out map[int]summary, err error) {
	rows, err := q.QueryContext(ctx, "SELECT number, "+trialColumns+" FROM trials WHERE study = ?", study)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = map[int]summary{}
	for rows.Next() {
		var number int
		var s summary
		if err := rows.Scan(append([]any{&number}, s.columns()...)...); err != nil {
			return nil, err
		}
		out[number] = s
	}
	return out, rows.Err()
}
