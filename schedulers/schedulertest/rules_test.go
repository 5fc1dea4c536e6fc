package schedulertest

import (
	"fmt"
	"testing"

	"automl/schedulers"
	"automl/trial"
)

// unfair is a search in which a trial is pruned at a rung, and a worse one promoted from there.
func unfair(t *testing.T, better, worse float64) *Game {
	t.Helper()
	g := &Game{State: trial.NewState(trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 3}, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}})}
	g.Scheduler = silent{}
	rung := trial.Resource{Epoch: 1}
	for n, v := range []float64{better, worse} {
		for _, e := range []trial.Event{
			{Decision: &trial.Decision{Trial: n, What: trial.Sampled, Bracket: 1, Reason: "new"}},
			{Decision: &trial.Decision{Trial: n, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: rung}},
			{Decision: &trial.Decision{Trial: n, What: trial.Started, Attempt: 1, Runner: "r", Run: "r1"}},
			{Report: &trial.Report{Trial: n, Attempt: 1, Epoch: 1, Metrics: trial.Metrics{{Name: "loss", Value: v}}}},
			{Decision: &trial.Decision{Trial: n, What: trial.Paused, Attempt: 1, At: rung, Reason: "waits"}},
		} {
			if err := g.push(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, d := range []trial.Decision{{Trial: 0, What: trial.Pruned, At: rung}, {Trial: 1, What: trial.Promoted, At: rung}} {
		if err := g.decide(d); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// silent is a scheduler that says nothing.
type silent struct{ schedulers.Scheduler }

func (silent) Apply(trial.Event) {}

// The rules themselves can fail.
func TestRulesNotice(t *testing.T) {
	if err := neverSorry(unfair(t, 0.1, 0.5)); err == nil {
		t.Error("a trial was promoted after a better one had been pruned, and nobody minds")
	}
	if err := neverSorry(unfair(t, 0.5, 0.1)); err != nil {
		t.Error(err)
	}
	if err := reasons(unfair(t, 0.5, 0.1)); err == nil {
		t.Error("a trial was pruned without a reason, and nobody minds")
	}
	g := &Game{Verdicts: map[int64]schedulers.Verdict{3: {Verb: trial.Pause}}}
	if err := answered(g); err == nil {
		t.Error("a verdict has no reason, and nobody minds")
	}
	g = &Game{Asked: map[int64]schedulers.Action{3: schedulers.Start{}}}
	if err := answered(g); err == nil {
		t.Error("a start has no reason, and nobody minds")
	}
}

// nosy is a scheduler whose answer depends on how often it was asked.
type nosy struct {
	schedulers.Scheduler
	state *trial.State
	asked map[int64]bool
}

func (n nosy) Next() schedulers.Action {
	n.asked[n.state.Seq] = true
	a := n.Scheduler.Next()
	if start, ok := a.(schedulers.Start); ok {
		start.Reason = fmt.Sprintf("asked after %d events", len(n.asked))
		return start
	}
	return a
}

// A scheduler that has answered the same way all along is found out when it is restarted in the middle.
func TestReplayNoticesAQuestionThatChangesSomething(t *testing.T) {
	honest := func(s *trial.State) schedulers.Scheduler {
		sched, err := schedulers.New(schedulers.Config{Type: "fifo", Trials: 3}, s)
		if err != nil {
			t.Fatal(err)
		}
		return sched
	}
	bad := func(s *trial.State) schedulers.Scheduler { return nosy{honest(s), s, map[int64]bool{}} }
	study := trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 2}, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}}
	world := World{Workers: 1, Value: func(_, _, _ int) float64 { return 1 }}
	for _, c := range []struct {
		make func(*trial.State) schedulers.Scheduler
		ok   bool
	}{{honest, true}, {bad, false}} {
		g, err := Play(c.make, study, world)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.replay(c.make, 0, len(g.Events)); err != nil {
			t.Errorf("replayed from the start: %v", err)
		}
		if err := g.Replay(c.make); (err == nil) != c.ok {
			t.Errorf("restarted: %v", err)
		}
	}
}
