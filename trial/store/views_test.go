package store_test

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

func TestViewColumns(t *testing.T) {
	dir := t.TempDir()
	openIn(t, dir)
	for view, want := range map[string]string{
		"trials_v":     "study number state value std params started ended epochs seconds reason",
		"folds_v":      "study trial fold value epochs",
		"curves_v":     "study trial fold epoch metric value time",
		"decisions_v":  "study seq trial what reason rung threshold time value",
		"studies_v":    "study id state",
		"objectives_v": "study trial metric goal value loss",
	} {
		rows, err := raw(t, dir).Query("SELECT * FROM " + view)
		check(t, err)
		columns, err := rows.Columns()
		check(t, err)
		check(t, rows.Close())
		if !strings.HasPrefix(strings.Join(columns, " ")+" ", want+" ") {
			t.Errorf("%s has columns %v, want %s first", view, columns, want)
		}
	}
}

// TestViewsAgree holds the views against the state that the same record gives.
func TestViewsAgree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openIn(t, dir)
	client := raw(t, dir)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		s := storetest.Study(fmt.Sprint("v", n))
		s.Objective.Folds = rapid.SampledFrom([]trial.Aggregate{"", trial.Median, trial.Worst}).Draw(rt, "aggregate")
		if rapid.Bool().Draw(rt, "two objectives") {
			s.Others = []trial.Objective{{Metric: "loss", Goal: trial.Minimize}}
		}
		if err := db.CreateStudy(t.Context(), s); err != nil {
			rt.Fatal(err)
		}
		record := storetest.Record(rt, s, 50)
		if err := db.Append(t.Context(), s.ID, record); err != nil {
			rt.Fatal(err)
		}
		state := trial.NewState(s)
		for _, e := range record {
			if err := state.Apply(e); err != nil {
				rt.Fatal(err)
			}
		}
		for view, want := range map[string][]string{
			"SELECT number, state, value, std, epochs, extra_epochs, best_epoch FROM trials_v WHERE study = ? ORDER BY number": trialRows(state),
			"SELECT trial, metric, value FROM objectives_v WHERE study = ?":                                                    objectiveRows(state),
			"SELECT trial, fold, value FROM folds_v WHERE study = ? ORDER BY trial, fold":                                      foldRows(state),
			"SELECT trial, metric, fold, epoch, value FROM curves_v WHERE study = ?":                                           curveRows(state),
			"SELECT seq, what, value, threshold FROM decisions_v WHERE study = ? ORDER BY seq":                                 decisionRows(record),
			"SELECT state, trials FROM studies_v WHERE study = ?":                                                              {fmt.Sprint(state.Status, " ", len(state.Trials))},
		} {
			got := query(t, client, view, s.Name)
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				rt.Fatalf("%s (-want +got):\n%s", view, d)
			}
		}
	})
	// SQLite before 3.42 lost rows here, by a Bloom filter on the index of an expression (docs/formats.md).
	for _, on := range []string{"a.trial = b.trial", "a.study = b.study AND a.trial = b.trial"} {
		const sql = "SELECT count(*), total(a.seq * b.seq) FROM %[1]s a JOIN %[1]s b ON %[2]s AND a.what = 'assigned' AND b.what = 'started' " +
			"JOIN %[1]s c ON c.study = b.study AND c.trial = b.trial AND c.what = 'sampled'"
		want := query(t, client, fmt.Sprintf("WITH d AS MATERIALIZED (SELECT * FROM decisions_v) "+sql, "d", on))
		if got := query(t, client, fmt.Sprintf(sql, "decisions_v", on)); !slices.Equal(got, want) || strings.HasPrefix(want[0], "0 ") {
			t.Errorf("decisions joined on %s: %v, want %v", on, got, want)
		}
	}
}

func trialRows(s *trial.State) []string {
	out := []string{}
	for _, t := range s.Trials {
		score, _ := t.Score(s.Study.Objective, s.Study.Shape)
		best := any(score.Epoch)
		if shown(score.Value) == "NULL" || score.Epoch == 0 {
			score.Value, score.Std, best = math.NaN(), math.NaN(), "NULL"
		}
		out = append(out, fmt.Sprint(t.Number, " ", t.Status, " ", shown(score.Value), " ", shown(score.Std), " ", t.Epochs, " ", t.Extra, " ", best))
	}
	return out
}

func objectiveRows(s *trial.State) []string {
	out := []string{}
	for _, t := range s.Trials {
		lead, _ := t.Score(s.Study.Objective, s.Study.Shape)
		if lead.Epoch == 0 {
			lead.Value = math.NaN()
		}
		out = append(out, fmt.Sprint(t.Number, " ", s.Study.Objective.Metric, " ", shown(lead.Value)))
		for i, o := range s.Study.Others {
			value := math.NaN()
			if scores, ok := t.Scores(s.Study); ok && shown(lead.Value) != "NULL" {
				value = scores[1+i].Value
			}
			out = append(out, fmt.Sprint(t.Number, " ", o.Metric, " ", shown(value)))
		}
	}
	return out
}

func foldRows(s *trial.State) []string {
	out := []string{}
	for _, t := range s.Trials {
		score, _ := t.Score(s.Study.Objective, s.Study.Shape)
		if shown(score.Value) == "NULL" {
			score.Folds = nil
		}
		for f := range t.Folds(s.Study.Objective.Metric) {
			if len(t.Curve(s.Study.Objective.Metric, f)) == 0 {
				continue
			}
			v := math.NaN()
			if f < len(score.Folds) {
				v = score.Folds[f]
			}
			out = append(out, fmt.Sprint(t.Number, " ", f, " ", shown(v)))
		}
	}
	return out
}

