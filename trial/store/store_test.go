package store_test

import (
	"context"
	"testing"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

var _ storetest.Store = (*store.DB)(nil)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return openIn(t, t.TempDir()) })
}

// openIn opens a database that is checked and closed when the test ends.
func openIn(tb testing.TB, dir string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), dir)
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
