package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/trial"
)

// Store is what is tested.
type Store interface {
	CreateStudy(ctx context.Context, s trial.Study) error
	Studies(ctx context.Context) ([]trial.Study, error)
	Events(ctx context.Context, study string, after int64) ([]trial.Event, error)
	Append(ctx context.Context, study string, events []trial.Event) error
	DeleteStudy(ctx context.Context, study string) error
}

// Run runs all tests. open returns a new, empty store, and arranges for its end with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"Studies":            studies,
		"TakenName":          takenName,
		"RoundTrip":          roundTrip,
		"After":              after,
		"Gap":                gap,
		"Refused":            refused,
		"UnknownStudy":       unknownStudy,
		"Cancelled":          cancelled,
		"Delete":             deleteStudy,
		"Concurrent":         concurrent,
		"RepeatedReports":    repeatedReports,
		"ReportWithoutValue": reportWithoutValue,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func studies(t *testing.T, s Store) {
	want := []trial.Study{Study("zz"), Study("mm"), Study("aa")}
	want[1].Seed = 1<<64 - 1
	want[1].Document = nil
	want[2].Document = json.RawMessage(`{"name": "aa", "n": 1.0, "text": "\u00e9é"}`)
	want[2].Objective.Folds = trial.Worst
	want[2].Others = []trial.Objective{{Metric: "size", Goal: trial.Minimize}, {Metric: "é\"", Goal: trial.Maximize, Folds: trial.Median}}
	for _, study := range want {
		check(t, s.CreateStudy(t.Context(), study))
	}
	got, err := s.Studies(t.Context())
	check(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("studies (-want +got):\n%s", d)
	}
}

func takenName(t *testing.T, s Store) {
	check(t, s.CreateStudy(t.Context(), Study("a")))
	name, id := Study("b"), Study("c")
	name.Name, id.ID = Study("a").Name, Study("a").ID
	wantCode(t, s.CreateStudy(t.Context(), name), trial.Conflict)
	wantCode(t, s.CreateStudy(t.Context(), id), trial.Conflict)
	if got, err := s.Studies(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("%d studies, %v; want 1", len(got), err)
	}
}

func roundTrip(t *testing.T, s Store) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		study := Study(fmt.Sprint("r", n))
		if err := s.CreateStudy(t.Context(), study); err != nil {
			rt.Fatal(err)
		}
		want := Record(rt, study, 40)
		for rest := want; len(rest) > 0; {
			k := rapid.IntRange(1, len(rest)).Draw(rt, "batch")
			if err := s.Append(t.Context(), study.ID, rest[:k]); err != nil {
				rt.Fatal(err)
			}
			rest = rest[k:]
		}
		got, err := s.Events(t.Context(), study.ID, 0)
		if err != nil {
			rt.Fatal(err)
		}
		if d := Diff(want, got); d != "" {
			rt.Fatalf("record (-want +got):\n%s", d)
		}
	})
}

func after(t *testing.T, s Store) {
	record := began(t, s, "a", 7)
	for n := range int64(9) {
		got, err := s.Events(t.Context(), "a", n)
		check(t, err)
		if d := Diff(record[min(n, 7):], got); d != "" {
			t.Errorf("after %d (-want +got):\n%s", n, d)
		}
	}
}

func gap(t *testing.T, s Store) {
	record := began(t, s, "a", 3)
	next := sampled(4)
	for name, events := range map[string][]trial.Event{
		"gap": {sampled(5)}, "again": {sampled(3)}, "gap inside": {next, sampled(6)}, "twice": {next, next},
	} {
		if err := s.Append(t.Context(), "a", events); err == nil {
			t.Errorf("%s: appended", name)
		}
		wantRecord(t, s, "a", record)
	}
	check(t, s.Append(t.Context(), "a", []trial.Event{next}))
	wantRecord(t, s, "a", append(record, next))
}

func refused(t *testing.T, s Store) {
	record := began(t, s, "a", 2)
	bad := trial.Event{Seq: 4, Time: stamp, Decision: &trial.Decision{Trial: 7, What: trial.Paused}}
	if err := s.Append(t.Context(), "a", []trial.Event{sampled(3), bad}); err == nil {
		t.Error("a decision about an unknown trial was appended")
	}
	wantRecord(t, s, "a", record)
	check(t, s.Append(t.Context(), "a", []trial.Event{sampled(3)}))
}

func unknownStudy(t *testing.T, s Store) {
	_, err := s.Events(t.Context(), "none", 0)
	wantCode(t, err, trial.NotFound)
	wantCode(t, s.Append(t.Context(), "none", []trial.Event{sampled(1)}), trial.NotFound)
	wantCode(t, s.DeleteStudy(t.Context(), "none"), trial.NotFound)
}

