package simulate

import (
	"fmt"

	"automl/schedulers"
	"automl/trial"
)

// Replay gives the record to a new scheduler, as after a restart, and checks that it answers at every point as the first one did.
// Then it does so with the beginning of the record alone, for every beginning of a short one and for some of a long one: a
// scheduler that was never asked before must not answer otherwise.
func (g *Game) Replay(newScheduler func(*trial.State) schedulers.Scheduler) error {
	if err := g.replay(newScheduler, 0, len(g.Events)); err != nil {
		return err
	}
	for n := 0; n <= len(g.Events); n += 1 + len(g.Events)/beginnings {
		if err := g.replay(newScheduler, n, n); err != nil {
			return fmt.Errorf("restarted there: %w", err)
		}
	}
	return nil
}

// beginnings is how many beginnings of a record are replayed, and the length below which all are.
const beginnings = 30

// replay gives the first events of the record to a new scheduler, and compares what it answers after each from the given one on.
func (g *Game) replay(newScheduler func(*trial.State) schedulers.Scheduler, from, to int) error {
	state := trial.NewState(g.State.Study)
	s := newScheduler(state)
	for i := 0; ; i++ {
		if i >= from {
			if err := g.compare(s, i); err != nil {
				return err
			}
		}
		if i == to {
			break
		}
		if err := state.Apply(g.Events[i]); err != nil {
			return err
		}
		s.Apply(g.Events[i])
	}
	if text(s.Plan()) != text(g.Scheduler.Plan()) {
		return fmt.Errorf("the plan changed: %s, then %s", text(g.Scheduler.Plan()), text(s.Plan()))
	}
	return nil
}

// compare asks a scheduler that knows the first events what the game's own was asked then.
func (g *Game) compare(s schedulers.Scheduler, events int) error {
	seq := int64(events)
	if was, asked := g.Asked[seq]; asked && !same(s.Next(), was) {
		return fmt.Errorf("after event %d: Next said %s and now says %s", seq, text(was), text(s.Next()))
	}
	if was, asked := g.Verdicts[seq]; asked {
		if now := s.Verdict(g.Events[events-1].Report.Trial); !same(now, was) {
			return fmt.Errorf("after event %d: Verdict said %s and now says %s", seq, text(was), text(now))
		}
	}
	return nil
}
