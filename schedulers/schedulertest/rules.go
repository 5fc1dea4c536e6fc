package schedulertest

import (
	"fmt"
	"strings"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
	"automl/trial/pareto"
)

// rules is what holds for every search, whatever went wrong in it.
var rules = []struct {
	name   string
	holds  func(*simulate.Game) error
	ranked bool // of schedulers that go by the ranks on the rungs
}{
	{"every trial is over", allOver, false},
	{"exactly one terminal decision a trial", oneEnd, false},
	{"every decision has its reason, value and threshold", reasons, true},
	{"every decision has its reason", reason, false},
	{"every answer that ends or holds a trial has a reason", answered, false},
	{"no trial is promoted past a better one", fair, true},
	{"the budget is kept", budget, false},
	{"somebody wins", winner, false},
}

func allOver(g *simulate.Game) error {
	for _, t := range g.State.Trials {
		if !t.Status.Terminal() {
			return fmt.Errorf("trial %d is %s", t.Number, t.Status)
		}
	}
	return nil
}

func oneEnd(g *simulate.Game) error {
	ends := make([]int, len(g.State.Trials))
	for _, d := range decisions(g) {
		if d.What == trial.Completed || d.What == trial.Pruned || d.What == trial.Failed {
			ends[d.Trial]++
		}
	}
	for n, k := range ends {
		if k != 1 {
			return fmt.Errorf("trial %d ended %d times", n, k)
		}
	}
	return nil
}

func reason(g *simulate.Game) error {
	for _, d := range decisions(g) {
		switch d.What {
		case trial.Sampled, trial.Promoted, trial.Paused, trial.Pruned, trial.Completed:
			if d.Reason == "" {
				return fmt.Errorf("trial %d was %s without a reason", d.Trial, d.What)
			}
		}
	}
	return nil
}

func reasons(g *simulate.Game) error {
	for _, d := range decisions(g) {
		switch d.What {
		case trial.Sampled, trial.Promoted, trial.Paused, trial.Pruned, trial.Completed:
		default:
			continue
		}
		if d.Reason == simulate.CutReason || d.What != trial.Promoted && d.What != trial.Pruned {
			continue
		}
		o := g.State.Study.Objective
		_, finite := g.State.Trial(d.Trial).ScoresAt(g.State.Study, d.At)
		if d.What == trial.Pruned && !finite && d.Value == nil {
			continue
		}
		if d.Value == nil || !finite || d.Threshold == nil && len(g.State.Study.Others) == 0 {
			return fmt.Errorf("trial %d was %s without a value and a threshold: %s", d.Trial, d.What, d.Reason)
		}
		if d.What == trial.Promoted && d.Threshold != nil && o.Better(*d.Threshold, *d.Value) {
			return fmt.Errorf("trial %d was promoted below the threshold: %s", d.Trial, d.Reason)
		}
	}
	return nil
}

// answered checks what the scheduler said, also where nothing was recorded of it.
func answered(g *simulate.Game) error {
	for seq, v := range g.Verdicts {
		if v.Reason == "" || v.Verb != trial.Continue && v.Verb != trial.Pause && v.Verb != trial.Stop {
			return fmt.Errorf("the verdict on event %d is %+v", seq, v)
		}
	}
	for seq, a := range g.Asked {
		reason := "none needed"
		switch a := a.(type) {
		case schedulers.Start:
			reason = a.Reason
		case schedulers.Promote:
			reason = a.Reason
		case schedulers.Prune:
			reason = a.Reason
		case schedulers.Finish:
			reason = a.Reason
		}
		if reason == "" {
			return fmt.Errorf("after event %d: %T%+v has no reason", seq, a, a)
		}
	}
	return nil
}

