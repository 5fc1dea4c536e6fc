package daemon

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/search"
	"automl/trial"
)

func TestStudyEndsWithARefittedWinner(t *testing.T) {
	for _, slots := range []int{1, 4} {
		s := newSim(t, testSpec(), 1).play(slots)
		state := s.c.state
		if len(state.Trials) != 16 || state.Status != trial.StudyDone {
			t.Fatalf("%d trials, %s: %s", len(state.Trials), state.Status, state.Reason)
		}
		for _, tr := range state.Trials {
			if !tr.Status.Terminal() || tr.Reason == "" {
				t.Errorf("trial %d is %s: %q", tr.Number, tr.Status, tr.Reason)
			}
		}
		if best := state.Best(); best == nil || best.Artifact != "/models/best" {
			t.Fatalf("the winner %+v was not refitted", best)
		}
		if run, full := state.EpochsRun(), state.EpochsFull(); run*2 > full {
			t.Errorf("%d of %d epochs were run", run, full)
		}
		if refits := s.decisions(trial.Refitted); len(refits) != 1 {
			t.Errorf("%d refits", len(refits))
		}
	}
}

// The record alone gives the same future: a core rebuilt from any prefix of it goes on as the one that wrote it did.
func TestEveryPrefixOfTheRecordGoesOnTheSame(t *testing.T) {
	whole := newSim(t, testSpec(), 3).play(2)
	for n := 0; n < len(whole.record); n++ {
		next := whole.record[n].Decision
		if next == nil || next.What != trial.Sampled && next.What != trial.Promoted && next.What != trial.Pruned {
			continue
		}
		c, err := newCore(testSpec(), whole.record[:n])
		if err != nil {
			t.Fatal(err)
		}
		if next.Attempt != 0 { // pruned by the verdict on a report, not by a free slot
			continue
		}
		c.now = whole.record[n].Time
		c.next()
		got := c.take().events
		if len(got) == 0 || got[0].Decision == nil {
			t.Fatalf("event %d: nothing was decided where the record has %s", n, next.What)
		}
		if d := cmp.Diff(next, got[0].Decision); d != "" {
			t.Fatalf("event %d: %s", n, d)
		}
	}
}

func TestSameSeedAndOrderGiveTheSameStudy(t *testing.T) {
	a, b := newSim(t, testSpec(), 5).play(3), newSim(t, testSpec(), 5).play(3)
	if d := cmp.Diff(a.transcript(), b.transcript()); d != "" {
		t.Error(d)
	}
	other := testSpec()
	other.Study.Seed = 8
	if c := newSim(t, other, 5).play(3); c.transcript() == a.transcript() {
		t.Error("another seed gave the same study")
	}
}

func TestConfirmTrainsFreshFoldsOfTheBest(t *testing.T) {
	spec := testSpec()
	spec.Confirm = Confirm{Top: 2, Seeds: 1}
	s := newSim(t, spec, 1).play(2)
	confirmed := s.decisions(trial.Confirmed)
	if len(confirmed) != 2 {
		t.Fatalf("%d trials confirmed", len(confirmed))
	}
	best := s.c.state.Best()
	score, ok := best.Score(spec.Study.Objective, spec.Study.Shape)
	if !ok || len(score.Folds) != 6 || best.Extra != 18 {
		t.Errorf("the winner has %d folds and %d extra epochs", len(score.Folds), best.Extra)
	}
}

func TestEnqueuedPointsComeFirst(t *testing.T) {
	spec := testSpec()
	spec.Enqueue = []trial.Params{{{Name: "lr", Value: 0.5}, {Name: "opt", Value: "adamw"}}, {{Name: "lr", Value: 0.25}, {Name: "opt", Value: "adamw"}}}
	s := newSim(t, spec, 1).play(1)
	for i, p := range spec.Enqueue {
		if tr := s.c.state.Trial(i); !tr.Params.Equal(p) || tr.Origin != trial.FromUser {
			t.Errorf("trial %d is %v from %s", i, tr.Params, tr.Origin)
		}
	}
	if s.c.state.Trial(2).Origin != trial.FromSampler {
		t.Error("the third trial is not the sampler's")
	}
}

