package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"automl/runner/process"
	"automl/trial"
)

// heard notes that the daemon, or at least the bus, is there.
func (r *Runner) heard() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.contact = r.cfg.Clock.Now()
}

// beat tells the daemon that we are alive, again and again, and stops the trainers when it has not been heard of for too
// long: by then it has given their work to others.
func (r *Runner) beat(ctx context.Context) {
	for {
		info := r.info()
		info.Kept = r.kept()
		use, logs := r.shelf.use(), r.logs.use()
		info.Disk, info.Logs = &use, &logs
		err := r.queue.Heartbeat(info)
		if err == nil {
			r.heard()
		} else {
			r.cfg.Log.Debug().Err(err).Msg("the heartbeat was not heard")
			r.checkContact()
		}
		r.checkRefusal(err)
		r.makeRoom() // others may have filled the disk
		r.trimLogs()
		if !wait(ctx, r.cfg.Clock, r.cfg.Timings.Heartbeat) {
			return
		}
	}
}

// keptAtOnce is how many trials a heartbeat names.
const keptAtOnce = 100

// kept are trials that this runner has checkpoints of and does not work on, others with every call where there are many. The daemon says
// which of them nobody needs any more: it cannot tell a runner that was away when they ended, or that has lost them to another one.
func (r *Runner) kept() []trial.Key {
	all := slices.DeleteFunc(r.store.trials(), func(k trial.Key) bool { return r.at(k.Study, k.Trial) != nil })
	if len(all) <= keptAtOnce {
		return all
	}
	from := r.named % len(all)
	r.named = from + keptAtOnce
	return append(slices.Clone(all[from:]), all[:from]...)[:keptAtOnce]
}

func (r *Runner) checkContact() {
	r.mu.Lock()
	silence := r.cfg.Clock.Now().Sub(r.contact)
	r.mu.Unlock()
	if silence >= r.cfg.Timings.Contact {
		r.endAll(process.Reason{Failure: trial.Aborted,
			Message: fmt.Sprintf("no contact with the daemon for %v: the lease is lost", r.cfg.Timings.Contact)})
	}
}

// checkRefusal has Run end when the daemon has let nobody in with our credentials for as long as ends all our leases. A shorter time may be a
// slip of whoever runs the bus. Only the heartbeat uses it.
func (r *Runner) checkRefusal(err error) {
	now := r.cfg.Clock.Now()
	switch {
	case trial.CodeOf(err) != trial.Denied:
		r.denied = time.Time{}
	case r.denied.IsZero():
		r.denied = now
	case now.Sub(r.denied) >= r.cfg.Timings.Contact:
		r.dismiss(err)
	}
}

// endAll ends all attempts at work.
func (r *Runner) endAll(why process.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.attempts {
		t.end(why)
	}
}

// listen takes the daemon's answers.
func (r *Runner) listen(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case answer, open := <-r.queue.Answers():
			if !open {
				return
			}
			r.heard()
			r.answer(answer)
		}
	}
}

func (r *Runner) answer(answer trial.Outbound) {
	r.mu.Lock()
	o, t := r.outboxes[answer.Key], r.attempts[answer.Key]
	r.mu.Unlock()
	if o != nil {
		o.ack(answer.N)
	}
	// A stop that acknowledges something only says that the attempt is over: so is answered whatever arrives twice, also when
	// the trial is paused and needs its checkpoint. One that comes unasked is about the trial.
	unasked := answer.Verb == trial.Stop && answer.N == 0
	switch {
	case answer.Verb == trial.Keep:
		r.shelf.weigh(answer.Key, answer.Worth)
	case t != nil:
		t.decide(answer)
	case unasked && valid(answer.Key):
		r.forget(answer.Key)
	}
}

// forget removes the checkpoints of a trial that was stopped while it was not at work here.
func (r *Runner) forget(k trial.Key) {
	if r.at(k.Study, k.Trial) != nil {
		return // a late word to an attempt that is over: the trial itself goes on
	}
	if err := r.store.dropTrial(k.Study, k.Trial); err != nil {
		r.cfg.Log.Warn().Err(err).Msg("checkpoints that nobody needs are left behind")
	}
	r.shelved(k.Study, k.Trial)
}
