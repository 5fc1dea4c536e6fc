package store_test

import (
	"strings"
	"testing"

	"automl/trial/store"
)

// TestRecordIsAppendOnly tries what an SQL client could.
func TestRecordIsAppendOnly(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 10)))
	client := raw(t, dir)
	for _, statement := range []string{
		"UPDATE reports SET value = 1",
		"UPDATE decisions SET reason = 'better'",
		"UPDATE studies SET seed = '1'",
		"DELETE FROM reports",
		"DELETE FROM decisions WHERE seq = 1",
		// one sequence for both
		`INSERT INTO reports SELECT study, 1, pos, trial, attempt, fold, epoch, metric, value, special, 1, cost, last, time, NULL, NULL, NULL FROM reports`,
		`INSERT INTO decisions (study, seq, trial, what, reason, attempt, at_fold, at_epoch, to_fold, to_epoch, bracket, origin, phase,
			failure, runner, run, artifact, hash, study_state, time)
			SELECT study, 5, trial, what, reason, attempt, at_fold, at_epoch, to_fold, to_epoch, bracket, origin, phase, failure, runner,
			run, artifact, hash, study_state, time FROM decisions`,
		// what no state allows
		"INSERT INTO reports (study, seq, pos, trial, attempt, fold, epoch, repeated, cost, last, time, cache_hits) VALUES (1, 99, 0, 0, 1, 0, 1, 0, 1, 0, 1, -1)",
		"INSERT INTO reports (study, seq, pos, trial, attempt, fold, epoch, repeated, cost, last, time, cache_misses) VALUES (1, 99, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1)",
		"UPDATE trials SET state = 'BROKEN'",
		"UPDATE trials SET done_fold = -1",
		"UPDATE trials SET params = 'lr=1'",
		"INSERT INTO trials SELECT 99, number + 1, state, value, std, best_epoch, folds, done_fold, done_epoch, epochs, extra, seconds, attempts, " +
			"failures, failure, reason, artifact, started, ended, bracket, origin, params FROM trials",
	} {
		if _, err := client.Exec(statement); err == nil {
			t.Errorf("allowed: %s", statement)
		}
	}
}

func TestVerifyFindsLies(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 250)))
	client := raw(t, dir)
	for statement, want := range map[string]string{
		"UPDATE trials SET value = 0.99 WHERE number = 1":       "trial 1 has the row {WAITING value=0.99",
		"UPDATE trials SET state = 'COMPLETE' WHERE number = 0": "trial 0 has the row {COMPLETE",
		"UPDATE trials SET params = '{}' WHERE number = 0":      "trial 0 has the row",
		"DELETE FROM trials WHERE number = 2":                   "trial 2 has no row",
		"UPDATE trials SET number = 9 WHERE number = 2":         "trial 9 has a row, but no record",
	} {
		_, err := client.Exec(statement)
		check(t, err)
		problems, err := db.Verify(t.Context())
		check(t, err)
		if !strings.Contains(strings.Join(problems, "\n"), want) {
			t.Errorf("%s: problems %q, want %q", statement, problems, want)
		}
		check(t, db.Rebuild(t.Context(), "a"))
		sound(t, db)
	}
	check(t, db.Append(t.Context(), "a", eventsAfter(250, 60)))
}

// TestBrokenRecord changes the record behind the triggers' back: it is told, and nothing hangs.
func TestBrokenRecord(t *testing.T) {
	for change, want := range map[string]string{
		"DELETE FROM reports WHERE seq = 17":                         "no event 17",
		"UPDATE decisions SET params = '[1]' WHERE seq = 1":          "event 1: parameters must be an object",
		"UPDATE decisions SET params = '[1]' WHERE seq = 102":        "event 102: parameters must be an object",
		"UPDATE decisions SET trial = 5 WHERE seq = 1":               "trial 5 sampled where 0 comes next",
		"UPDATE reports SET repeated = 1 WHERE seq = 30":             "1 reports are marked as repetitions of nothing",
		"UPDATE reports SET value = 7 WHERE trial = 2 AND epoch = 1": "trial 2 has the row",
	} {
		dir := filled(t)
		client := raw(t, dir)
		for _, statement := range []string{"DROP TRIGGER reports_kept", "DROP TRIGGER reports_fixed", "DROP TRIGGER decisions_fixed", change} {
			_, err := client.Exec(statement)
			check(t, err)
		}
		db, err := store.Open(t.Context(), dir)
		check(t, err)
		problems, err := db.Verify(t.Context())
		check(t, err)
		if len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%s: problems %q", change, problems)
		}
		create(t, db, benchStudy("b")) // another study goes on
		check(t, db.Append(t.Context(), "b", eventsAfter(0, 5)))
		check(t, db.Close())
	}
}