func curveRows(s *trial.State) []string {
	out := []string{}
	for _, t := range s.Trials {
		for _, m := range t.Metrics() {
			for f := range t.Folds(m) {
				for i, v := range t.Curve(m, f) {
					if math.Float64bits(v) != unreported {
						out = append(out, fmt.Sprint(t.Number, " ", m, " ", f, " ", i+1, " ", shown(v)))
					}
				}
			}
		}
	}
	return out
}

// unreported is what a curve holds where nothing was reported: the gap before a first report at epoch 2.
var unreported = func() uint64 {
	s := trial.NewState(storetest.Study("x"))
	_ = s.Apply(trial.Event{Seq: 1, Decision: &trial.Decision{What: trial.Sampled}})
	_ = s.Apply(trial.Event{Seq: 2, Report: &trial.Report{Epoch: 2, Metrics: trial.Metrics{{Name: "m", Value: 1}}}})
	return math.Float64bits(s.Trials[0].Curve("m", 0)[0])
}()

func decisionRows(record []trial.Event) []string {
	out := []string{}
	for _, e := range record {
		if d := e.Decision; d != nil {
			out = append(out, fmt.Sprint(e.Seq, " ", d.What, " ", shownOptional(d.Value), " ", shownOptional(d.Threshold)))
		}
	}
	return out
}

func shownOptional(v *float64) string {
	if v == nil {
		return "NULL"
	}
	return shown(*v)
}

func shown(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "NULL"
	}
	if v == 0 {
		v = 0 // SQLite shows no -0
	}
	return fmt.Sprint(v)
}

// query returns the rows of a query as text.
func query(t *testing.T, db *sql.DB, text string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(text, args...)
	check(t, err)
	columns, err := rows.Columns()
	check(t, err)
	out := []string{}
	for rows.Next() {
		row, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			at[i] = &row[i]
		}
		check(t, rows.Scan(at...))
		words := make([]string, len(row))
		for i, v := range row {
			if n, whole := v.(int64); whole { // as which a metric without a fraction comes out of JSON
				v = float64(n)
			}
			words[i] = fmt.Sprint(v)
			if v == nil {
				words[i] = "NULL"
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	check(t, rows.Err())
	check(t, rows.Close())
	return out
}

// TestDivergedTrialNeverWins orders by loss, whatever was reported, for both goals.
func TestDivergedTrialNeverWins(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	for goal, best := range map[trial.Goal]string{trial.Minimize: "2", trial.Maximize: "4"} {
		s := benchStudy(string(goal))
		s.Objective.Goal = goal
		create(t, db, s)
		var events []trial.Event
		add := func(r *trial.Report, d *trial.Decision) {
			e := eventAt(1)
			e.Seq, e.Report, e.Decision = int64(len(events)+1), r, d
			events = append(events, e)
		}
		for n, v := range []float64{math.NaN(), math.Inf(-1), 1, math.Inf(1), 2} {
			add(nil, &trial.Decision{Trial: n, What: trial.Sampled})
			add(&trial.Report{Trial: n, Attempt: 1, Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: v}}}, nil)
		}
		check(t, db.Append(t.Context(), s.ID, events))
		got := query(t, raw(t, dir), "SELECT number FROM trials_v WHERE study = ? ORDER BY loss LIMIT 1", s.Name)
		if got[0] != best {
			t.Errorf("%s: trial %s wins, want %s", goal, got[0], best)
		}
		finite := query(t, raw(t, dir), "SELECT count(*) FROM trials_v WHERE study = ? AND value IS NOT NULL", s.Name)
		if finite[0] != "2" {
			t.Errorf("%s: %s trials have a value, want 2", goal, finite[0])
		}
	}
}

func TestTimesAreISO(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 2)))
	want := "2027-01-15T08:00:00.000002Z"
	got := query(t, raw(t, dir), "SELECT time FROM curves_v")
	if got[0] != want {
		t.Errorf("time %s, want %s", got[0], want)
	}
	unset := query(t, raw(t, dir), "SELECT started, ended FROM trials_v")
	if unset[0] != "NULL NULL" {
		t.Errorf("a trial that never ran has times %s", unset[0])
	}
}

// TestPlans holds the queries that people make to the indexes that keep them fast in a large database.
func TestPlans(t *testing.T) {
	dir := t.TempDir()
	openIn(t, dir)
	client := raw(t, dir)
	for text, want := range map[string]string{
		"SELECT * FROM curves_v WHERE study = 'a' AND trial = 7":                "reports_point (study=? AND trial=?",
		"SELECT * FROM curves_v WHERE study = 'a' AND metric = 'loss'":          "PRIMARY KEY (study=?)",
		"SELECT * FROM folds_v WHERE study = 'a' AND trial = 7":                 "reports_point (study=? AND trial=? AND metric=?)",
		"SELECT * FROM folds_v WHERE study = 'a'":                               "reports_point (study=? AND trial=? AND metric=? AND fold=? AND epoch>?)",
		"SELECT * FROM decisions_v WHERE study = 'a' AND trial = 7":             "decisions_trial (study=? AND <expr>=?)",
		"SELECT * FROM decisions_v WHERE study = 'a' AND seq > 7":               "PRIMARY KEY (study=? AND seq>?)",
		"SELECT * FROM trials_v WHERE study = 'a' ORDER BY number":              "PRIMARY KEY (study=?)",
		"SELECT seq FROM reports WHERE study = 1 AND seq > 5 ORDER BY seq, pos": "PRIMARY KEY (study=? AND seq>?)",
		store.ConflictsSQL: "reports_point (study=? AND trial=? AND metric=? AND fold=? AND epoch=?)",
	} {
		plan := strings.Join(query(t, client, "EXPLAIN QUERY PLAN "+text), "\n")
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s is planned as\n%s\nwant %s", text, plan, want)
		}
	}
}
