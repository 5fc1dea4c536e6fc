package daemon

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"automl/trial"
)

// written is the outcome of a transaction with what a core had decided.
type written struct {
	core *core
	ready
	err error
}

// step fills the free slots and has what was decided persisted, which is let out only then. A study has one transaction under way: what
// comes in for it meanwhile is decided already, and shares the next one. So neither the disk waits for decisions, nor they for the disk.
func (d *Daemon) step(ctx context.Context) {
	d.forget()
	if len(d.cores) > 0 && !slices.ContainsFunc(d.cores, func(c *core) bool { return !c.writing }) {
		return
	}
	d.fill()
	for _, c := range d.cores {
		if !c.writing {
			d.begin(ctx, c)
		}
	}
	d.forget()
}

// begin persists what a core has decided without waiting for it: the outcome goes to d.written. What needs no transaction is let out at
// once.
func (d *Daemon) begin(ctx context.Context, c *core) {
	r := c.take()
	if c.err != nil || len(r.events) == 0 {
		_ = d.letOut(ctx, written{core: c, ready: r, err: c.err})
		return
	}
	c.writing = true
	ctx = context.WithoutCancel(ctx) // Run waits for it
	go func() { d.written <- d.persist(ctx, c, r) }()
}

// commit persists what a core has decided and lets it out, all before it returns. Whoever asked for it may have hung up: that is no reason
// to throw the core away.
func (d *Daemon) commit(ctx context.Context, c *core) error {
	ctx = context.WithoutCancel(ctx)
	if err := d.await(ctx, c); err != nil {
		return err
	}
	r := c.take()
	if c.err != nil || len(r.events) == 0 {
		return d.letOut(ctx, written{core: c, ready: r, err: c.err})
	}
	return d.letOut(ctx, d.persist(ctx, c, r))
}

// await returns when a core has no transaction under way any more, with the error of the one that it had.
func (d *Daemon) await(ctx context.Context, c *core) (err error) {
	for c.writing {
		w := <-d.written
		if e := d.letOut(ctx, w); w.core == c {
			err = e
		}
	}
	return err
}

// persist makes durable what was decided. It may run beside the daemon's goroutine.
func (d *Daemon) persist(ctx context.Context, c *core, r ready) written {
	defer d.tally.commit.since(time.Now())
	return written{c, r, d.Store.Append(ctx, c.spec.Study.ID, r.events)}
}

// letOut says what has become durable. When it has not, the core is thrown away: what was taken in is not acknowledged, so the bus
// delivers it again to the core that is rebuilt.
func (d *Daemon) letOut(ctx context.Context, w written) error {
	c := w.core
	c.writing = false
	if errors.Is(w.err, trial.ErrTakenOver) {
		d.lost = w.err
		return w.err
	}
	if w.err != nil {
		d.tally.failures++
		d.Log.Error().Err(w.err).Str("study", c.spec.Study.ID).Str("name", c.spec.Study.Name).Msg("the record could not be written; the study is read again")
		d.broken = append(d.broken, broken{c.spec.Study, c.kept})
		c.spec.Study.ID = "" // dropped by forget
		return trial.Wrap(trial.Unavailable, w.err, "write the record of study %s", c.spec.Study.Name)
	}
	if w.empty() {
		return nil
	}
	d.tally.count(w.ready)
	d.report(c, w.events)
	d.trace(c, w.ready)
	c.keep(w.letters)
	d.send(w.letters)
	if len(w.work) > 0 {
		if err := d.Bus.Publish(ctx, w.work...); err != nil {
			c.mark(d.Log.Warn().Err(err), trial.Key{Trial: trial.NoTrial}).Int("attempts", len(w.work)).Msg("hand out work; it is tried again")
		}
	}
	for _, f := range w.acks {
		f()
	}
	return nil
}

// trace tells who follows the record what was added to it, and each attempt that is handed out which span it has.
func (d *Daemon) trace(c *core, r ready) {
	if d.Trace == nil {
		return
	}
	d.Trace.Recorded(c.spec.Study, r.events, false)
	for i := range r.work {
		r.work[i].Trace = d.Trace.Parent(c.spec.Study, r.work[i].Key())
	}
}

// send answers runs, each with all that there is for it.
func (d *Daemon) send(letters []letter) {
	answers := map[string][]trial.Outbound{}
	var runs []string
	for _, l := range letters {
		if answers[l.run] == nil {
			runs = append(runs, l.run)
		}
		answers[l.run] = append(answers[l.run], l.out)
	}
	for _, run := range runs {
		if err := d.Bus.Send(run, answers[run]...); err != nil {
			d.Log.Warn().Err(err).Str("run", run).Msg("answer a runner")
		}
	}
}

// report logs decisions at the level a person may want.
func (d *Daemon) report(c *core, events []trial.Event) {
	for _, e := range events {
		if e.Decision == nil {
			continue
		}
		q := e.Decision
		level := zerolog.DebugLevel
		if !d.Shown && (q.What == trial.Retried && q.Failure.Counts() || q.What == trial.Failed) {
			level = zerolog.WarnLevel
		}
		c.mark(d.Log.WithLevel(level), trial.Key{Trial: q.Trial, Attempt: q.Attempt}).Str("what", string(q.What)).Msg(q.Reason)
	}
}

// mark puts on a line of the log what it is about, under the same names as a runner's lines: study, trial, attempt and run.
func (c *core) mark(line *zerolog.Event, k trial.Key) *zerolog.Event {
	line = line.Str("study", c.spec.Study.ID).Str("name", c.spec.Study.Name)
	if k.Trial == trial.NoTrial {
		return line
	}
	line = line.Int("trial", k.Trial)
	if k.Attempt > 0 {
		line = line.Int("attempt", k.Attempt)
	}
	if t := c.state.Trial(k.Trial); t != nil && t.Run != "" {
		line = line.Str("run", t.Run)
	}
	return line
}