// A winner whose confirmation breaks for good is refitted all the same: that is counted afresh.
func TestRefitIsTriedWhenConfirmingFailed(t *testing.T) {
	spec := testSpec()
	spec.Confirm = Confirm{Top: 1, Seeds: 1}
	s := newSim(t, spec, 1)
	s.exit = func(a trial.Assignment, _ int) *trial.Exit {
		if a.Phase == trial.Confirm {
			return &trial.Exit{Failure: trial.Crash, Message: "it broke"}
		}
		return nil
	}
	s.play(2)
	if broken, refitted := len(s.decisions(trial.Retried)), len(s.decisions(trial.Refitted)); broken != trial.MaxFailures || refitted != 1 {
		t.Errorf("%d attempts to confirm broke and %d refits ended; the study ended with %s", broken, refitted, s.c.state.Reason)
	}
}

func TestCrashIsRetriedThreeTimesAtMost(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.exit = func(a trial.Assignment, _ int) *trial.Exit {
		if a.Trial == 0 || a.Trial == 1 && a.Attempt < 3 {
			return &trial.Exit{Failure: trial.Crash, Message: "boom"}
		}
		return nil
	}
	s.play(2)
	bad, good := s.c.state.Trial(0), s.c.state.Trial(1)
	if bad.Status != trial.Fail || bad.Attempts != 3 || !strings.Contains(bad.Reason, "boom") {
		t.Errorf("%s after %d attempts: %s", bad.Status, bad.Attempts, bad.Reason)
	}
	if good.Status == trial.Fail || good.Attempts < 3 {
		t.Errorf("a trial that crashed twice is %s after %d attempts", good.Status, good.Attempts)
	}
	if s.c.state.Best() == nil {
		t.Error("the study did not go on")
	}
}

func TestNaNFailsAtOnceAndTheStudyGoesOn(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.value = func(a trial.Assignment, fold, epoch int) float64 {
		if a.Trial%4 == 0 && epoch == 2 {
			return math.NaN()
		}
		return curve(a, fold, epoch)
	}
	s.play(2)
	tr := s.c.state.Trial(0)
	if tr.Status != trial.Fail || tr.Failure != trial.NaN || tr.Attempts != 1 || !strings.Contains(tr.Reason, "NaN at fold 0 epoch 2") {
		t.Errorf("%s %s after %d attempts: %s", tr.Status, tr.Failure, tr.Attempts, tr.Reason)
	}
	if s.c.state.Best() == nil {
		t.Error("no winner")
	}
}

func TestMissingMetricIsExplained(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.fill(1)
	w := s.run[0]
	out := s.c.inbound(trial.Inbound{Key: w.a.Key(), Run: "run1", N: 1,
		Report: &trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "val_acc", Value: 1}, {Name: "loss", Value: 1}}}})
	tr := s.c.state.Trial(0)
	if out.Verb != trial.Stop || tr.Status != trial.Fail || !strings.Contains(tr.Reason, `no metric "acc", which the study optimizes; it has val_acc, loss: report it under that name`) {
		t.Errorf("%s, %s: %s", out.Verb, tr.Status, tr.Reason)
	}
}

func TestOtherFoldsFailTheTrial(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.fill(2)
	send := func(i int, hash string) trial.Outbound {
		return s.c.inbound(trial.Inbound{Key: s.run[i].a.Key(), Run: "run1", N: 1, Folds: &trial.FoldsSeen{Hash: hash, Rows: 9}})
	}
	if out := send(0, "aaa"); out.Verb != trial.Continue || s.c.state.Hash != "aaa" {
		t.Fatalf("%+v, hash %q", out, s.c.state.Hash)
	}
	if out := send(1, "bbb"); out.Verb != trial.Stop || s.c.state.Trial(1).Status != trial.Fail {
		t.Errorf("%+v, %s", out, s.c.state.Trial(1).Status)
	}
}

func TestMessagesOfOthersAreFenced(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.fill(1)
	key, before := s.run[0].a.Key(), len(s.record)
	rep := &trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}
	for _, m := range []trial.Inbound{
		{Key: key, Run: "other", N: 1, Report: rep},
		{Key: trial.Key{Study: "s1", Trial: 0, Attempt: 9}, Run: "run1", N: 1, Report: rep},
		{Key: trial.Key{Study: "s1", Trial: 77, Attempt: 1}, Run: "run1", N: 1, Report: rep},
		{Key: key, Run: "other", N: 2, Exit: &trial.Exit{Failure: trial.Crash}},
	} {
		if out := s.c.inbound(m); out.Verb != trial.Stop || out.N != m.N {
			t.Errorf("%+v was answered %+v", m, out)
		}
	}
	s.drain()
	if len(s.record) != before {
		t.Errorf("%d events came of them", len(s.record)-before)
	}
	if g := s.c.announce(trial.Announce{Key: key, Run: "other"}, false); g.Granted {
		t.Error("the lease was given twice")
	}
	if g := s.c.announce(trial.Announce{Key: key, Run: "run1"}, false); !g.Granted {
		t.Error("the holder may ask again")
	}
}

