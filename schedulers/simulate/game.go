package simulate

import (
	"fmt"
	"math"
	"time"

	"automl/schedulers"
	"automl/trial"
)

// World is what the trainers of a simulated search would do. Functions that are nil never happen.
type World struct {
	Workers int
	Value   func(number, fold, epoch int) float64
	Other   func(objective, number, fold, epoch int) float64     // of the further objectives, from 0
	Last    func(number, fold, epoch int) bool                   // the fold ends early, after this epoch
	Fail    func(number, attempt, fold, epoch int) trial.Failure // the attempt breaks in place of this report; empty: it does not
	Cut     func(number, fold, epoch int) bool                   // somebody else prunes the trial after this report
	Lose    func(number, attempt int) int                        // how many epochs of its fold the next attempt repeats
	Seconds func(number int) float64                             // of one epoch; nil means 1
	Drain   int                                                  // the study drains once so many trials were started; 0 means never
}

// Game is a search that is being played.
type Game struct {
	State     *trial.State
	Scheduler schedulers.Scheduler
	Events    []trial.Event
	Asked     map[int64]schedulers.Action  // what Next answered after the event with that number
	Clock     float64                      // seconds since the study began
	Verdicts  map[int64]schedulers.Verdict // the verdict on the report with that number

	world World
	slots []slot
	again []int // trials whose last attempt was lost
}

// slot is a busy worker: the next epoch of its trial is reported at due.
type slot struct {
	number int
	at     trial.Resource
	due    float64
}

// Play plays a whole search as the daemon would and returns its record. It fails when the scheduler waits for nothing, asks for
// something the state machine forbids, or does not come to an end.
func Play(make func(*trial.State) schedulers.Scheduler, study trial.Study, w World) (*Game, error) {
	state := trial.NewState(study)
	g := &Game{State: state, Scheduler: make(state), Asked: map[int64]schedulers.Action{}, Verdicts: map[int64]schedulers.Verdict{}, world: w}
	for range 1_000_000 {
		over, err := g.fill()
		if err != nil {
			return g, err
		}
		if over {
			return g, nil
		}
		if err := g.step(); err != nil {
			return g, err
		}
	}
	return g, fmt.Errorf("the search does not end")
}

// fill asks for work until all slots are busy or there is none. True when the search is over.
func (g *Game) fill() (bool, error) {
	for {
		action := g.Scheduler.Next()
		if again := g.Scheduler.Next(); !same(again, action) {
			return false, fmt.Errorf("asked twice, Next says %s and then %s", text(action), text(again))
		}
		g.Asked[g.State.Seq] = action
		free := len(g.slots) < g.world.Workers
		if free && len(g.again) > 0 {
			number := g.again[0]
			g.again = g.again[1:]
			if err := g.assign(number, g.Scheduler.Target(number)); err != nil {
				return false, err
			}
			continue
		}
		done, err := g.act(action, free)
		if _, finish := action.(schedulers.Finish); finish && err == nil {
			return true, nil
		}
		if done || err != nil {
			return false, err
		}
	}
}

// act does what Next asked for. True when it needs a slot that is not free, or another report.
func (g *Game) act(action schedulers.Action, free bool) (bool, error) {
	switch a := action.(type) {
	case schedulers.Prune:
		return false, g.decide(trial.Decision{Trial: a.Trial, What: trial.Pruned, At: a.At, Value: number(a.Value),
			Threshold: number(a.Threshold), Reason: a.Reason})
	case schedulers.Start:
		if !free {
			return true, nil
		}
		return false, g.start(a)
	case schedulers.Promote:
		if !free {
			return true, nil
		}
		if err := g.decide(trial.Decision{Trial: a.Trial, What: trial.Promoted, At: a.From, To: a.To, Value: number(a.Value),
			Threshold: number(a.Threshold), Reason: a.Reason}); err != nil {
			return false, err
		}
		if target := g.Scheduler.Target(a.Trial); target != a.To || !a.From.Less(a.To) {
			return false, fmt.Errorf("trial %d is promoted from %s to %s, but its target is %s", a.Trial, a.From, a.To, target)
		}
		return false, g.assign(a.Trial, a.To)
	case schedulers.Wait:
		if len(g.slots) == 0 {
			return false, fmt.Errorf("the scheduler waits, but nothing runs")
		}
		return true, nil
	}
	if len(g.slots)+len(g.again) > 0 {
		return false, fmt.Errorf("the scheduler finishes while trials run")
	}
	return true, nil
}

func (g *Game) start(a schedulers.Start) error {
	n := len(g.State.Trials)
	err := g.decide(trial.Decision{Trial: n, What: trial.Sampled, Bracket: a.Bracket, Origin: trial.FromSampler, Reason: a.Reason})
	if err != nil {
		return err
	}
	if target := g.Scheduler.Target(n); target != a.To {
		return fmt.Errorf("trial %d starts towards %s, but its target is %s", n, a.To, target)
	}
	if n+1 == g.world.Drain {
		err = g.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: trial.StudyDraining, Reason: "time is up"})
	}
	if err != nil {
		return err
	}
	return g.assign(n, a.To)
}

// assign hands a trial to a worker.
func (g *Game) assign(n int, to trial.Resource) error {
	t := g.State.Trial(n)
	from := t.Done
	if g.world.Lose != nil && t.Status == trial.Waiting && from.Epoch < g.State.Study.Shape.Epochs {
		from.Epoch = max(0, from.Epoch-g.world.Lose(n, t.Attempts))
	}
	attempt := t.Attempts + 1
	if err := g.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: attempt, Phase: trial.Search, At: from, To: to}); err != nil {
		return err
	}
	if err := g.decide(trial.Decision{Trial: n, What: trial.Started, Attempt: attempt, Runner: "r", Run: "r1"}); err != nil {
		return err
	}
	g.slots = append(g.slots, slot{number: n, at: from, due: g.Clock + g.seconds(n)})
	return nil
}

func (g *Game) seconds(n int) float64 {
	if g.world.Seconds == nil {
		return 1
	}
	return g.world.Seconds(n)
}

func (g *Game) decide(d trial.Decision) error { return g.push(trial.Event{Decision: &d}) }

func (g *Game) push(e trial.Event) error {
	e.Seq = g.State.Seq + 1
	e.Time = g.State.Study.Created.Add(time.Duration(g.Clock * float64(time.Second)))
	if err := g.State.Apply(e); err != nil {
		return err
	}
	g.Scheduler.Apply(e)
	g.Events = append(g.Events, e)
	return nil
}

// number is a value as a decision carries it.
func number(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// same compares two answers, NaN being equal to NaN. (NaN makes == fail, so it only serves to be quick.)
func same(a, b any) bool { return a == b || text(a) == text(b) }

func text(v any) string { return fmt.Sprintf("%T%+v", v, v) }
