package schedulertest

import (
	"fmt"

	"automl/schedulers"
	"automl/trial"
)

// Replay gives the record to a new scheduler, as after a restart, and checks that it answers at every point as the first one
// did.
func (g *Game) Replay(newScheduler func(*trial.State) schedulers.Scheduler) error {
	state := trial.NewState(g.State.Study)
	s := newScheduler(state)
	for _, e := range g.Events {
		if err := state.Apply(e); err != nil {
			return err
		}
		s.Apply(e)
		if was, asked := g.Asked[e.Seq]; asked && !same(s.Next(), was) {
			return fmt.Errorf("after event %d: Next said %s and now says %s", e.Seq, text(was), text(s.Next()))
		}
		if was, asked := g.Verdicts[e.Seq]; asked && !same(s.Verdict(e.Report.Trial), was) {
			return fmt.Errorf("after event %d: Verdict said %s and now says %s", e.Seq, text(was), text(s.Verdict(e.Report.Trial)))
		}
	}
	if text(s.Plan()) != text(g.Scheduler.Plan()) {
		return fmt.Errorf("the plan changed: %s, then %s", text(g.Scheduler.Plan()), text(s.Plan()))
	}
	return nil
}
