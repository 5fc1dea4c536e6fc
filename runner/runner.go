package runner

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"automl/runner/process"
	"automl/trial"
)

// Runner runs assignments in its slots.
type Runner struct {
	cfg       Config
	queue     Queue
	store     store
	shelf     *shelf
	logs      *logs
	spool     *spool // nil: it cannot be written
	courier   *courier
	slots     chan slot // the free ones
	pool      *pool     // of GPUs
	residents *process.Residents
	refused   map[string]bool // studies whose work is not for this runner; only pull uses it
	draining  chan struct{}
	drain     func()
	dismiss   context.CancelCauseFunc // ends Run with an error
	denied    time.Time               // since when the daemon has not let us in; zero: it does
	started   time.Time
	named     int            // where the next heartbeat goes on to name trials with checkpoints
	working   sync.WaitGroup // attempts
	sending   sync.WaitGroup // outboxes

	mu       sync.Mutex
	attempts map[trial.Key]*attempt
	asking   map[trial.Key]bool    // their lease is asked for
	outboxes map[trial.Key]*outbox // also those of attempts that are over, or were never ours
	contact  time.Time             // when the daemon was last heard of
	yielding bool                  // attempts hand back their trials
	cramped  bool                  // the checkpoints of attempts at work alone take too much
}

// New makes a runner; Run starts it.
func New(cfg Config, q Queue) (*Runner, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	r := &Runner{cfg: cfg, queue: q, store: store(cfg.Dir), shelf: newShelf(store(cfg.Dir), cfg.Shelf), logs: newLogs(store(cfg.Dir), cfg.Logs), slots: make(chan slot, cfg.Slots), pool: newPool(cfg.Slots, cfg.GPUs), refused: map[string]bool{}, draining: make(chan struct{}),
		attempts: map[trial.Key]*attempt{}, asking: map[trial.Key]bool{}, outboxes: map[trial.Key]*outbox{}}
	r.residents = process.NewResidents(filepath.Join(r.store.scratches(), "resident"), cfg.Clock, cfg.Log)
	r.drain = sync.OnceFunc(func() { close(r.draining) })
	for _, s := range makeSlots(cfg.Slots, cfg.Threads, cfg.cores()) {
		r.slots <- s
	}
	return r, nil
}

// Drain has Run take nothing new, wait for the attempts at work, and return.
func (r *Runner) Drain() { r.drain() }

// Yield drains, and has the attempts at work hand their trials back at the end of their epoch.
func (r *Runner) Yield() {
	r.drain()
	r.mu.Lock()
	r.yielding = true
	at := slices.Collect(maps.Values(r.attempts))
	r.mu.Unlock()
	for _, t := range at {
		t.yield()
	}
}

// Run works until it is drained, or ctx is done: then the trainers are stopped and their attempts end as aborted. It also ends, with an error
// of code Denied, when it is not let in any more. Either way it returns when nothing of it runs any more. It may be called once.
func (r *Runner) Run(ctx context.Context) error {
	unlock, err := r.open()
	if err != nil {
		return err
	}
	defer unlock()
	ctx, r.dismiss = context.WithCancelCause(ctx)
	defer r.dismiss(nil)
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var loops sync.WaitGroup
	defer cancel()
	r.courier = newCourier(background, r.queue.Send)
	r.resume(background)
	loops.Go(func() { r.listen(background) })
	loops.Go(func() { r.beat(background) })
	loops.Go(func() { r.measure(background) })
	r.pull(ctx, background)
	r.finish(ctx)
	r.residents.Close()
	cancel()
	r.sending.Wait()
	loops.Wait() // no heartbeat may follow the farewell
	if r.spool != nil {
		r.spool.close() // hands the courier what it has just made durable
	}
	r.courier.letters.Wait()
	if err := context.Cause(ctx); trial.CodeOf(err) == trial.Denied {
		return err
	}
	if err := r.queue.Leave(r.info()); err != nil {
		r.cfg.Log.Warn().Err(err).Msg("the daemon was not told that this runner leaves")
	}
	return nil
}

