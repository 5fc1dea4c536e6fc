package daemon

import (
	"context"
	"errors"
	"time"

	"automl/trial"
)

// asker is the run, and the runner, that holds the leases of work handed out by Ask.
const asker = "ask"

// ask hands out work to whoever trains outside: the lease is granted with it. The error is for a request that was answered, and whose
// work is over.
func (c *core) ask(l trial.Lease) (trial.Assignment, trial.Reply, error) {
	if c.state.Status.Over() {
		return trial.Assignment{}, trial.ReplyOver, nil
	}
	if a, known, err := c.repeat(l.Request); known {
		return a, trial.ReplyWork, err
	}
	a, ok := c.next()
	switch {
	case ok:
		c.start(a.Key(), asker, asker, l)
		c.hands = max(c.hands, c.out())
		return c.leased(a, l), trial.ReplyWork, nil
	case c.state.Status.Over():
		return a, trial.ReplyOver, nil
	}
	return a, trial.ReplyWait, nil
}

// tell takes what was measured. The job ends with the first answer other than continue, at the end of its work, or with a
// failure; nobody has to say so. Telling something again changes nothing.
//
// What has become hopeless is pruned with it, so that the record that the next proposal is made from is complete when tell is
// answered.
func (c *core) tell(key trial.Key, reports []trial.Report, failure *trial.Exit) (trial.Verb, string) {
	defer c.tidy()
	c.hear(key, c.now)
	out := trial.Outbound{Verb: trial.Stop, Reason: "nothing was told"}
	if len(reports) == 0 && failure == nil {
		return out.Verb, out.Reason
	}
	for i := range reports {
		if out = c.inbound(trial.Inbound{Key: key, Run: asker, Report: &reports[i]}); out.Verb != trial.Continue {
			break
		}
	}
	if failure != nil {
		out = c.inbound(trial.Inbound{Key: key, Run: asker, Exit: failure})
		return trial.Stop, out.Reason
	}
	t := c.state.Trial(key.Trial)
	done := t != nil && t.Open != nil && t.Open.Number == key.Attempt && !t.Done.Less(t.Open.To)
	if out.Verb != trial.Continue || done {
		c.inbound(trial.Inbound{Key: key, Run: asker, Exit: &trial.Exit{}})
	}
	return out.Verb, out.Reason
}

// Ask hands out work of a study whose trainer is external. Whoever hangs up before it is answered gets none, unless the ask has a name:
// then it is asked again, and otherwise nobody would ever tell of it.
func (d *Daemon) Ask(ctx context.Context, study string, l trial.Lease) (a trial.Assignment, r trial.Reply, err error) {
	defer d.tally.ask.since(time.Now())
	err = d.external(ctx, study, func(c *core) (err error) {
		a, r, err = c.ask(l)
		if err == nil && r == trial.ReplyWork && d.Trace != nil {
			a.Trace = d.Trace.Parent(c.spec.Study, a.Key())
		}
		return err
	}, func() { r = trial.ReplyOver })
	if err == nil && r == trial.ReplyWork && ctx.Err() != nil && l.Request == "" {
		return trial.Assignment{}, trial.ReplyWait, errors.Join(ctx.Err(), d.takeBack(context.WithoutCancel(ctx), study, a.Key()))
	}
	return a, r, err
}

// takeBack ends an attempt that was handed out by Ask and that nobody has heard of.
func (d *Daemon) takeBack(ctx context.Context, study string, key trial.Key) error {
	return d.external(ctx, study, func(c *core) error {
		c.lose(key, trial.Aborted, "whoever asked for it had hung up")
		return nil
	}, func() {})
}

// Tell takes what was measured of work handed out by Ask, and answers once it is recorded. The key's Study is ignored. Code Conflict: the
// lease has ended, and the work is somebody else's.
func (d *Daemon) Tell(ctx context.Context, study string, key trial.Key, reports []trial.Report, failure *trial.Exit) (trial.Verb, string, error) {
	defer d.tally.tell.since(time.Now())
	for i := range reports {
		reports[i].Printable()
	}
	if failure != nil {
		failure.Printable()
	}
	return d.said(ctx, study, key, func(c *core, key trial.Key) (trial.Verb, string) { return c.tell(key, reports, failure) })
}

