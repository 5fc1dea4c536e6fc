package daemon

import (
	"fmt"
	"time"

	"automl/trial"
)

// lease is what keeps an attempt with the program that asked for it. A program has no heartbeat, as a runner has: whatever it says of the
// attempt renews the lease.
type lease struct {
	length time.Duration
	heard  time.Time // when something was said of the attempt last, as far as this daemon knows
}

// returning is how long after a start a program may stay away, where its lease is as long: what it had to say while there was no daemon comes
// late, and how often it has renewed its lease is not on record.
const returning = time.Hour

// askers is what a core knows of the programs that ask.
type askers struct {
	leases map[trial.Key]lease
	named  map[string]trial.Key // the attempts that were asked for by name, over or not
	lapsed map[trial.Key]string // the attempts whose leases have ended, and why
	since  time.Time            // when the core was made
}

// noteAsker keeps what an event of the record tells of leases.
func (c *core) noteAsker(e trial.Event) {
	if e.Report != nil {
		c.hear(trial.Key{Study: c.spec.Study.ID, Trial: e.Report.Trial, Attempt: e.Report.Attempt}, e.Time)
		return
	}
	d := e.Decision
	key := trial.Key{Study: c.spec.Study.ID, Trial: d.Trial, Attempt: d.Attempt}
	if d.What == trial.Started {
		l := c.state.Trial(d.Trial).Open.Lease
		c.leases[key] = lease{c.lengthOf(l), e.Time}
		if l.Request != "" {
			c.named[l.Request] = key
		}
		return
	}
	if d.Failure == trial.Lost {
		c.lapsed[key] = d.Reason
	}
	if _, busy := c.busy[key]; !busy && !c.state.Trial(d.Trial).Has(d.Attempt) {
		delete(c.leases, key)
	}
}

// free gives back the slot of an attempt.
func (c *core) free(key trial.Key) {
	delete(c.busy, key)
	delete(c.leases, key)
}

// lengthOf is how long the program may be silent that has a lease.
func (c *core) lengthOf(l trial.Lease) time.Duration {
	switch {
	case l.Length > 0:
		return l.Length
	case c.spec.Trainer.Lease > 0:
		return time.Duration(c.spec.Trainer.Lease * float64(time.Second))
	}
	return trial.DefaultLease
}

// leased is an assignment that says how long whoever has it may be silent.
func (c *core) leased(a trial.Assignment, l trial.Lease) trial.Assignment {
	a.Trainer.Lease = c.lengthOf(l).Seconds()
	return a
}

// arrive begins the time in which those have to be heard of who asked before there was this core. What is on record for a time to come was
// recorded before the clock was set back.
func (c *core) arrive(now time.Time) {
	c.since = now
	for key, l := range c.leases {
		if l.heard.After(now) {
			c.leases[key] = lease{l.length, now}
		}
	}
}

// hear renews the lease of an attempt.
func (c *core) hear(key trial.Key, at time.Time) {
	if l, ok := c.leases[key]; ok {
		c.leases[key] = lease{l.length, at}
	}
}

// lapse takes the attempts from programs whose leases have ended. They are tried again like those of a runner that is gone.
func (c *core) lapse() {
	for _, key := range c.held(asker) {
		l := c.leases[key]
		if c.now.Sub(l.heard) > l.length && c.now.Sub(c.since) > min(l.length, returning) {
			c.lose(key, trial.Lost, fmt.Sprintf("its lease has ended: nothing was heard for %v of the program that asked for it", l.length))
		}
	}
}

// repeat answers a question that was answered before, with the same attempt. ok: it was.
func (c *core) repeat(request string) (a trial.Assignment, ok bool, err error) {
	key, ok := c.named[request]
	if !ok || request == "" {
		return a, false, nil
	}
	t := c.state.Trial(key.Trial)
	if o := t.Open; t.Has(key.Attempt) {
		c.hear(key, c.now)
		return c.leased(c.assignment(t, o.Number, o.Phase, o.From, o.To), o.Lease), true, nil
	}
	return a, true, trial.Errorf(trial.Conflict, "request %q was answered with attempt %d of trial %d, which is over", request, key.Attempt, key.Trial).
		WithHint("one request is one piece of work: ask for the next one with another request")
}

// fenced is the error for a program that has lost the attempt that it speaks of.
func (c *core) fenced(key trial.Key) error {
	why, lapsed := c.lapsed[key]
	if !lapsed {
		return nil
	}
	return trial.Errorf(trial.Conflict, "attempt %d of trial %d is not yours any more: %s", key.Attempt, key.Trial, why).
		WithHint("stop training it and ask for other work; a lease lasts longer with lease_seconds in the ask, and is renewed by each tell and each renew")
}

// renew hears of an attempt, and says whether it is to be trained on. What calls a trial back at its next epoch is left to the tell of that.
func (c *core) renew(key trial.Key) (trial.Verb, string) {
	c.hear(key, c.now)
	if t := c.state.Trial(key.Trial); t.Has(key.Attempt) {
		return trial.Continue, ""
	}
	out := c.inbound(trial.Inbound{Key: key, Run: asker, Exit: &trial.Exit{}}) // of an attempt that is over: it has no effect but on the slot
	return out.Verb, out.Reason
}
