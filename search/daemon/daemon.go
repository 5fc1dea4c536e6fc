package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"automl/trial"
)

// Config is what a daemon is made of.
type Config struct {
	Store  Store
	Bus    Dispatcher
	Decode Decode
	Log    zerolog.Logger
	Shown  bool          // what is decided is shown as it happens: the log does not repeat what failed
	Trace  Tracer        // nil: nobody follows
	Lease  time.Duration // a runner not heard of for so long has lost its attempts; default 60 s
	Grace  time.Duration // after a start, leases on record live at least so long; default 90 s

	Repeat time.Duration    // work that no runner has taken is published again so often, in case the bus has lost it; default 30 s
	Now    func() time.Time // the time of what is recorded; default time.Now
}

// batch is the most mail taken into one transaction.
const batch = 1000

// Daemon drives every study from one goroutine.
type Daemon struct {
	Config
	cores    []*core // of the studies that are not over, in the order they were created
	broken   []broken
	ended    map[string]bool    // studies that are over, by id
	runners  map[string]*member // by run
	progress map[trial.Key]trial.Progress
	calls    chan func()
	written  chan written
	again    chan struct{}
	over     chan struct{} // closed when Run has ended
	boot     time.Time
	tally    tally
	settled  time.Time // when the claims to slots were last settled
	services int64     // slots handed out
	lost     error     // why this daemon must end: another one has taken over
}

// broken is a study that has to be read again, and what its runners were told to be committed.
type broken struct {
	study trial.Study
	kept  map[trial.Key]int64
}

