package store_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

var _ storetest.Store = (*store.DB)(nil)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		appendUntilKilled(dir)
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store { return openIn(t, t.TempDir()) })
}

func TestOpenMakesPrivateFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20e", "deep")
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	for name, want := range map[string]os.FileMode{"": 0o700, "lock": 0o600, "automl.db": 0o600, "automl.db-wal": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		check(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %o, want %o", name, got, want)
		}
	}
}

func TestStudyByIDOrName(t *testing.T) {
	db := openIn(t, t.TempDir())
	want := benchStudy("a")
	create(t, db, want)
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 30)))
	for _, key := range []string{want.ID, want.Name} {
		s, err := db.Study(t.Context(), key)
		check(t, err)
		state, err := db.Load(t.Context(), key)
		check(t, err)
		if s.ID != want.ID || state.Seq != 30 || len(state.Trials) != 1 {
			t.Errorf("%q: study %s at event %d with %d trials", key, s.ID, state.Seq, len(state.Trials))
		}
	}
	_, err := db.Load(t.Context(), "b")
	wantError(t, err, trial.NotFound, `no study "b"`, "automl list")
	other := benchStudy("b")
	other.Name = want.ID // would make "a" two studies
	wantError(t, db.CreateStudy(t.Context(), other), trial.Conflict, "already", "")
}

func TestEventsN(t *testing.T) {
	db := openIn(t, t.TempDir())
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 150)))
	got, err := db.EventsN(t.Context(), "a", 98, 5)
	check(t, err)
	if d := storetest.Diff(eventsAfter(98, 5), got); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	if got, err := db.EventsN(t.Context(), "a", 0, 0); err != nil || len(got) > 0 {
		t.Errorf("%d events, %v; want none", len(got), err)
	}
}

func TestStatsAndBackup(t *testing.T) {
	db := openIn(t, t.TempDir())
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 5)))
	again, other := eventsAfter(4, 1)[0], eventsAfter(4, 1)[0]
	again.Seq, other.Seq = 6, 7
	other.Report.Metrics[0].Value = -1
	check(t, db.Append(t.Context(), "a", []trial.Event{again, other}))
	s, err := db.Stats(t.Context())
	check(t, err)
	if s.Studies != 1 || s.Trials != 1 || s.Decisions != 1 || s.Reports != 6 || s.Repeated != 2 || s.Conflicts != 1 ||
		s.Epoch != 1 || s.Schema != latest(t) || s.Bytes == 0 || s.LogBytes == 0 {
		t.Errorf("stats %+v", s)
	}
	dir := t.TempDir()
	check(t, db.Backup(t.Context(), filepath.Join(dir, "automl.db")))
	wantError(t, db.Backup(t.Context(), filepath.Join(dir, "automl.db")), trial.Conflict, "exists", "new file")
	state, err := openIn(t, dir).Load(t.Context(), "a")
	check(t, err)
	if state.Seq != 7 {
		t.Errorf("the backup ends at event %d, want 7", state.Seq)
	}
}

func TestClosedDatabase(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir())
	check(t, err)
	create(t, db, benchStudy("a"))
	check(t, db.Close())
	check(t, db.Close())
	wantError(t, db.Append(t.Context(), "a", eventsAfter(0, 1)), trial.Unavailable, "closed", "")
	if _, err := db.Studies(t.Context()); err == nil {
		t.Error("a closed database was read")
	}
}

// openIn opens a database that is checked and closed when the test ends.
func openIn(tb testing.TB, dir string, opts ...store.Option) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), dir, opts...)
	check(tb, err)
	tb.Cleanup(func() {
		if _, benchmark := tb.(*testing.B); !benchmark && db.Alive() {
			sound(tb, db)
		}
		check(tb, db.Close())
	})
	return db
}

// sound checks the whole database.
func sound(tb testing.TB, db *store.DB) {
	tb.Helper()
	for _, look := range []func(context.Context) ([]string, error){db.Verify, db.Check} {
		problems, err := look(context.Background()) // also when the test is over
		if err != nil || len(problems) > 0 {
			tb.Errorf("problems %q, error %v", problems, err)
		}
	}
}

// raw opens the database as anyone with an SQL client would.
func raw(tb testing.TB, dir string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "automl.db")+"?_busy_timeout=5000&_foreign_keys=1")
	check(tb, err)
	tb.Cleanup(func() { check(tb, db.Close()) })
	return db
}

func benchStudy(id string) trial.Study {
	s := storetest.Study(id)
	s.Shape = trial.Shape{Folds: 5, Epochs: 20}
	return s
}

// perTrial is how many events eventAt gives a trial: it is sampled and reports 5 folds of 20 epochs.
const perTrial = 101

// eventAt is an event of a plausible record, a function of its number alone.
func eventAt(seq int64) trial.Event {
	number, at := int(seq-1)/perTrial, int(seq-1)%perTrial-1
	e := trial.Event{Seq: seq, Time: time.Unix(1_800_000_000, seq*1000).UTC()}
	if at < 0 {
		e.Decision = &trial.Decision{Trial: number, What: trial.Sampled, Origin: trial.FromSampler, Params: trial.Params{
			{Name: "lr", Value: 3.1e-4}, {Name: "batch_size", Value: int64(32)}, {Name: "optimizer", Value: "adamw"}}}
		return e
	}
	e.Report = &trial.Report{Trial: number, Attempt: 1, Fold: at / 20, Epoch: at%20 + 1, Cost: 1.5,
		Metrics: trial.Metrics{{Name: "acc", Value: 1 / (2 + float64(seq%977))}}}
	return e
}

func eventsAfter(seq int64, n int) []trial.Event {
	out := make([]trial.Event, n)
	for i := range out {
		out[i] = eventAt(seq + int64(i) + 1)
	}
	return out
}

func create(tb testing.TB, db *store.DB, s trial.Study) {
	tb.Helper()
	check(tb, db.CreateStudy(tb.Context(), s))
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func wantError(tb testing.TB, err error, code trial.Code, text, hint string) {
	tb.Helper()
	if err == nil || trial.CodeOf(err) != code || !strings.Contains(err.Error(), text) || !strings.Contains(trial.HintOf(err), hint) {
		tb.Errorf("error %v (%s), hint %q; want %q (%s), hint %q", err, trial.CodeOf(err), trial.HintOf(err), text, code, hint)
	}
}
