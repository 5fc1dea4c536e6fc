package daemon

import (
	"slices"

	"automl/trial"
)

// spared tells whether a runner shall leave a trial to another one: the trial goes on from a checkpoint, which lies on the disk of the
// runner that made it, and that one has a free slot too. Anywhere else the trial would be trained again up to where it stood. This is said
// once an attempt: whoever asks next gets the lease, so that no slot waits for a runner that does not come.
func (d *Daemon) spared(c *core, a trial.Announce) (trial.Grant, bool) {
	t := c.state.Trial(a.Key.Trial)
	if t == nil || t.Open == nil || t.Open.Number != a.Key.Attempt || t.Open.Run != "" || c.spared[a.Key] || !c.resumes(t) {
		return trial.Grant{}, false
	}
	keeper := d.keeper(t, a.Key)
	if keeper == nil || keeper.info.Run == a.Run || !keeper.met || keeper.info.Draining || d.held(keeper.info.Run) >= keeper.info.Slots {
		return trial.Grant{}, false
	}
	c.spared[a.Key] = true
	return trial.Grant{Elsewhere: true, Soon: true, Reason: "runner " + keeper.info.Name + " has its checkpoint and a free slot"}, true
}

// resumes tells whether the open attempt goes on within a fold, where the checkpoint is worth something. A trial that is about to be given
// up is better tried elsewhere.
func (c *core) resumes(t *trial.Trial) bool {
	from := t.Open.From.Epoch
	return from > 0 && from < c.spec.Study.Shape.Epochs && t.Open.Phase != trial.Refit && t.Failures < trial.MaxFailures-1
}

// keeper is the runner that has the checkpoint of a trial: the run that trained it last or, since that was started anew, the one that says
// so with its heartbeats. Nil: it is not there.
func (d *Daemon) keeper(t *trial.Trial, k trial.Key) *member {
	if mem := d.runners[t.Run]; mem != nil {
		return mem
	}
	var found *member
	for _, mem := range d.runners {
		if slices.Contains(mem.kept, trial.Key{Study: k.Study, Trial: k.Trial}) && (found == nil || mem.info.Run < found.info.Run) {
			found = mem
		}
	}
	return found
}

// held is how many attempts a run is at work on, of all studies.
func (d *Daemon) held(run string) int {
	n := 0
	for _, c := range d.cores {
		n += len(c.held(run))
	}
	return n
}
