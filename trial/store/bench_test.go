package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

// filler makes a plausible record: trials of 5 folds x 20 epochs, 100 reports each.
type filler struct {
	seq   int64
	trial int
	next  int // report of the trial
}

func benchStudy(id string) trial.Study {
	s := storetest.Study(id)
	s.Shape = trial.Shape{Folds: 5, Epochs: 20}
	return s
}

func (f *filler) event() trial.Event {
	f.seq++
	e := trial.Event{Seq: f.seq, Time: time.Unix(1800000000, f.seq*1000).UTC()}
	if f.next == 0 {
		e.Decision = &trial.Decision{Trial: f.trial, What: trial.Sampled, Origin: trial.FromSampler, Params: trial.Params{
			{Name: "lr", Value: 3.1e-4}, {Name: "batch_size", Value: int64(32)}, {Name: "optimizer", Value: "adamw"}}}
		f.next++
		return e
	}
	at := f.next - 1
	e.Report = &trial.Report{Trial: f.trial, Attempt: 1, Fold: at / 20, Epoch: at%20 + 1, Cost: 1.5,
		Metrics: trial.Metrics{{Name: "acc", Value: 1 / (2 + float64(f.seq%977))}}}
	if f.next++; f.next > 100 {
		f.trial, f.next = f.trial+1, 0
	}
	return e
}

func (f *filler) events(n int) []trial.Event {
	out := make([]trial.Event, n)
	for i := range out {
		out[i] = f.event()
	}
	return out
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprint("events=", size), func(b *testing.B) {
			db := openIn(b, b.TempDir())
			create(b, db, benchStudy("a"))
			var f filler
			for b.Loop() {
				if err := db.Append(b.Context(), "a", f.events(size)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(f.seq)/b.Elapsed().Seconds(), "events/s")
		})
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
			var f filler
			for range b.N / callers {
				if err := db.Append(b.Context(), fmt.Sprint("s", i), f.events(1)); err != nil {
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
	var f filler
	for f.seq < int64(n+n/100) {
		if err := db.Append(tb.Context(), id, f.events(1000)); err != nil {
			tb.Fatal(err)
		}
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
