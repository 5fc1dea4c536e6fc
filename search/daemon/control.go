package daemon

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// do runs f in the daemon's goroutine and waits for it. While ctx holds it waits for its turn; once f has begun it waits for its end, since f
// leaves its results where the caller looks for them.
func (d *Daemon) do(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	select {
	case d.calls <- func() { done <- f() }: // is run by whoever has received it
		return <-done
	case <-d.over:
		return trial.Errorf(trial.Unavailable, "the daemon is shutting down")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Submit adds a study and starts it. The same name with the same document is the study that exists (created is false); with
// another document it is a Conflict.
func (d *Daemon) Submit(ctx context.Context, s trial.Study) (study trial.Study, created bool, err error) {
	err = d.do(ctx, func() error {
		old, found, err := d.find(ctx, s.Name)
		if err != nil {
			return err
		}
		if found && old.Digest == s.Digest {
			study = old
			return nil
		}
		if found {
			return trial.Errorf(trial.Conflict, "study %s exists with another sweep document", s.Name).
				WithHint("give the sweep another name, with warm_start: [%s] to learn from that one, or delete it: automl delete %s", s.Name, s.Name)
		}
		if err := s.Validate(); err != nil {
			return trial.Wrap(trial.Invalid, err, "the study")
		}
		spec, err := d.Decode(s)
		if err != nil {
			return trial.Wrap(trial.Invalid, err, "study %s", s.Name)
		}
		c, err := newCore(spec, nil)
		if err != nil {
			return trial.Wrap(trial.Invalid, err, "study %s", s.Name)
		}
		if err := d.Store.CreateStudy(ctx, s); err != nil {
			return err
		}
		d.cores = append(d.cores, c)
		study, created = s, true
		d.Log.Info().Str("study", s.ID).Str("name", s.Name).Msg("a study begins")
		return nil
	})
	return study, created, err
}

func (d *Daemon) find(ctx context.Context, idOrName string) (trial.Study, bool, error) {
	studies, err := d.Store.Studies(ctx)
	if err != nil {
		return trial.Study{}, false, fmt.Errorf("list the studies: %w", err)
	}
	for _, s := range studies {
		if s.ID == idOrName || s.Name == idOrName {
			return s, true, nil
		}
	}
	return trial.Study{}, false, nil
}

// Pause stops handing out work and calls the running trials back at their next epoch; their checkpoints stay.
func (d *Daemon) Pause(ctx context.Context, study string) error {
	return d.control(ctx, study, func(c *core) error {
		if c.state.Status == trial.StudyPaused {
			return nil
		}
		c.move(trial.StudyPaused, "paused by the user")
		c.orderAll(trial.Pause, "the study is paused")
		return nil
	})
}

// Resume goes on with a paused study.
func (d *Daemon) Resume(ctx context.Context, study string) error {
	return d.control(ctx, study, func(c *core) error {
		if c.state.Status != trial.StudyPaused {
			return nil
		}
		c.move(c.state.Back, "resumed by the user")
		return nil
	})
}

// Stop ends a study for good: what runs is stopped, nothing is refitted.
func (d *Daemon) Stop(ctx context.Context, study string) error {
	return d.control(ctx, study, func(c *core) error {
		c.endAll("the study was stopped by the user")
		c.orderAll(trial.Stop, "the study was stopped by the user")
		c.move(trial.StudyStopped, "stopped by the user")
		return nil
	})
}

// Change changes a study's claim to slots while it runs, and returns the whole of it. What is out above a new cap of workers ends as it
// would have.
func (d *Daemon) Change(ctx context.Context, study string, to trial.Claim) (now trial.Claim, err error) {
	if err := to.Validate(); err != nil {
		return now, err
	}
	err = d.control(ctx, study, func(c *core) error {
		now = to.Over(c.terms())
		if reflect.DeepEqual(now, c.terms()) {
			return nil
		}
		d.settle(time.Now()) // what it has had counts by its old weight
		c.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: c.state.Status, Params: now.Params(),
			Reason: fmt.Sprintf("the user changed its claim to slots: %s", now.Params())})
		c.claim.weight = now.Weight()
		return nil
	})
	return now, err
}

// Delete removes a study with its record, and then stops what runs of it.
func (d *Daemon) Delete(ctx context.Context, study string) error {
	return d.do(ctx, func() error {
		s, found, err := d.find(ctx, study)
		if err != nil || !found {
			return orUnknown(err, study)
		}
		if c := d.core(s.ID); c != nil {
			_ = d.await(ctx, c) // whatever it was, it goes
		}
		if err := d.Store.DeleteStudy(ctx, s.ID); err != nil {
			return err
		}
		d.deleted(s.ID)
		return nil
	})
}

// deleted forgets a study that has no record any more.
func (d *Daemon) deleted(study string) {
	if c := d.core(study); c != nil {
		c.orderAll(trial.Stop, "the study was deleted")
		d.send(c.take().letters)
	}
	d.cores = slices.DeleteFunc(d.cores, func(c *core) bool { return c.spec.Study.ID == study })
	d.broken = slices.DeleteFunc(d.broken, func(b broken) bool { return b.study.ID == study })
	maps.DeleteFunc(d.progress, func(k trial.Key, _ trial.Progress) bool { return k.Study == study })
	d.ended[study] = true
	if d.Trace != nil {
		d.Trace.Forget(study)
	}
}

// control changes a study that is not over, and returns once the change is recorded.
func (d *Daemon) control(ctx context.Context, study string, f func(*core) error) error {
	return d.do(ctx, func() error {
		s, found, err := d.find(ctx, study)
		if err != nil || !found {
			return orUnknown(err, study)
		}
		c := d.core(s.ID)
		if c == nil || c.state.Status.Over() {
			return trial.Errorf(trial.Conflict, "study %s is over", s.Name)
		}
		c.now = d.Now()
		if err := f(c); err != nil {
			return err
		}
		return d.commit(ctx, c)
	})
}

func orUnknown(err error, study string) error {
	if err != nil {
		return err
	}
	return trial.Errorf(trial.NotFound, "there is no study %q", study).WithHint("automl list shows all studies")
}

func (c *core) orderAll(verb trial.Verb, reason string) {
	keys := make([]trial.Key, 0, len(c.busy))
	for key := range c.busy {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b trial.Key) int { return a.Trial - b.Trial })
	for _, key := range keys {
		c.order(key, verb, reason)
	}
}

// Runners lists the runners heard of, by name.
func (d *Daemon) Runners(ctx context.Context) ([]view.Runner, error) {
	out := []view.Runner{}
	err := d.do(ctx, func() error {
		for run, mem := range d.runners {
			if mem.met {
				info := mem.info
				info.Attempts = d.leased(run) // what it said of them last may be ten seconds old
				out = append(out, view.Runner{RunnerInfo: info, SilentSeconds: d.Now().Sub(mem.heard).Seconds()})
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b view.Runner) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// leased is the attempts that a run holds leases of.
func (d *Daemon) leased(run string) []trial.Key {
	out := []trial.Key{}
	for _, c := range d.cores {
		out = append(out, c.held(run)...)
	}
	return out
}

// Progress lists how far the running attempts of a study are within their epoch, by trial.
func (d *Daemon) Progress(ctx context.Context, study string) ([]trial.Progress, error) {
	var out []trial.Progress
	err := d.do(ctx, func() error {
		for key, p := range d.progress {
			if key.Study == study {
				out = append(out, p)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b trial.Progress) int { return a.Key.Trial - b.Key.Trial })
	return out, err
}