// New loads every study that is not over from its record. Call Run to start.
func New(ctx context.Context, cfg Config) (*Daemon, error) {
	if cfg.Lease == 0 {
		cfg.Lease = 60 * time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 90 * time.Second
	}
	if cfg.Repeat == 0 {
		cfg.Repeat = 30 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &Daemon{Config: cfg, ended: map[string]bool{}, runners: map[string]*member{}, progress: map[trial.Key]trial.Progress{},
		calls: make(chan func()), written: make(chan written), again: make(chan struct{}, 1), over: make(chan struct{}), boot: cfg.Now(), settled: time.Now()}
	studies, err := cfg.Store.Studies(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the studies: %w", err)
	}
	for _, s := range studies {
		if err := d.load(ctx, s, nil); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// load rebuilds a study from its record and makes its leases those of runners that are still to be heard of. kept is which messages are
// known to be committed.
func (d *Daemon) load(ctx context.Context, s trial.Study, kept map[trial.Key]int64) error {
	record, err := d.Store.Events(ctx, s.ID, 0)
	if err != nil {
		return fmt.Errorf("read the record of study %s: %w", s.Name, err)
	}
	spec, err := d.Decode(s)
	if err != nil {
		return fmt.Errorf("study %s: %w", s.Name, err)
	}
	c, err := newCore(spec, record)
	if err != nil {
		return err
	}
	if d.Trace != nil {
		d.Trace.Recorded(s, record, true)
	}
	if c.state.Status.Over() {
		d.ended[s.ID] = true
		return nil
	}
	for key, n := range kept {
		c.kept[key], c.taken[key] = n, n
	}
	c.arrive(d.Now())
	d.cores = append(d.cores, c)
	for _, t := range c.state.Trials {
		if t.Open != nil && t.Open.Run != "" && !spec.External {
			d.expect(t.Open.Runner, t.Open.Run)
		}
	}
	return nil
}

// Run drives the studies until ctx ends, or fails when it has nothing to drive any more: the bus is closed, or another daemon has
// taken over the record. Call it once.
func (d *Daemon) Run(ctx context.Context) error {
	defer close(d.over)
	defer d.rest(context.WithoutCancel(ctx))
	tick, slow, lull := time.NewTicker(time.Second), time.NewTicker(d.Repeat), time.NewTimer(quiet)
	defer tick.Stop()
	defer slow.Stop()
	defer lull.Stop()
	d.publishAgain()
	d.step(ctx)
	inbox := d.Bus.Inbox()
	for {
		select {
		case <-ctx.Done():
			return nil
		case m, ok := <-inbox:
			if !ok {
				return trial.Errorf(trial.Unavailable, "the bus is closed")
			}
			d.mail(m)
			d.more(inbox)
		case f := <-d.calls:
			f()
		case w := <-d.written:
			_ = d.letOut(ctx, w) // logged; the core is read again
		case <-tick.C:
			d.owned(ctx)
			d.mend(ctx)
			d.expire()
		case <-slow.C:
			d.publishAgain()
		case <-d.again:
			d.publishAgain()
		case <-lull.C:
			d.prepare()
		}
		d.step(ctx)
		if d.lost != nil {
			return d.lost
		}
		lull.Reset(d.whenQuiet())
	}
}

// rest lets the transactions end that are under way.
func (d *Daemon) rest(ctx context.Context) {
	for _, c := range d.cores {
		_ = d.await(ctx, c) // logged
	}
}

// owned looks whether the record is still ours. Every transaction does, but a daemon that has nothing to write would go on to
// answer runners that work for another one.
func (d *Daemon) owned(ctx context.Context) {
	if err := d.Store.Owned(ctx); errors.Is(err, trial.ErrTakenOver) {
		d.lost = err
	}
}

// Republish has all work that no runner has taken published again. It does not block; the bus calls it when it has lost a
// stream.
func (d *Daemon) Republish() {
	select {
	case d.again <- struct{}{}:
	default:
	}
}

func (d *Daemon) publishAgain() {
	for _, c := range d.cores {
		c.ready.work = append(c.ready.work, c.unleased()...)
	}
}

// more takes what else has come in, so that it shares a transaction.
func (d *Daemon) more(inbox <-chan trial.Mail) {
	for range batch {
		select {
		case m, ok := <-inbox:
			if !ok {
				return
			}
			d.mail(m)
		default:
			return
		}
	}
}

// fill hands out work while there are free slots, each to the study that is due.
func (d *Daemon) fill() {
	d.settle(time.Now())
	defer d.hold()
	now := d.Now()
	asked := map[*core]bool{}
	for free := d.free(); free > 0; {
		c := d.nextStudy(asked)
		if c == nil {
			return
		}
		c.now = now
		a, ok := trial.Assignment{}, false
		if c.out() < max(1, d.seats(c.spec.Resources)) { // more would only wait, and know less than what is decided later
			a, ok = c.next()
		}
		if c.claim.idle = !ok; !ok {
			asked[c] = true
			continue
		}
		d.services++
		c.claim.served = d.services
		c.claim.taken++
		c.ready.work = append(c.ready.work, a)
		free--
	}
}

// forget drops the cores of studies that are over, and of those that have to be read again.
func (d *Daemon) forget() {
	kept := d.cores[:0]
	for _, c := range d.cores {
		if c.spec.Study.ID != "" && (!c.state.Status.Over() || len(c.busy) > 0 || c.writing || !c.ready.empty()) {
			kept = append(kept, c)
		} else if c.spec.Study.ID != "" {
			d.ended[c.spec.Study.ID] = true
		}
	}
	clear(d.cores[len(kept):])
	d.cores = kept
}

// mend reads the studies again whose record could not be written.
func (d *Daemon) mend(ctx context.Context) {
	again := d.broken
	d.broken = nil
	for _, b := range again {
		if err := d.load(ctx, b.study, b.kept); err != nil {
			d.Log.Error().Err(err).Str("study", b.study.ID).Str("name", b.study.Name).Msg("read the study again; it is tried again")
			d.broken = append(d.broken, b)
		}
	}
}

func (d *Daemon) core(study string) *core {
	for _, c := range d.cores {
		if c.spec.Study.ID == study {
			return c
		}
	}
	return nil
}