// open takes the work directory, and ends what a killed run left in it.
func (r *Runner) open() (unlock func(), err error) {
	if err := os.MkdirAll(r.cfg.Dir, 0o755); err != nil {
		return nil, trial.Wrap(trial.Storage, err, "make the work directory")
	}
	unlock, err = lockDir(r.cfg.Dir)
	if err != nil {
		return nil, err
	}
	if n := process.Reap(r.store.scratches()); n > 0 {
		r.cfg.Log.Warn().Int("processes", n).Msg("killed what trainers of an earlier run had left behind")
	}
	if err := r.store.prepare(); err != nil {
		unlock()
		return nil, trial.Wrap(trial.Storage, err, "prepare the work directory")
	}
	r.started = r.cfg.Clock.Now()
	r.shelf.look()
	r.makeRoom()
	r.logs.look()
	r.trimLogs()
	r.heard()
	return unlock, nil
}

// finish waits for the attempts, stops them when ctx is done, and gives their last messages some time.
func (r *Runner) finish(ctx context.Context) {
	over := make(chan struct{})
	go func() {
		r.working.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
		r.residents.Abandon()
		r.endAll(process.Reason{Failure: trial.Aborted, Message: "the runner was stopped"})
		<-over
	}
	sent := make(chan struct{})
	go func() {
		r.sending.Wait()
		close(sent)
	}()
	fired, cancel := r.cfg.Clock.After(r.cfg.Timings.Flush)
	defer cancel()
	select {
	case <-sent:
	case <-fired:
		r.cfg.Log.Info().Msg("some messages are not committed yet: they are kept, and sent at the next start")
	}
}

// resume opens the spool and sends what an earlier run left in it. An attempt without an exit was cut off: it is lost.
func (r *Runner) resume(ctx context.Context) {
	s, left, err := openSpool(r.store.spools())
	if err != nil {
		r.cfg.Log.Error().Err(err).Msg("the spool cannot be used: what attempts report is lost if the runner dies")
		return
	}
	r.spool = s
	for _, l := range left {
		o := r.newOutbox(l.key)
		o.left, o.last = true, l.last
		for _, m := range l.messages {
			m.Run = o.run
			o.pending = append(o.pending, &letter{Inbound: m, out: o, kept: true})
			o.closed = m.Exit != nil
		}
		if !o.closed {
			o.add(trial.Inbound{Exit: &trial.Exit{Failure: trial.Lost, Message: "the runner ended while it was at work"}})
		}
		r.deliver(ctx, o)
	}
}

func (r *Runner) newOutbox(k trial.Key) *outbox {
	t := r.cfg.Timings
	return newOutbox(k, r.cfg.Run, r.spool, r.courier, r.cfg.Clock, backoff{min: t.RetryMin, max: t.RetryMax, jitter: r.cfg.Jitter},
		r.cfg.Log.With().Str("study", k.Study).Int("trial", k.Trial).Int("attempt", k.Attempt).Str("run", r.cfg.Run).Logger())
}

// deliver runs an outbox until it is empty.
func (r *Runner) deliver(ctx context.Context, o *outbox) {
	r.mu.Lock()
	r.outboxes[o.key] = o
	r.mu.Unlock()
	r.sending.Go(func() {
		o.deliver(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.outboxes[o.key] == o {
			delete(r.outboxes, o.key)
		}
	})
}

// info is what the runner tells of itself. An attempt is at work until its exit is committed, so that its lease holds.
func (r *Runner) info() trial.RunnerInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	info := trial.RunnerInfo{Name: r.cfg.Name, Run: r.cfg.Run, Slots: r.cfg.Slots, GPUs: slot{gpus: r.cfg.GPUs}.ids(), Threads: r.cfg.Threads,
		Version: r.cfg.Version, Started: r.started, Attempts: []trial.Key{}}
	for key, o := range r.outboxes {
		if !o.left {
			info.Attempts = append(info.Attempts, key)
		}
	}
	slices.SortFunc(info.Attempts, compareKeys)
	select {
	case <-r.draining:
		info.Draining = true
	default:
	}
	return info
}

// at is an attempt of a trial that is at work here, or nil.
func (r *Runner) at(study string, number int) *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, t := range r.attempts {
		if key.Study == study && key.Trial == number {
			return t
		}
	}
	return nil
}
