package trial

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var study = Study{ID: "s1", Name: "study", Objective: Objective{Metric: "acc", Goal: Maximize}, Shape: Shape{Folds: 3, Epochs: 4}}

// play applies events given without sequence numbers and times.
func play(t *testing.T, s *State, events ...Event) {
	t.Helper()
	for _, e := range events {
		if err := try(s, e); err != nil {
			t.Fatal(err)
		}
	}
}

func try(s *State, e Event) error {
	e.Seq, e.Time = s.Seq+1, time.Unix(1000+s.Seq, 0).UTC()
	return s.Apply(e)
}

func decision(d Decision) Event { return Event{Decision: &d} }

func report(n, fold, epoch int, value float64) Event {
	return Event{Report: &Report{Trial: n, Attempt: 1, Fold: fold, Epoch: epoch, Metrics: Metrics{{"acc", value}}, Cost: 2}}
}

func started(n, attempt int, phase Phase, from, to Resource) []Event {
	return []Event{
		decision(Decision{Trial: n, What: Assigned, Attempt: attempt, Phase: phase, At: from, To: to}),
		decision(Decision{Trial: n, What: Started, Attempt: attempt, Runner: "r", Run: "x"}),
	}
}

func TestCacheUseOfAnEpochCountsOnce(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled}))
	play(t, s, started(0, 1, Search, Resource{}, Resource{0, 2})...)
	one := report(0, 0, 1, .5)
	one.Report.Cache = &CacheUse{Hits: 3, Misses: 2, Saved: 1.5}
	again := report(0, 0, 1, .5)
	again.Report.Cache = &CacheUse{Hits: 5, Saved: 2.5}
	next := report(0, 0, 2, .6)
	next.Report.Cache = &CacheUse{Hits: 5, Saved: 2}
	play(t, s, one, again, next)
	if got, want := s.Trial(0).Cache, (CacheUse{Hits: 8, Misses: 2, Saved: 3.5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, bad := range []CacheUse{{Hits: -1}, {Misses: -1}, {Saved: -1}, {Saved: math.NaN()}, {Saved: math.Inf(1)}} {
		if bad.Valid() {
			t.Errorf("%+v is valid", bad)
		}
	}
}

func TestLifeOfATrial(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled, Params: Params{{"lr", 0.1}}}))
	tr := s.Trial(0)
	want := func(status Status) {
		t.Helper()
		if tr.Status != status {
			t.Fatalf("%s, want %s", tr.Status, status)
		}
	}
	want(Waiting)
	play(t, s, started(0, 1, Search, Resource{}, Resource{0, 2})...)
	want(Running)
	play(t, s, report(0, 0, 1, .5), report(0, 0, 2, .6), decision(Decision{Trial: 0, What: Paused, Attempt: 1}))
	want(PausedState)
	play(t, s, decision(Decision{Trial: 0, What: Promoted}))
	play(t, s, started(0, 2, Search, Resource{0, 2}, Resource{2, 4})...)
	play(t, s, decision(Decision{Trial: 0, What: Retried, Attempt: 2, Failure: Crash}))
	want(Waiting)
	if tr.Failures != 1 || tr.Open != nil {
		t.Fatalf("%d failures, open %v", tr.Failures, tr.Open)
	}
	play(t, s, started(0, 3, Search, Resource{0, 2}, Resource{2, 4})...)
	for f := range 3 {
		for e := 1; e <= 4; e++ {
			play(t, s, report(0, f, e, .6+float64(f)/10+float64(e)/100))
		}
	}
	play(t, s, decision(Decision{Trial: 0, What: Completed, Attempt: 3}))
	want(Complete)
	if tr.Epochs != 12 || tr.Seconds != 24 || tr.Done != study.Shape.Full() {
		t.Errorf("%d epochs, %v s, %v: an epoch reported twice counts once", tr.Epochs, tr.Seconds, tr.Done)
	}
	play(t, s, started(0, 4, Refit, Resource{}, Resource{0, 3})...)
	want(Complete)
	play(t, s, decision(Decision{Trial: 0, What: Refitted, Attempt: 4, Artifact: "/a"}))
	if s.Best() != tr || tr.Artifact != "/a" {
		t.Error("the refit is not on the winner")
	}
}

