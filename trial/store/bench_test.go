package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
)

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint("events=", size), func(b *testing.B) {
			db := openIn(b, b.TempDir())
			create(b, db, benchStudy("a"))
			seq := int64(0)
			for b.Loop() {
				check(b, db.Append(b.Context(), "a", eventsAfter(seq, size)))
				seq += int64(size)
			}
			b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkAppendInTurn has 512 trials report in turn, as they do where many runners are at work.
func BenchmarkAppendInTurn(b *testing.B) {
	db := openIn(b, b.TempDir())
	study := benchStudy("a")
	study.Shape.Epochs = 1 << 20
	create(b, db, study)
	const trials, size = 512, 128
	seq, now := int64(0), time.Now().UTC()
	var events []trial.Event
	put := func(e trial.Event) {
		seq++
		e.Seq, e.Time = seq, now
		if events = append(events, e); len(events) == size {
			check(b, db.Append(b.Context(), "a", events))
			events = events[:0]
		}
	}
	for i := range trials {
		put(trial.Event{Decision: &trial.Decision{Trial: i, What: trial.Sampled}})
		put(trial.Event{Decision: &trial.Decision{Trial: i, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: study.Shape.Full()}})
	}
	for n := 0; b.Loop(); n++ {
		put(trial.Event{Report: &trial.Report{Trial: n % trials, Attempt: 1, Epoch: 1 + n/trials, Metrics: trial.Metrics{{Name: "loss", Value: 1 / float64(1+n)}}}})
	}
}

// BenchmarkAppendConcurrent has 64 callers append single events to studies of their own, so that they share commits.
func BenchmarkAppendConcurrent(b *testing.B) {
	db := openIn(b, b.TempDir())
	const callers = 64
	for i := range callers {
		create(b, db, benchStudy(fmt.Sprint("s", i)))
	}
	b.ResetTimer()
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			for seq := range int64(b.N / callers) {
				if err := db.Append(b.Context(), fmt.Sprint("s", i), eventsAfter(seq, 1)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// fill makes a study with n reports.
func fill(tb testing.TB, db *store.DB, id string, n int) {
	create(tb, db, benchStudy(id))
	for seq := 0; seq < n+n/100; seq += 1000 {
		check(tb, db.Append(tb.Context(), id, eventsAfter(int64(seq), 1000)))
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint("reports=", n), func(b *testing.B) {
			dir := b.TempDir()
			db := openIn(b, dir)
			fill(b, db, "a", n)
			check(b, db.Close())
			b.Run("open", func(b *testing.B) {
				for b.Loop() {
					db, err := store.Open(b.Context(), dir)
					check(b, err)
					check(b, db.Close())
				}
			})
			db = openIn(b, dir)
			b.Run("load", func(b *testing.B) {
				for b.Loop() {
					_, err := db.Load(b.Context(), "a")
					check(b, err)
				}
			})
			b.Run("events", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := db.Events(b.Context(), "a", 0)
					check(b, err)
				}
			})
		})
	}
}