func cancelled(t *testing.T, s Store) {
	record := began(t, s, "a", 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ctx, "a", []trial.Event{sampled(3)}); err == nil {
		t.Error("appended although cancelled")
	}
	wantRecord(t, s, "a", record)
}

func deleteStudy(t *testing.T, s Store) {
	kept := began(t, s, "kept", 3)
	began(t, s, "gone", 3)
	check(t, s.DeleteStudy(t.Context(), "gone"))
	_, err := s.Events(t.Context(), "gone", 0)
	wantCode(t, err, trial.NotFound)
	wantRecord(t, s, "kept", kept)
	wantRecord(t, s, "gone", began(t, s, "gone", 1)) // the name is free, the record begins anew
}

// concurrent has several studies grow at the same time, with bad requests among the good ones.
func concurrent(t *testing.T, s Store) {
	var wait sync.WaitGroup
	for i := range 4 {
		id := fmt.Sprint("c", i)
		check(t, s.CreateStudy(t.Context(), Study(id)))
		wait.Go(func() {
			for n := int64(1); n <= 40; n += 2 {
				if err := s.Append(t.Context(), id, []trial.Event{sampled(n), sampled(n + 1)}); err != nil {
					t.Error(err)
				}
				if err := s.Append(t.Context(), id, []trial.Event{sampled(n + 2), sampled(n)}); err == nil {
					t.Error("a gap was appended")
				}
			}
		})
	}
	wait.Wait()
	for i := range 4 {
		if got, err := s.Events(t.Context(), fmt.Sprint("c", i), 0); err != nil || len(got) != 40 {
			t.Errorf("study %d has %d events, %v; want 40", i, len(got), err)
		}
	}
}

func repeatedReports(t *testing.T, s Store) {
	record := began(t, s, "a", 1)
	for i, v := range []float64{0.5, 0.5, 0.7} {
		record = append(record, report(int64(2+i), trial.Metrics{{Name: "acc", Value: v}, {Name: fmt.Sprint("m", i), Value: v}}))
	}
	check(t, s.Append(t.Context(), "a", record[1:]))
	got, err := s.Events(t.Context(), "a", 0)
	check(t, err)
	want, have := trial.NewState(Study("a")), trial.NewState(Study("a"))
	for i := range record {
		check(t, want.Apply(record[i]))
		check(t, have.Apply(got[i]))
	}
	if v := have.Trials[0].Curve("acc", 0)[0]; v != 0.5 {
		t.Errorf("the first value is 0.5, the record gives %v", v)
	}
	if d := cmp.Diff(want.Trials[0].Metrics(), have.Trials[0].Metrics()); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
}

func reportWithoutValue(t *testing.T, s Store) {
	record := append(began(t, s, "a", 1), report(2, nil))
	check(t, s.Append(t.Context(), "a", record[1:]))
	wantRecord(t, s, "a", record)
}

var stamp = time.Date(2026, 11, 24, 6, 30, 0, 123456789, time.UTC)

// began makes a study of a few trials.
func began(t *testing.T, s Store, id string, events int64) []trial.Event {
	t.Helper()
	check(t, s.CreateStudy(t.Context(), Study(id)))
	var record []trial.Event
	for n := range events {
		record = append(record, sampled(n+1))
	}
	check(t, s.Append(t.Context(), id, record))
	return record
}

func sampled(seq int64) trial.Event {
	return trial.Event{Seq: seq, Time: stamp, Decision: &trial.Decision{Trial: int(seq - 1), What: trial.Sampled,
		Params: trial.Params{{Name: "lr", Value: 3.0}, {Name: "n", Value: int64(3)}}, Origin: trial.FromSampler}}
}

func report(seq int64, m trial.Metrics) trial.Event {
	return trial.Event{Seq: seq, Time: stamp, Report: &trial.Report{Attempt: 1, Epoch: 1, Metrics: m, Cost: 0.25}}
}

func wantRecord(t *testing.T, s Store, id string, want []trial.Event) {
	t.Helper()
	got, err := s.Events(t.Context(), id, 0)
	check(t, err)
	if d := Diff(want, got); d != "" {
		t.Errorf("record of %s (-want +got):\n%s", id, d)
	}
}

func wantCode(t *testing.T, err error, want trial.Code) {
	t.Helper()
	if err == nil || trial.CodeOf(err) != want {
		t.Errorf("error %v, want code %s", err, want)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