func TestOutOfMemoryCountsOnce(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled}))
	for n, kind := range []Failure{OOM, Crash, OOM} {
		play(t, s, started(0, n+1, Search, Resource{}, Resource{0, 2})...)
		play(t, s, decision(Decision{Trial: 0, What: Retried, Attempt: n + 1, Failure: kind}))
	}
	if tr := s.Trial(0); tr.OOMs != 2 {
		t.Errorf("two attempts ran out of memory and %d are counted: micro-batches are halved as often", tr.OOMs)
	}
}

func TestApplyRefusesWhatDoesNotFollow(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled}))
	for name, e := range map[string]Event{
		"unknown trial":              decision(Decision{Trial: 5, What: Pruned}),
		"report of unknown trial":    report(3, 0, 1, 1),
		"epoch outside the ladder":   report(0, 0, 5, 1),
		"skipped trial number":       decision(Decision{Trial: 2, What: Sampled}),
		"pause of a waiting trial":   decision(Decision{Trial: 0, What: Paused}),
		"start without assignment":   decision(Decision{Trial: 0, What: Started, Attempt: 1}),
		"second attempt first":       decision(Decision{Trial: 0, What: Assigned, Attempt: 2, Phase: Search}),
		"refit of a waiting trial":   decision(Decision{Trial: 0, What: Assigned, Attempt: 1, Phase: Refit}),
		"promotion of a waiting one": decision(Decision{Trial: 0, What: Promoted}),
		"an empty event":             {},
	} {
		if err := try(s, e); err == nil {
			t.Errorf("%s was applied", name)
		}
	}
	if s.Seq != 1 {
		t.Errorf("a refused event moved the sequence to %d", s.Seq)
	}
	if err := s.Apply(Event{Seq: 3, Report: report(0, 0, 1, 1).Report}); err == nil {
		t.Error("a gap was accepted")
	}
	play(t, s, decision(Decision{Trial: 0, What: Pruned}))
	if err := try(s, decision(Decision{Trial: 0, What: Failed})); err == nil {
		t.Error("a trial ended twice")
	}
}

func TestScore(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled}))
	curves := [][]float64{{.5, .7, .6, .6}, {.4, .5, .8, .7}, {.6, .6, math.NaN(), .9}}
	for f, c := range curves {
		for e, v := range c {
			play(t, s, report(0, f, e+1, v))
		}
	}
	tr, o, sh := s.Trial(0), study.Objective, study.Shape
	for _, c := range []struct {
		at    Resource
		value float64
		epoch int
	}{
		{Resource{0, 1}, .5, 1},
		{Resource{0, 4}, .7, 2},
		{Resource{1, 4}, .7, 3},      // (.6 + .8) / 2: one epoch for both folds
		{Resource{2, 4}, 2.2 / 3, 4}, // epoch 3 has a NaN in fold 2 and cannot be chosen
		{Resource{1, 2}, .6, 2},      // fold 1 is cut after epoch 2
	} {
		got, ok := tr.ScoreAt(o, sh, c.at)
		if !ok || math.Abs(got.Value-c.value) > 1e-12 || got.Epoch != c.epoch {
			t.Errorf("at %v: %+v, want %v at epoch %d", c.at, got, c.value, c.epoch)
		}
	}
	if _, ok := tr.ScoreAt(o, sh, Resource{}); ok {
		t.Error("a value before anything was reported")
	}
}

func TestScoreLeavesOutAFoldThatHasOnlyBegun(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled}))
	for e := 1; e <= 4; e++ {
		play(t, s, report(0, 0, e, .8))
	}
	play(t, s, report(0, 1, 1, .1))
	if got, ok := s.Trial(0).Score(study.Objective, study.Shape); !ok || got.Value != .8 || len(got.Folds) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestEarlyStoppedFoldCountsOn(t *testing.T) {
	s := NewState(study)
	r := report(0, 0, 2, .9)
	r.Report.Last = true
	play(t, s, decision(Decision{Trial: 0, What: Sampled}), report(0, 0, 1, .8), r, report(0, 1, 1, .1), report(0, 1, 2, .2),
		report(0, 1, 3, .3), report(0, 1, 4, .5))
	tr := s.Trial(0)
	if tr.Done != (Resource{1, 4}) {
		t.Fatalf("done %v", tr.Done)
	}
	got, ok := tr.Score(study.Objective, study.Shape)
	if !ok || math.Abs(got.Value-.7) > 1e-12 || got.Epoch != 4 {
		t.Errorf("%+v, want the last value of the early fold, .9, with .5", got)
	}
}

