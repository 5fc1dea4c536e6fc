package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
)

// TestGroupCommit has many callers append at once, some of what they send being refused by the state, some by the database.
func TestGroupCommit(t *testing.T) {
	db := openIn(t, t.TempDir())
	var wait sync.WaitGroup
	const callers, rounds = 16, 40
	for i := range callers {
		id := fmt.Sprint("s", i)
		create(t, db, benchStudy(id))
		wait.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for seq := int64(0); seq < rounds*5; seq += 5 {
				if r.IntN(4) == 0 {
					if err := db.Append(t.Context(), id, spoilt(seq, r.IntN(2) == 0)); err == nil {
						t.Errorf("%s: a bad request at %d was recorded", id, seq)
					}
				}
				if err := db.Append(t.Context(), id, eventsAfter(seq, 5)); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
	wait.Wait()
	for i := range callers {
		state, err := db.Load(t.Context(), fmt.Sprint("s", i))
		check(t, err)
		if state.Seq != rounds*5 {
			t.Errorf("study %d ends at event %d, want %d", i, state.Seq, rounds*5)
		}
	}
}

// A study that is over is not kept in memory: a daemon sees many of them.
func TestStatesOfStudiesThatAreOver(t *testing.T) {
	db := openIn(t, t.TempDir())
	move := func(seq int64, to trial.StudyState) trial.Event {
		return trial.Event{Seq: seq, Time: time.Now(), Decision: &trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: to, Reason: "a test"}}
	}
	for _, id := range []string{"a", "b", "c"} {
		create(t, db, benchStudy(id))
		check(t, db.Append(t.Context(), id, eventsAfter(0, 3)))
	}
	check(t, db.Append(t.Context(), "a", []trial.Event{move(4, trial.StudyDone)}))
	check(t, db.Append(t.Context(), "b", []trial.Event{move(4, trial.StudyStopped)}))
	if n := db.InMemory(); n != 1 {
		t.Errorf("the states of %d studies are kept, one of them goes on", n)
	}
	check(t, db.Append(t.Context(), "a", []trial.Event{move(5, trial.StudyDone)})) // what comes late finds it again
	if state, err := db.Load(t.Context(), "a"); err != nil || state.Seq != 5 {
		t.Errorf("%+v, %v", state, err)
	}
}

// spoilt is a request whose second event is bad: known to be by the state, or only by the database.
func spoilt(seq int64, byState bool) []trial.Event {
	bad := trial.Event{Seq: seq + 2, Time: time.Now(), Decision: &trial.Decision{Trial: 1 << 20, What: trial.Paused}}
	if !byState {
		bad.Decision = &trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: "NOWHERE"}
	}
	return []trial.Event{eventAt(seq + 1), bad}
}

func TestAppendRefusesWhatCannotBeStored(t *testing.T) {
	db := openIn(t, t.TempDir())
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 1)))
	for name, change := range map[string]func(*trial.Event){
		"nothing":      func(e *trial.Event) { e.Report = nil },
		"both":         func(e *trial.Event) { e.Decision = &trial.Decision{What: trial.Paused} },
		"cost NaN":     func(e *trial.Event) { e.Report.Cost = math.NaN() },
		"cost Inf":     func(e *trial.Event) { e.Report.Cost = math.Inf(1) },
		"cost below 0": func(e *trial.Event) { e.Report.Cost = -1 },
		"time before":  func(e *trial.Event) { e.Time = time.Unix(-5, 0) },
		"time after":   func(e *trial.Event) { e.Time = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC) },
		"attempt 0":    func(e *trial.Event) { e.Report.Attempt = 0 },
		"parameter": func(e *trial.Event) {
			e.Report, e.Decision = nil, &trial.Decision{Trial: 1, What: trial.Sampled, Params: trial.Params{{Name: "x", Value: math.NaN()}}}
		},
	} {
		bad := eventAt(2)
		change(&bad)
		wantError(t, db.Append(t.Context(), "a", []trial.Event{bad}), trial.Invalid, "", "")
		if events, err := db.Events(t.Context(), "a", 0); err != nil || len(events) != 1 {
			t.Errorf("%s: %d events, %v; want 1", name, len(events), err)
		}
	}
	check(t, db.Append(t.Context(), "a", eventsAfter(1, 1)))
}

func TestZeroTime(t *testing.T) {
	db := openIn(t, t.TempDir())
	create(t, db, benchStudy("a"))
	e := eventAt(1)
	e.Time = time.Time{}
	check(t, db.Append(t.Context(), "a", []trial.Event{e}))
	events, err := db.Events(t.Context(), "a", 0)
	check(t, err)
	if !events[0].Time.IsZero() {
		t.Errorf("the time is %v, want zero", events[0].Time)
	}
}