// fair holds every promotion against the trials that were paused at the same rung of the same bracket at that moment.
func fair(g *simulate.Game) error {
	state := trial.NewState(g.State.Study)
	paused := map[int]trial.Resource{}
	for _, e := range g.Events {
		if d := e.Decision; d != nil {
			switch d.What {
			case trial.Paused:
				paused[d.Trial] = d.At
			case trial.Promoted:
				delete(paused, d.Trial)
				if err := fairTo(state, paused, *d); err != nil {
					return err
				}
			case trial.Pruned, trial.Failed:
				delete(paused, d.Trial)
			}
		}
		if err := state.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

func fairTo(state *trial.State, paused map[int]trial.Resource, d trial.Decision) error {
	study := state.Study
	scores, _ := state.Trial(d.Trial).ScoresAt(study, d.At)
	mine := study.Losses(scores)
	for _, t := range state.Trials {
		// A trial that stands beyond the rung has jumped over it and is compared further up.
		if at, ok := paused[t.Number]; !ok || at != d.At || t.Done != d.At || t.Bracket != state.Trial(d.Trial).Bracket {
			continue
		}
		scores, finite := t.ScoresAt(study, d.At)
		if !finite {
			continue
		}
		other := study.Losses(scores)
		older := len(other) == 1 && other[0] == mine[0] && t.Number < d.Trial // several objectives have no ties
		if pareto.Dominates(other, mine) || older {
			return fmt.Errorf("trial %d (%v) was promoted past trial %d (%v)", d.Trial, mine, t.Number, other)
		}
	}
	return nil
}

// neverSorry checks, in a search in which nothing went wrong, that no trial is promoted from a rung on which a better one of its
// bracket was pruned before: pruning is for those that cannot get a place any more. One that lost the fold race is another matter: a
// worse one may go on as part of its audited share.
func neverSorry(g *simulate.Game) error {
	o, shape := g.State.Study.Objective, g.State.Study.Shape
	var pruned []trial.Decision
	for _, d := range decisions(g) {
		switch d.What {
		case trial.Pruned:
			if !raced(g.State.Trial(d.Trial)) {
				pruned = append(pruned, d)
			}
		case trial.Promoted:
			mine, _ := g.State.Trial(d.Trial).ScoreAt(o, shape, d.At)
			for _, p := range pruned {
				t := g.State.Trial(p.Trial)
				other, finite := t.ScoreAt(o, shape, p.At)
				if p.At == d.At && t.Bracket == g.State.Trial(d.Trial).Bracket && finite && o.Better(other.Value, mine.Value) {
					return fmt.Errorf("trial %d (%g) was promoted after trial %d (%g) had been pruned there", d.Trial, mine.Value, p.Trial, other.Value)
				}
			}
		}
	}
	return nil
}

// budget counts the trials that were started, and the epochs of those that did not give their place away: failed ones, and those
// without a finite value, also when somebody else was faster to end them.
func budget(g *simulate.Game) error {
	plan := g.Scheduler.Plan()
	if plan.Repeats {
		return nil
	}
	if n := len(g.State.Trials); n > plan.Trials() {
		return fmt.Errorf("%d trials started, %d planned", n, plan.Trials())
	}
	epochs := 0
	for _, t := range g.State.Trials {
		if _, finite := t.Scores(g.State.Study); !gaveUp(g, t) && (finite || !cut(t)) {
			epochs += t.Epochs
		}
	}
	if epochs > plan.Epochs {
		return fmt.Errorf("%d epochs, %d planned", epochs, plan.Epochs)
	}
	return nil
}

// gaveUp tells whether a trial gave its places away: it failed, or was ended for not having a finite value.
func gaveUp(g *simulate.Game, t *trial.Trial) bool {
	if t.Status == trial.PrunedState {
		return end(g, t.Number).Value == nil && !cut(t)
	}
	_, finite := t.ScoresAt(g.State.Study, g.State.Study.Shape.Full())
	return t.Status == trial.Fail || !finite
}

// cut tells whether somebody else ended the trial.
func cut(t *trial.Trial) bool { return t.Reason == simulate.CutReason }

// raced tells whether the trial was stopped by the fold race.
func raced(t *trial.Trial) bool {
	return t.Status == trial.PrunedState && strings.HasPrefix(t.Reason, schedulers.RaceName)
}

// winner: when a trial of a bracket had a finite value at its first rung, and at most one of those that had left later, the
// bracket has a complete trial. Nothing is promised where somebody else cut trials, or where they lost a race against a complete
// trial, maybe of another bracket: they took their places with them.
func winner(g *simulate.Game) error {
	for _, b := range g.Scheduler.Plan().Brackets {
		if err := winnerOf(g, b); err != nil {
			return err
		}
	}
	return nil
}

func winnerOf(g *simulate.Game, b schedulers.BracketPlan) error {
	arrived, left, complete := 0, 0, 0
	for _, t := range g.State.Trials {
		if t.Bracket != b.Bracket {
			continue
		}
		if _, finite := t.ScoresAt(g.State.Study, b.Rungs[0].At); !finite {
			continue
		}
		arrived++
		switch {
		case cut(t), raced(t):
			return nil
		case gaveUp(g, t):
			left++
		case t.Status == trial.Complete:
			complete++
		}
	}
	if arrived > left && left <= 1 && complete == 0 {
		return fmt.Errorf("bracket %d: %d trials reached its first rung, %d left, none is complete", b.Bracket, arrived, left)
	}
	return nil
}

// exact compares a search in which nothing went wrong with its plan. A plan that is a bound is held to by the rule of the budget.
func exact(g *simulate.Game) error {
	plan := g.Scheduler.Plan()
	if plan.Repeats {
		return nil
	}
	epochs := 0
	for _, t := range g.State.Trials {
		epochs += t.Epochs
	}
	if n := len(g.State.Trials); n != plan.Trials() || epochs != plan.Epochs && !plan.AtMost {
		return fmt.Errorf("%d trials and %d epochs, planned were %d and %d", n, epochs, plan.Trials(), plan.Epochs)
	}
	return nil
}

// end is the last decision about a trial: the one that ended it.
func end(g *simulate.Game, n int) trial.Decision {
	for i := len(g.Events) - 1; ; i-- {
		if d := g.Events[i].Decision; d != nil && d.Trial == n {
			return *d
		}
	}
}

func decisions(g *simulate.Game) []trial.Decision {
	var out []trial.Decision
	for _, e := range g.Events {
		if e.Decision != nil {
			out = append(out, *e.Decision)
		}
	}
	return out
}