func TestNonFiniteIsNeverBest(t *testing.T) {
	for _, o := range []Objective{{Metric: "m", Goal: Maximize}, {Metric: "m", Goal: Minimize}} {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if o.Better(bad, 0) || !o.Better(0, bad) || !math.IsNaN(o.Combine([]float64{1, bad})) {
				t.Errorf("%s: %v", o.Goal, bad)
			}
		}
	}
}

func TestHugeValuesStayFinite(t *testing.T) {
	s := NewState(study)
	play(t, s, decision(Decision{Trial: 0, What: Sampled}))
	for f, v := range []float64{1e200, 3e200} {
		for e := 1; e <= 4; e++ {
			play(t, s, report(0, f, e, v))
		}
	}
	if got, ok := s.Trial(0).Score(study.Objective, study.Shape); !ok || math.IsInf(got.Std, 0) || math.IsNaN(got.Std) {
		t.Errorf("%+v", got)
	}
	for e := 1; e <= 4; e++ {
		play(t, s, report(0, 2, e, math.MaxFloat64))
	}
	if got, ok := s.Trial(0).Score(study.Objective, study.Shape); ok && math.IsInf(got.Value, 0) {
		t.Errorf("%+v", got)
	}
}

func TestCombine(t *testing.T) {
	v := []float64{3, 1, 2, 10}
	for _, c := range []struct {
		o    Objective
		want float64
	}{
		{Objective{Goal: Minimize}, 4}, {Objective{Goal: Minimize, Folds: Median}, 2.5},
		{Objective{Goal: Minimize, Folds: Worst}, 10}, {Objective{Goal: Maximize, Folds: Worst}, 1},
	} {
		if got := c.o.Combine(v); got != c.want {
			t.Errorf("%+v: %v", c.o, got)
		}
	}
}

// Applying the same record twice gives the same state, whatever the events are; and a repeated report changes nothing.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := NewState(study), NewState(study)
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			e := anyEvent(t, a)
			if err := try(a, e); err != nil {
				continue
			}
			if err := try(b, e); err != nil {
				t.Fatal(err)
			}
		}
		for i, x := range a.Trials {
			y := b.Trials[i]
			vx, okx := x.Score(study.Objective, study.Shape)
			vy, oky := y.Score(study.Objective, study.Shape)
			if x.Status != y.Status || x.Done != y.Done || x.Epochs != y.Epochs || okx != oky || vx.Value != vy.Value {
				t.Fatalf("trial %d differs", i)
			}
			if n := x.Epochs + x.Extra; n > 12 || math.IsNaN(vx.Value) {
				t.Fatalf("%d epochs, value %v", n, vx.Value)
			}
		}
		tallied(t, a)
	})
}

// tallied holds what a state has counted against its trials.
func tallied(t *rapid.T, s *State) {
	var want tally
	for _, x := range s.Trials {
		want.open += count(x.Open != nil)
		want.queued += count(x.Open != nil && x.Open.Run == "")
		want.given += count(x.Origin == FromUser || x.Origin == FromProbe)
		if x.Open == nil && x.Status == Waiting {
			want.waiting = append(want.waiting, x.Number)
		}
	}
	if got := (tally{s.Open(), s.Queued(), s.Given(), s.Idle()}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
}

func anyEvent(t *rapid.T, s *State) Event {
	n := rapid.IntRange(0, 3).Draw(t, "trial")
	if rapid.Bool().Draw(t, "report") {
		v := rapid.SampledFrom([]float64{.1, .5, .9, math.NaN(), math.Inf(1)}).Draw(t, "value")
		return report(n, rapid.IntRange(0, 2).Draw(t, "fold"), rapid.IntRange(1, 4).Draw(t, "epoch"), v)
	}
	what := rapid.SampledFrom([]What{Sampled, Promoted, Assigned, Started, Paused, Pruned, Completed, Failed, Retried, Refitted}).Draw(t, "what")
	d := Decision{Trial: n, What: what, Phase: Search, Failure: Crash, To: Resource{0, 2}}
	if what == Sampled {
		d.Origin = rapid.SampledFrom([]Origin{FromSampler, FromUser, FromProbe}).Draw(t, "origin")
	}
	if tr := s.Trial(n); tr != nil {
		d.Attempt = tr.Attempts + map[bool]int{true: 1}[what == Assigned]
	}
	if what == Started {
		d.Run = "x"
	}
	return decision(d)
}