// TestGivingUp cancels callers at random: whoever gets nil is recorded, whoever gets an error is not.
func TestGivingUp(t *testing.T) {
	db := openIn(t, t.TempDir())
	var wait sync.WaitGroup
	for i := range 8 {
		id := fmt.Sprint("s", i)
		create(t, db, benchStudy(id))
		wait.Go(func() {
			seq := int64(0)
			for range 60 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(3000))*time.Microsecond)
				if db.Append(ctx, id, eventsAfter(seq, 3)) == nil {
					seq += 3
				}
				cancel()
			}
			if events, err := db.Events(t.Context(), id, 0); err != nil || int64(len(events)) != seq {
				t.Errorf("%s has %d events (%v), %d were acknowledged", id, len(events), err, seq)
			}
		})
	}
	wait.Wait()
}

func TestCloseDrains(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), dir)
	check(t, err)
	acked := make([]int64, 8)
	var wait, begun sync.WaitGroup
	begun.Add(len(acked))
	for i := range acked {
		id := fmt.Sprint("s", i)
		create(t, db, benchStudy(id))
		wait.Go(func() {
			for db.Append(t.Context(), id, eventsAfter(acked[i], 4)) == nil {
				if acked[i] += 4; acked[i] == 40 {
					begun.Done()
				}
			}
		})
	}
	begun.Wait()
	check(t, db.Close())
	wait.Wait()
	db = openIn(t, dir)
	for i, seq := range acked {
		if events, err := db.Events(t.Context(), fmt.Sprint("s", i), 0); err != nil || int64(len(events)) != seq {
			t.Errorf("study %d has %d events (%v), %d were acknowledged", i, len(events), err, seq)
		}
	}
}

func TestDeleteBehindAppend(t *testing.T) {
	db := openIn(t, t.TempDir())
	for n := range 20 {
		id := fmt.Sprint("s", n)
		create(t, db, benchStudy(id))
		var wait sync.WaitGroup // queued together, they may share a transaction, in either order
		wait.Go(func() { _ = db.Append(t.Context(), id, eventsAfter(0, 200)) })
		wait.Go(func() { check(t, db.DeleteStudy(t.Context(), id)) })
		wait.Wait()
	}
	s, err := db.Stats(t.Context())
	check(t, err)
	if s.Studies+s.Reports+s.Decisions+s.Trials > 0 {
		t.Errorf("something is left: %+v", s)
	}
}

func TestSecondDaemon(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	_, err := store.Open(t.Context(), dir)
	wantError(t, err, trial.Unavailable, "another daemon has it open", fmt.Sprint("stop process ", os.Getpid()))
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 3)))
}

// TestTakenOver loses the lock, as on a file system that has none: the daemon that came first must write nothing more.
func TestTakenOver(t *testing.T) {
	dir := t.TempDir()
	first := openIn(t, dir)
	create(t, first, benchStudy("a"))
	check(t, first.Append(t.Context(), "a", eventsAfter(0, 3)))
	check(t, os.Remove(filepath.Join(dir, "lock")))
	second := openIn(t, dir)
	check(t, second.Append(t.Context(), "a", eventsAfter(3, 3)))
	for _, err := range []error{
		first.Append(t.Context(), "a", eventsAfter(3, 3)),
		first.Append(t.Context(), "a", eventsAfter(6, 3)),
		first.CreateStudy(t.Context(), benchStudy("b")),
		first.DeleteStudy(t.Context(), "a"),
		first.Rebuild(t.Context(), "a"),
	} {
		wantError(t, err, trial.Conflict, "another daemon took over", "must end")
	}
	if err := first.Owned(t.Context()); !errors.Is(err, trial.ErrTakenOver) {
		t.Error(err)
	}
	check(t, second.Owned(t.Context()))
	check(t, second.Append(t.Context(), "a", eventsAfter(6, 3)))
}

// TestLongReader holds one view of the database while it grows, as a notebook may for a minute.
func TestLongReader(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	create(t, db, benchStudy("a"))
	check(t, db.Append(t.Context(), "a", eventsAfter(0, 500)))
	tx, err := raw(t, dir).Begin()
	check(t, err)
	count := func() (n int) {
		check(t, tx.QueryRow("SELECT count(*) FROM curves_v").Scan(&n))
		return n
	}
	before := count()
	for seq := int64(500); seq < 20_000; seq += 500 {
		check(t, db.Append(t.Context(), "a", eventsAfter(seq, 500)))
	}
	if n := count(); n != before {
		t.Errorf("the reader saw %d rows, then %d", before, n)
	}
	check(t, tx.Rollback())
}