// Renew hears of work handed out by Ask that there is nothing to tell of yet, and says whether it is to be trained on. The key's Study is
// ignored. Code Conflict: the lease has ended, and the work is somebody else's.
func (d *Daemon) Renew(ctx context.Context, study string, key trial.Key) (trial.Verb, string, error) {
	return d.said(ctx, study, key, func(c *core, key trial.Key) (trial.Verb, string) { return c.renew(key) })
}

// said runs f on the core of a study for a program that speaks of an attempt, unless it has lost that.
func (d *Daemon) said(ctx context.Context, study string, key trial.Key, f func(*core, trial.Key) (trial.Verb, string)) (v trial.Verb, reason string, err error) {
	err = d.external(ctx, study, func(c *core) error {
		key.Study = c.spec.Study.ID
		if err := c.fenced(key); err != nil {
			return err
		}
		v, reason = f(c, key)
		return nil
	}, func() { v, reason = trial.Stop, "the study is over" })
	return v, reason, err
}

// external runs f on the core of a study and commits; over is called instead when the study has ended. An error of f comes before any
// change.
func (d *Daemon) external(ctx context.Context, study string, f func(*core) error, over func()) error {
	return d.do(ctx, func() error {
		c := d.named(study)
		if c == nil {
			return d.absent(ctx, study, over)
		}
		if !c.spec.External {
			return trial.Errorf(trial.Conflict, "the trainer of study %s is not external: its runners ask for it", c.spec.Study.Name)
		}
		c.now = d.Now()
		if err := f(c); err != nil {
			return err
		}
		return d.commit(ctx, c)
	})
}

// named finds the core of a study that is not over by id or name.
func (d *Daemon) named(study string) *core {
	for _, c := range d.cores {
		if c.spec.Study.ID == study || c.spec.Study.Name == study {
			return c
		}
	}
	return nil
}

// absent says why a study has no core: it is over, being read again, or not there.
func (d *Daemon) absent(ctx context.Context, study string, over func()) error {
	s, found, err := d.find(ctx, study)
	switch {
	case err != nil || !found:
		return orUnknown(err, study)
	case d.mending(s.ID):
		return trial.Errorf(trial.Unavailable, "the record of study %s cannot be written just now", s.Name)
	}
	over()
	return nil
}

// Engine is one study without bus, store and clock: ask, train, tell. Benchmarks and simulations drive it; the daemon does the
// same with the same core.
type Engine struct{ c *core }

// NewEngine makes a study, or continues one from its record.
func NewEngine(spec Spec, record []trial.Event) (*Engine, error) {
	c, err := newCore(spec, record)
	return &Engine{c}, err
}

// Ask hands out work.
func (e *Engine) Ask(now time.Time) (trial.Assignment, trial.Reply) {
	e.c.now = now
	a, reply, _ := e.c.ask(trial.Lease{}) // an error is for a request
	return a, reply
}

// Tell takes what was measured of an attempt, in order, and answers it. failure, if any, comes after the reports.
func (e *Engine) Tell(now time.Time, key trial.Key, reports []trial.Report, failure *trial.Exit) (trial.Verb, string) {
	e.c.now = now
	return e.c.tell(key, reports, failure)
}

// Prepare makes the proposal that the next Ask will need, if it will need one. It changes nothing but the time that Ask takes:
// the daemon calls it when nobody waits for it.
func (e *Engine) Prepare() {
	if e.c.wants() {
		e.c.prepare()
	}
}

// Take returns the events since the last call, which the caller persists if it persists anything, and the error that made the
// engine stop, if one did.
func (e *Engine) Take() ([]trial.Event, error) { return e.c.take().events, e.c.err }

// State is the study as it stands. Do not change it.
func (e *Engine) State() *trial.State { return e.c.state }
