package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"automl/runner/process"
	"automl/trial"
)

// announceWait is how long the daemon may take to grant a lease.
const announceWait = 10 * time.Second

// pull takes assignments while slots are free, until the runner drains or ctx is done, and returns when none is about to start.
func (r *Runner) pull(ctx, background context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	retry := &shared{backoff: backoff{min: r.cfg.Timings.RetryMin, max: r.cfg.Timings.RetryMax, jitter: r.cfg.Jitter}}
	var asking sync.WaitGroup
	defer asking.Wait()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case s := <-r.slots:
			free := append([]slot{s}, r.others()...)
			work, err := r.next(ctx, len(free))
			for i, s := range free {
				ok := i < len(work)
				if ok {
					s, ok = r.accept(work[i], s)
				}
				if !ok {
					r.slots <- s
					continue
				}
				asking.Go(func() { // who waits for a lease does not keep other slots from being filled
					started, err := r.take(background, work[i], s)
					if !started {
						s = r.pool.leave(s)
						defer func() { r.slots <- s }()
					}
					r.rest(ctx, err, retry)
				})
			}
			if len(work) == 0 {
				r.rest(ctx, err, retry)
			}
		}
	}
}

// others are further slots that are free. Where there are GPUs, a slot is filled after the other: not each finds room for what it gets.
func (r *Runner) others() (free []slot) {
	for len(r.cfg.GPUs) == 0 {
		select {
		case s := <-r.slots:
			free = append(free, s)
		default:
			return free
		}
	}
	return nil
}

// shared is a back-off for several goroutines.
type shared struct {
	mu sync.Mutex
	backoff
}

// rest waits after a failure, and longer after the next.
func (r *Runner) rest(ctx context.Context, err error, b *shared) {
	b.mu.Lock()
	if err == nil {
		b.reset()
	}
	if err == nil || ctx.Err() != nil {
		b.mu.Unlock()
		return
	}
	pause := b.next()
	b.mu.Unlock()
	r.cfg.Log.Warn().Err(err).Msg("no work could be taken; trying again")
	wait(ctx, r.cfg.Clock, pause)
}

// next takes what waits in the queue, up to so many assignments, or waits for one. Nothing, and no error: there is no room for it.
func (r *Runner) next(ctx context.Context, n int) ([]trial.Delivery, error) {
	if !r.waitForGPU(ctx) {
		return nil, nil
	}
	if n > 1 {
		if all := r.queue.PullNow(ctx, n); len(all) > 0 {
			return all, nil
		}
	}
	d, err := r.queue.Pull(ctx)
	if err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	return []trial.Delivery{d}, nil
}

// accept tells whether a slot can run an assignment, and reserves what that needs of the machine.
func (r *Runner) accept(d trial.Delivery, s slot) (_ slot, ok bool) {
	a := d.Assignment
	if problem := check(a); problem != nil { // sent again it would be no better
		r.cfg.Log.Error().Err(problem).Str("study", a.Study).Str("name", a.Name).Int("trial", a.Trial).Int("attempt", a.Attempt).Msg("an assignment is dropped")
		r.settle(d.Ack)
		return s, false
	}
	there, asking := r.reserve(a.Key())
	switch {
	case there: // its ack was lost
		r.settle(d.Ack)
		return s, false
	case asking: // it was delivered twice, and nobody knows yet what becomes of it
		r.settle(back(d, elsewhereDelay))
		return s, false
	}
	seated, later, err := r.pool.seat(s, a.Resources)
	if err != nil || later { // later: others hold what it wants; who comes first there gets it
		if err != nil {
			r.refuse(a, err)
		}
		r.unreserve(a.Key())
		r.settle(back(d, elsewhereDelay))
		return s, false
	}
	return seated, true
}

// take starts an assignment in the slot, if the daemon grants it.
func (r *Runner) take(background context.Context, d trial.Delivery, s slot) (started bool, err error) {
	a := d.Assignment
	defer r.unreserve(a.Key())
	grant, err := r.announce(background, a)
	switch {
	case err != nil:
		r.settle(back(d, 0))
		return false, err
	case grant.Elsewhere && grant.Soon:
		r.settle(back(d, 0))
		return false, nil
	case grant.Elsewhere:
		r.settle(back(d, apart(r.cfg.Jitter())))
		return false, nil
	case grant.Granted:
		r.start(background, a, s)
	}
	r.settle(d.Ack)
	return grant.Granted, nil
}

// refuse says, once a study, that its work is left to other runners.
func (r *Runner) refuse(a trial.Assignment, why error) {
	if !r.refused[a.Study] {
		r.refused[a.Study] = true
		r.cfg.Log.Warn().Err(why).Str("study", a.Study).Str("name", a.Name).Msg("the work of a study is left to other runners")
	}
}

