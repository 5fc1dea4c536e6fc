package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"strings"

	"automl/trial"
)

// summary is the row of a trial.
type summary struct {
	State     string
	Value     sql.NullFloat64
	Std       sql.NullFloat64
	BestEpoch sql.NullInt64
	Folds     int64
	DoneFold  int64
	DoneEpoch int64
	Epochs    int64
	Extra     int64
	Seconds   sql.NullFloat64
	Attempts  int64
	Failures  int64
	Failure   string
	Reason    string
	Artifact  string
	Started   int64
	Ended     int64
	Others    sql.NullString // values of the further objectives: a JSON list
	// What follows is given when the trial is sampled and never changes.
	Bracket int64
	Origin  string
	Params  sql.NullString
}

// The columns, in the order of summary.columns.
var (
	changing = []string{"state", "value", "std", "best_epoch", "folds", "done_fold", "done_epoch", "epochs", "extra", "seconds",
		"attempts", "failures", "failure", "reason", "artifact", "started", "ended", "others"}
	fixed = []string{"bracket", "origin", "params"}

	trialColumns = strings.Join(changing, ", ") + ", " + strings.Join(fixed, ", ")

	newTrialSQL = "INSERT INTO trials (study, number, " + trialColumns + ") VALUES (?, ?" +
		strings.Repeat(", ?", len(changing)+len(fixed)) + ")"
	trialSQL = "UPDATE trials SET " + strings.Join(changing, " = ?, ") + " = ? WHERE study = ? AND number = ?"
)

// columns are the fields, to scan into or to bind.
func (s *summary) columns() []any {
	return []any{&s.State, &s.Value, &s.Std, &s.BestEpoch, &s.Folds, &s.DoneFold, &s.DoneEpoch, &s.Epochs, &s.Extra, &s.Seconds,
		&s.Attempts, &s.Failures, &s.Failure, &s.Reason, &s.Artifact, &s.Started, &s.Ended, &s.Others, &s.Bracket, &s.Origin, &s.Params}
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
	scores, ok := t.Scores(s)
	if !ok || len(scores) < 2 {
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

// putTrial brings the row of a trial up to its state.
func (w *writer) putTrial(r *record, t *trial.Trial) error {
	row := summarize(t, r.study)
	if t.Number < r.rows {
		args := append(row.columns()[:len(changing)], r.key, t.Number)
		_, err := w.sql.trial.ExecContext(background, args...)
		return err
	}
	row, err := row.withParams(t.Params)
	if err != nil {
		return err
	}
	_, err = w.sql.newTrial.ExecContext(background, append([]any{r.key, t.Number}, row.columns()...)...)
	return err
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
