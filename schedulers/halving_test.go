package schedulers_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// flat is a world in which every trial has one value, all the time.
func flat(values ...float64) simulate.World {
	return simulate.World{Workers: 1, Value: func(n, _, _ int) float64 { return values[n] }}
}

func play(t *testing.T, s trial.Shape, c schedulers.Config, w simulate.World) *simulate.Game {
	t.Helper()
	study := trial.Study{ID: "s", Name: "s", Shape: s, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}}
	g, err := simulate.Play(maker(t, c), study, w)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func wantStatuses(t *testing.T, g *simulate.Game, want ...trial.Status) {
	t.Helper()
	var got []trial.Status
	for _, q := range g.State.Trials {
		got = append(got, q.Status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses, -want +got:\n%s", diff)
	}
}

func TestTiesGoToTheLowerNumber(t *testing.T) {
	g := play(t, trial.Shape{Folds: 1, Epochs: 3}, schedulers.Config{Type: "asha", Grace: 1, Trials: 3}, flat(1, 1, 1))
	wantStatuses(t, g, trial.Complete, trial.PrunedState, trial.PrunedState)
}

func TestNotFiniteIsNeverPromoted(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	g := play(t, trial.Shape{Folds: 1, Epochs: 3}, schedulers.Config{Type: "asha", Grace: 1, Trials: 3}, flat(nan, inf, 9))
	wantStatuses(t, g, trial.PrunedState, trial.PrunedState, trial.Complete)
	if got, want := g.State.Trial(1).Reason, "asha, rung 1 (fold 0 epoch 1): no finite loss"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReserveTakesThePlaceOfAFailedTrial(t *testing.T) {
	w := flat(3, 1, 2)
	w.Fail = func(n, _, _, epoch int) trial.Failure {
		if n == 1 && epoch > 1 {
			return trial.Crash
		}
		return ""
	}
	g := play(t, trial.Shape{Folds: 1, Epochs: 3}, schedulers.Config{Type: "asha", Grace: 1, Trials: 3}, w)
	wantStatuses(t, g, trial.PrunedState, trial.Fail, trial.Complete)
	if n := g.State.Trial(1).Attempts; n != 1+trial.MaxFailures {
		t.Errorf("trial 1 had %d attempts", n)
	}
}

func TestFoldThatEndsEarlyIsCompleteAtOnce(t *testing.T) {
	w := flat(5, 1, 2)
	w.Last = func(n, _, epoch int) bool { return n == 0 && epoch == 1 }
	g := play(t, trial.Shape{Folds: 1, Epochs: 9}, schedulers.Config{Type: "asha", Grace: 1, Trials: 3}, w)
	wantStatuses(t, g, trial.Complete, trial.Complete, trial.PrunedState)
}

// A jump to the end of fold 0 is worth a promotion on the rungs in between, but does not spare the trial their comparison.
func TestJumpedRungsCompareToo(t *testing.T) {
	shape := trial.Shape{Folds: 3, Epochs: 9}
	w := flat(5, 1, 2)
	w.Last = func(n, fold, epoch int) bool { return n == 1 && fold == 0 && epoch == 1 }
	g := play(t, shape, schedulers.Config{Type: "asha", Grace: 1, Trials: 3}, w)
	wantStatuses(t, g, trial.PrunedState, trial.Complete, trial.PrunedState)
	promotions := 0
	for _, e := range g.Events {
		if d := e.Decision; d != nil && d.What == trial.Promoted {
			promotions++
			if d.At != (trial.Resource{Epoch: 9}) || d.To != shape.Full() {
				t.Errorf("promoted from %s to %s", d.At, d.To)
			}
		}
	}
	if promotions != 1 {
		t.Errorf("%d promotions", promotions)
	}
}

func TestDrainingClosesTheBrackets(t *testing.T) {
	w := flat(3, 2, 1, 4)
	w.Drain = 2
	g := play(t, trial.Shape{Folds: 1, Epochs: 3}, schedulers.Config{Type: "asha", Grace: 1}, w)
	wantStatuses(t, g, trial.PrunedState, trial.Complete)
}

// The same record under a larger budget: what was decided stays, and the search goes on.
func TestBudgetIsRaised(t *testing.T) {
	shape := trial.Shape{Folds: 1, Epochs: 9}
	small := schedulers.Config{Type: "hyperband", Grace: 1, Trials: 4}
	g := play(t, shape, small, flat(3, 2, 1, 4))
	small.Trials = 9
	if err := g.Replay(maker(t, small)); err == nil {
		t.Error("the answers should differ")
	}
	state := trial.NewState(g.State.Study)
	sched := maker(t, small)(state)
	for _, e := range g.Events {
		if err := state.Apply(e); err != nil {
			t.Fatal(err)
		}
		sched.Apply(e)
	}
	if _, ok := sched.Next().(schedulers.Start); !ok {
		t.Errorf("next is %+v", sched.Next())
	}
}

func TestUnknownTrial(t *testing.T) {
	sched := maker(t, schedulers.Config{})(trial.NewState(trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 1}}))
	if got := sched.Target(7); got != (trial.Resource{}) {
		t.Errorf("its target is %s", got)
	}
	if got := sched.Verdict(7); got.Verb != trial.Stop || got.Reason == "" {
		t.Errorf("the verdict is %+v", got)
	}
}
