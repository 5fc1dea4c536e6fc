package runner

import "automl/trial"

// shelved notes that the checkpoints of a trial have changed.
func (r *Runner) shelved(study string, number int) {
	r.shelf.measure(trial.Key{Study: study, Trial: number})
}

// makeRoom gives up checkpoints while all together take more than they may.
func (r *Runner) makeRoom() {
	for _, remove := range r.setAside() {
		if err := remove(); err != nil {
			r.cfg.Log.Warn().Err(err).Msg("checkpoints that were given up are left behind until the next start")
		}
	}
}

// setAside takes the surplus away from the attempts to come, which find either all of a checkpoint or nothing, and returns what removes it.
func (r *Runner) setAside() (removes []func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone, over := r.shelf.surplus(r.busy())
	for _, k := range gone {
		remove, err := r.store.setAside(k.Study, k.Trial)
		if err != nil {
			r.cfg.Log.Warn().Err(err).Str("study", k.Study).Int("trial", k.Trial).Msg("checkpoints that take too much cannot be given up")
			r.shelf.measure(k)
			continue
		}
		removes = append(removes, remove)
		was := r.shelf.drop(k)
		r.cfg.Log.Info().Str("study", k.Study).Int("trial", k.Trial).Int64("bytes", was.bytes).Float64("worth_seconds", was.worth).
			Msg("checkpoints of a trial are given up: all together take more than they may")
	}
	if over > 0 && !r.cramped {
		r.cfg.Log.Warn().Int64("bytes", over).Msg("the checkpoints of trials at work alone take more than --checkpoint-size lets them; they are kept")
	}
	r.cramped = over > 0
	return removes
}

// busy tells which trials are at work, or about to be. The lock is held.
func (r *Runner) busy() func(trial.Key) bool {
	type name struct {
		study string
		trial int
	}
	at := map[name]bool{}
	for k := range r.attempts {
		at[name{k.Study, k.Trial}] = true
	}
	for k := range r.asking {
		at[name{k.Study, k.Trial}] = true
	}
	return func(k trial.Key) bool { return at[name{k.Study, k.Trial}] }
}
