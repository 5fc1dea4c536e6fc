package daemon

import (
	"errors"
	"fmt"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// next decides what one more slot should do: the assignment to publish once it is persisted, or false when there is nothing
// for it now. Decisions that take no slot, such as pruning a paused trial, are made on the way.
func (c *core) next() (trial.Assignment, bool) {
	if !c.searching() || c.full(c.out()) {
		return trial.Assignment{}, false
	}
	c.budget()
	held := c.hopeless()
	if t := c.waiting(); t != nil {
		why := "goes on from " + t.Done.String()
		if t.Attempts == 0 {
			why = t.Reason
		}
		return c.assign(t, trial.Search, c.sched.Target(t.Number), why), true
	}
	for c.err == nil && !c.state.Status.Over() {
		switch a := c.sched.Next().(type) {
		case schedulers.Start:
			if held {
				return trial.Assignment{}, false
			}
			if t := c.sample(a); t != nil {
				return c.assign(t, trial.Search, c.sched.Target(t.Number), t.Reason), true
			}
		case schedulers.Promote:
			t := c.state.Trial(a.Trial)
			c.decide(trial.Decision{Trial: a.Trial, What: trial.Promoted, At: a.From, To: a.To, Value: number(a.Value),
				Threshold: number(a.Threshold), Reason: a.Reason})
			return c.assign(t, trial.Search, a.To, a.Reason), true
		case schedulers.Prune:
			c.prune(a)
		case schedulers.Wait:
			return trial.Assignment{}, false
		case schedulers.Finish:
			return c.finish(a.Reason)
		}
	}
	return trial.Assignment{}, false
}

// searching tells whether work may be handed out.
func (c *core) searching() bool {
	return c.state.Status == trial.StudyRunning || c.state.Status == trial.StudyDraining
}

func (c *core) prune(a schedulers.Prune) {
	c.decide(trial.Decision{Trial: a.Trial, What: trial.Pruned, At: a.At, Value: number(a.Value),
		Threshold: number(a.Threshold), Reason: a.Reason})
	c.release(c.state.Trial(a.Trial))
}

// waiting is a trial that was enqueued, or whose last attempt broke or was interrupted and whose pause is over.
func (c *core) waiting() *trial.Trial {
	for _, n := range c.state.Idle() {
		if !c.resting(n) {
			return c.state.Trial(n)
		}
	}
	return nil
}

// sample makes the next trial: the next that is given, else the sampler's proposal. Nil when the space has nothing left; the
// study then takes no new trials.
func (c *core) sample(a schedulers.Start) *trial.Trial {
	n := len(c.state.Trials)
	var next given
	if own := c.own(); len(own) > 0 {
		next = own[0]
	} else {
		params, err := c.propose()
		if err != nil {
			c.drain(err)
			return nil
		}
		next = given{params, trial.FromSampler}
	}
	c.decide(next.decision(n, a.Bracket, a.Reason))
	return c.state.Trial(n)
}

// own is the trials that the study is to begin with and that are not made yet: they come before those enqueued later.
func (c *core) own() []given { return c.given[min(c.state.Given(), len(c.given)):] }

func (c *core) drain(err error) {
	reason := err.Error()
	if errors.Is(err, search.ErrExhausted) {
		reason = "every configuration of the search space has been tried"
	}
	c.move(trial.StudyDraining, reason)
}

// budget ends the search when its time is over: what runs is stopped, what waits is pruned, and the winner so far is refitted.
func (c *core) budget() {
	if !c.late() || !c.searching() {
		return
	}
	c.endAll("the time budget is over")
	if c.state.Status == trial.StudyRunning {
		c.move(trial.StudyDraining, "the time budget is over")
	}
}

// vain is how many trials may fail, each in all of its attempts, before a study that has no report at all is given up.
const vain = 10

// hopeless ends a search whose trainer cannot work: a mistake in the script that no parameter heals would else cost every trial of the
// budget, and with them the night. What may be the parameters' fault (memory, time, NaN), and a runner that is gone, do not count, nor does
// anything once a trial has reported an epoch. held: so many are failing that no new trial begins before it is known.
func (c *core) hopeless() (held bool) {
	if c.state.Status != trial.StudyRunning {
		return false
	}
	failed, failing := 0, 0
	for _, t := range c.state.Trials {
		switch {
		case t.Epochs > 0:
			return false
		case t.Status != trial.Fail:
			failing += min(t.Failures, 1)
		case trainers[t.Failure]:
			failed++
		default:
			return false
		}
	}
	if failed >= vain {
		c.move(trial.StudyDraining, fmt.Sprintf("%d trials failed and none has reported an epoch: it is the trainer that does not work, not its parameters", failed))
	}
	return failed+failing >= vain
}

// trainers are the failures that are the trainer's whatever the parameters.
var trainers = map[trial.Failure]bool{trial.Crash: true, trial.Signal: true, trial.Processes: true, trial.Protocol: true}

func (c *core) endAll(reason string) {
	for _, t := range c.state.Trials {
		if !t.Status.Terminal() {
			c.end(t, reason)
		}
	}
}

// end prunes a trial for a reason that lies outside of it; its process, if any, is told to stop.
func (c *core) end(t *trial.Trial, reason string) {
	d := trial.Decision{Trial: t.Number, What: trial.Pruned, At: t.Done, Reason: reason}
	if score, ok := t.Score(c.spec.Study.Objective, c.spec.Study.Shape); ok {
		d.Value = number(score.Value)
	}
	if t.Open != nil {
		d.Attempt = t.Open.Number
		c.order(c.key(t, d.Attempt), trial.Stop, reason)
	}
	c.decide(d)
	c.release(t)
}

// release tells the run that has the checkpoint of a trial that nobody will need it.
func (c *core) release(t *trial.Trial) {
	if t.Run != "" && t.Open == nil && t.Attempts > 0 {
		key := c.key(t, t.Attempts)
		if _, busy := c.busy[key]; !busy { // else the verb that ends the process says it
			c.ready.letters = append(c.ready.letters, letter{t.Run, trial.Outbound{Key: key, Verb: trial.Stop, Reason: t.Reason}})
		}
	}
}

// finish is what comes after the search: confirm the best, refit the winner, done.
func (c *core) finish(reason string) (trial.Assignment, bool) {
	if a, wait, ok := c.confirm(); ok || wait {
		return a, ok
	}
	if a, wait, ok := c.refit(); ok || wait {
		return a, ok
	}
	c.move(trial.StudyDone, c.outcome(reason))
	return trial.Assignment{}, false
}

// confirm hands out the fresh folds of the best trials. wait: some are still being trained.
func (c *core) confirm() (a trial.Assignment, wait, ok bool) {
	shape, plan := c.spec.Study.Shape, c.spec.Confirm
	to := trial.Resource{Fold: shape.Folds*(1+plan.Seeds) - 1, Epoch: shape.Epochs}
	if plan.Top == 0 || plan.Seeds == 0 || c.late() {
		return a, c.state.Open() > 0, false
	}
	for i, t := range c.contenders() {
		if i >= plan.Top {
			break
		}
		if t.Open != nil || t.Done == to || c.gaveUp(t, trial.Confirm) || c.resting(t.Number) {
			continue
		}
		why := fmt.Sprintf("one of the best %d: trained on %d fresh draws of the folds to confirm it", plan.Top, plan.Seeds)
		return c.assign(t, trial.Confirm, to, why), false, true
	}
	return a, c.state.Open() > 0 || c.backingOff(), false
}

// contenders is the complete trials by their value on the search folds alone, best first, so that confirming one does not
// change who is confirmed.
func (c *core) contenders() []*trial.Trial {
	study := c.spec.Study
	return c.state.RankedAt(study.Shape.Full())
}

// refit hands out the training of the winner on all data.
func (c *core) refit() (a trial.Assignment, wait, ok bool) {
	best := c.state.Best()
	if !c.spec.Refit || best == nil || best.Artifact != "" || c.gaveUp(best, trial.Refit) {
		return a, false, false
	}
	if best.Open != nil || c.resting(best.Number) {
		return a, true, false
	}
	score, _ := best.Score(c.spec.Study.Objective, c.spec.Study.Shape)
	why := fmt.Sprintf("the winner, trained on all data for %d epochs", score.Epoch)
	return c.assign(best, trial.Refit, trial.Resource{Epoch: score.Epoch}, why), false, true
}

// gaveUp tells whether a phase of a complete trial has failed too often.
func (c *core) gaveUp(t *trial.Trial, phase trial.Phase) bool {
	return t.Phase == phase && t.Failures >= trial.MaxFailures || c.failed[work{t.Number, phase}] >= trial.MaxFailures
}

// late tells whether the budget of hours or of GPU hours is used up.
func (c *core) late() bool {
	if !c.spec.End.IsZero() && !c.now.Before(c.spec.End) {
		return true
	}
	return c.spec.GPUSeconds > 0 && c.gpuSeconds() >= c.spec.GPUSeconds
}

func (c *core) gpuSeconds() float64 {
	sum := 0.0
	for _, t := range c.state.Trials {
		sum += t.Seconds * c.spec.Resources.GPUShare()
	}
	return sum
}

func (c *core) backingOff() bool {
	for n := range c.retryAt {
		if t := c.state.Trial(n); c.resting(n) && t.Status == trial.Complete && !c.gaveUp(t, t.Phase) {
			return true
		}
	}
	return false
}

// outcome is the last word on a study, for a person.
func (c *core) outcome(reason string) string {
	best := c.state.Best()
	switch {
	case best == nil && c.state.Status == trial.StudyDraining && c.state.Reason != "": // why it went no further
		return fmt.Sprintf("%s; %s; no trial is complete", c.state.Reason, reason)
	case best == nil:
		return reason + "; no trial is complete"
	case c.spec.Refit && best.Artifact == "":
		return fmt.Sprintf("%s; refitting trial %d failed: %s", reason, best.Number, best.Reason)
	}
	return reason
}