// waitForGPU waits until something of a GPU is free, where there are any, and reports whether it is: a small trial may leave room in a
// slot's GPU that a large one takes.
func (r *Runner) waitForGPU(ctx context.Context) bool {
	for ctx.Err() == nil {
		full, changed := r.pool.full()
		if !full {
			return true
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return false
}

// elsewhereDelay keeps work that another runner has to do from coming back to this one again and again while the others are busy.
const elsewhereDelay = time.Second

// apart is from a half to one and a half times that, by a draw from [0, 1). Two runners that may each only do what the other one is
// given would otherwise get it back in step for ever, since whoever gave something back first asks first.
func apart(draw float64) time.Duration {
	return elsewhereDelay/2 + time.Duration(draw*float64(elsewhereDelay))
}

// back gives work back to the queue.
func back(d trial.Delivery, after time.Duration) func() error {
	return func() error { return d.Nak(after) }
}

// announce asks for the lease. A drain does not interrupt it: a lease granted unheard would only end by time.
func (r *Runner) announce(background context.Context, a trial.Assignment) (trial.Grant, error) {
	ctx, cancel := context.WithTimeout(background, announceWait)
	defer cancel()
	grant, err := r.queue.Announce(ctx, trial.Announce{Key: a.Key(), Runner: r.cfg.Name, Run: r.cfg.Run})
	if err != nil {
		return grant, fmt.Errorf("announce: %w", err)
	}
	r.heard()
	if !grant.Granted {
		r.cfg.Log.Info().Str("study", a.Study).Str("name", a.Name).Int("trial", a.Trial).Int("attempt", a.Attempt).Str("reason", grant.Reason).Msg("the lease was refused")
	}
	return grant, nil
}

// settle acks or naks. It may fail without harm: the assignment comes again, and is then refused or found at work.
func (r *Runner) settle(how func() error) {
	if err := how(); err != nil {
		r.cfg.Log.Warn().Err(err).Msg("the queue was not told what became of an assignment")
	}
}

// maxFolds is how many folds an assignment may span.
const maxFolds = 1000

// check refuses an assignment that cannot be run, or whose names would lead out of the work directory.
func check(a trial.Assignment) error {
	switch {
	case !valid(a.Key()) || a.Attempt < 1:
		return fmt.Errorf("the attempt %+v", a.Key())
	case a.Phase != trial.Search && a.Phase != trial.Confirm && a.Phase != trial.Refit:
		return fmt.Errorf("the phase %q", a.Phase)
	case a.Shape.Epochs < 1 || a.From.Fold < 0 || a.From.Epoch < 0 || a.To.Epoch > a.Shape.Epochs || a.To.Fold-a.From.Fold > maxFolds:
		return fmt.Errorf("%d epochs a fold, from %v to %v", a.Shape.Epochs, a.From, a.To)
	}
	return nil
}

// valid reports whether a key is fit for a path.
func valid(k trial.Key) bool {
	return namePattern.MatchString(k.Study) && k.Trial >= 0 && k.Attempt >= 0
}

// reserve notes that the lease of an attempt is asked for. there: it is at work here, or has just been, and its exit is not committed
// yet. asking: its lease is asked for already.
func (r *Runner) reserve(k trial.Key) (there, asking bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.outboxes[k]
	there = r.attempts[k] != nil || o != nil && !o.left
	asking = !there && r.asking[k]
	if !there && !asking {
		r.asking[k] = true
	}
	return there, asking
}

func (r *Runner) unreserve(k trial.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.asking, k)
}

// start runs an assignment whose lease we hold. An older attempt of the trial has lost its own, and is ended first; what an
// earlier run of this runner left of the same attempt is of no use any more.
func (r *Runner) start(background context.Context, a trial.Assignment, s slot) {
	if old := r.at(a.Study, a.Trial); old != nil {
		old.end(process.Reason{Failure: trial.Aborted, Message: fmt.Sprintf("attempt %d took its place", a.Attempt)})
		<-old.done
	}
	r.mu.Lock()
	if left := r.outboxes[a.Key()]; left != nil {
		left.drop()
	}
	r.mu.Unlock()
	t := newAttempt(r, a, s)
	r.mu.Lock()
	r.attempts[a.Key()] = t
	yielding := r.yielding
	r.mu.Unlock()
	if yielding {
		t.yield()
	}
	r.deliver(background, t.out)
	r.working.Go(func() {
		exit := t.run()
		r.mu.Lock()
		delete(r.attempts, a.Key())
		t.out.add(trial.Inbound{Exit: &exit}) // who hears of it may stop the trial: it is not at work then, and its checkpoints go
		r.mu.Unlock()
		close(t.done)
		r.slots <- r.pool.leave(s)
	})
}