func TestRepeatedReportChangesNothing(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.fill(1)
	m := trial.Inbound{Key: s.run[0].a.Key(), Run: "run1", N: 1, Report: &trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}}
	first := s.c.inbound(m)
	s.drain()
	n := len(s.record)
	m.Report.Metrics[0].Value = .9
	if second := s.c.inbound(m); second != first {
		t.Errorf("%+v, then %+v", first, second)
	}
	s.drain()
	if score, _ := s.c.state.Trial(0).Score(s.c.spec.Study.Objective, s.c.spec.Study.Shape); len(s.record) != n || score.Value != .5 {
		t.Errorf("%d new events, value %v", len(s.record)-n, score.Value)
	}
}

func TestTimeBudgetStopsAndStillHandsOver(t *testing.T) {
	spec := testSpec()
	spec.Scheduler.Trials = 1000
	spec.Confirm = Confirm{Top: 2, Seeds: 1}
	s := newSim(t, spec, 1)
	s.c.spec.End = s.clock.Add(300 * time.Second)
	s.play(2)
	if !strings.Contains(s.c.state.Reason, "time budget") && s.c.state.Status != trial.StudyDone {
		t.Errorf("%s: %s", s.c.state.Status, s.c.state.Reason)
	}
	best := s.c.state.Best()
	if best == nil || best.Artifact == "" {
		t.Fatal("nothing was handed over")
	}
	if s.clock.After(s.c.spec.End.Add(30*time.Second)) || len(s.decisions(trial.Confirmed)) > 0 {
		t.Errorf("it went on for %v after its end", s.clock.Sub(s.c.spec.End))
	}
}

// What a runner of another version or a broken trainer may send must not keep its message from being recorded.
func TestOddMessagesAreRecordable(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	s.fill(1)
	key := s.run[0].a.Key()
	s.c.inbound(trial.Inbound{Key: key, Run: "run1", N: 1, Report: &trial.Report{Epoch: 1, Cost: math.NaN(), Metrics: trial.Metrics{{Name: "acc", Value: .5}}}})
	s.c.inbound(trial.Inbound{Key: key, Run: "run1", N: 2, Exit: &trial.Exit{Failure: "meteorite", Message: "boom"}})
	s.drain()
	retried := s.decisions(trial.Retried)
	if tr := s.c.state.Trial(0); tr.Seconds != 0 || len(retried) != 1 || retried[0].Failure != trial.Crash {
		t.Errorf("%v seconds, %+v", tr.Seconds, retried)
	}
}

func TestExhaustedSpaceEndsTheStudy(t *testing.T) {
	spec := testSpec()
	spec.Space = search.Space{Parameters: []search.Parameter{{Name: "lr", Kind: search.Ordinal, Choices: []any{1e-3, 1e-2, 1e-1}}}}
	s := newSim(t, spec, 1).play(2)
	if len(s.c.state.Trials) != 3 || s.c.state.Status != trial.StudyDone || s.c.state.Best() == nil {
		t.Errorf("%d trials, %s: %s", len(s.c.state.Trials), s.c.state.Status, s.c.state.Reason)
	}
}

func TestRefitThatFailsIsGivenUp(t *testing.T) {
	s := newSim(t, testSpec(), 1)
	refits := 0
	for range 10_000 {
		s.fill(2)
		for _, w := range s.run {
			if w.a.Phase == trial.Refit && w.exit.Failure == "" {
				w.exit = trial.Exit{Failure: trial.Crash, Message: "disk full"}
				refits++
			}
		}
		if s.c.state.Status.Over() {
			break
		}
		if len(s.run) > 0 {
			s.step()
		} else {
			s.clock = s.clock.Add(time.Second)
		}
	}
	if refits != trial.MaxFailures || s.c.state.Status != trial.StudyDone || !strings.Contains(s.c.state.Reason, "disk full") {
		t.Errorf("%d refits, %s: %s", refits, s.c.state.Status, s.c.state.Reason)
	}
}
