package simulate

import (
	"fmt"
	"testing"

	"automl/schedulers"
	"automl/trial"
)

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
