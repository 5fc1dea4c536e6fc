package daemon

import (
	"math"
	"slices"
	"time"

	"automl/trial"
)

// member is a runner process the daemon has heard of, or expects to hear of because the record says that it holds a lease.
type member struct {
	info    trial.RunnerInfo
	heard   time.Time   // by the daemon's monotonic clock
	met     bool        // heard of since this daemon started
	kept    []trial.Key // trials that it said last to have checkpoints of, attempts left out
	missing map[trial.Key]int
}

// missed is how many heartbeats may leave out an attempt before it counts as lost.
const missed = 3

// expect makes a member of a run that the record names; it has to be heard of within the grace.
func (d *Daemon) expect(name, run string) {
	if _, ok := d.runners[run]; !ok {
		d.runners[run] = &member{info: trial.RunnerInfo{Name: name, Run: run}, heard: d.boot.Add(d.Grace - d.Lease)}
	}
}

// What a runner may claim. Beyond it there is a fault, or ill will: a study is not to be handed out as a whole to somebody who says that
// he has room, nor are we to remember runs without end.
const (
	maxSlots = 1024 // of a run
	maxRuns  = 1024 // of an owner at once: many machines may share a membership. An earlier one ends when a later one of its name is heard of
)

// mail takes one message from a runner.
func (d *Daemon) mail(m trial.Mail) {
	switch {
	case m.Heartbeat != nil:
		m.Heartbeat.Printable()
		d.heartbeat(*m.Heartbeat)
	case m.Gone != nil:
		d.gone(m.Gone.Run, trial.Aborted, "the runner went away in good order")
	case m.Progress != nil:
		if c := d.core(m.Progress.Key.Study); c != nil && c.busy[m.Progress.Key] == m.Progress.Run {
			d.progress[m.Progress.Key] = *m.Progress
		}
	case m.Announce != nil:
		m.Announce.Runner = trial.Printable(m.Announce.Runner)
		d.announce(*m.Announce, m.Reply)
	case m.Inbound != nil:
		m.Inbound.Printable()
		d.inbound(*m.Inbound, m.Ack)
	}
}

func (d *Daemon) announce(a trial.Announce, reply func(trial.Grant)) {
	c := d.core(a.Key.Study)
	if c == nil {
		if !d.mending(a.Key.Study) { // while a study is read again nobody is answered: the runner asks again
			reply(trial.Grant{Reason: "the study is over"})
		}
		return
	}
	c.now = d.Now()
	if g, yes := d.spared(c, a); yes {
		reply(g)
		return
	}
	g := c.announce(a, d.others(a.Runner, c.spec.Resources.GPUs))
	if g.Granted && d.runners[a.Run] == nil { // its next heartbeat may never come, and then it loses the lease
		d.runners[a.Run] = &member{info: trial.RunnerInfo{Name: a.Runner, Run: a.Run}, heard: d.Now(), met: true}
	}
	c.ready.acks = append(c.ready.acks, func() { reply(g) })
}

// others tells whether a runner of another name could take work that needs so many GPUs.
func (d *Daemon) others(runner string, gpus int) bool {
	for _, mem := range d.runners {
		if mem.met && !mem.info.Draining && mem.info.Name != runner && len(mem.info.GPUs) >= gpus {
			return true
		}
	}
	return false
}

// seats is how many trials that need so much of GPUs the runners have room for at once, were there no others.
func (d *Daemon) seats(need trial.Resources) int {
	n := 0
	for _, mem := range d.runners {
		if mem.met && !mem.info.Draining {
			n += min(mem.info.Slots, fits(len(mem.info.GPUs), need))
		}
	}
	return n
}

// fits is how many trials a number of GPUs has room for.
func fits(gpus int, need trial.Resources) int {
	switch {
	case need.GPUs == 0:
		return math.MaxInt
	case need.GPUs == 1 && need.Fraction > 0:
		return gpus * int(1/need.Fraction+1e-9)
	}
	return gpus / need.GPUs
}

func (d *Daemon) inbound(m trial.Inbound, ack func()) {
	c := d.core(m.Key.Study)
	if c == nil {
		if !d.mending(m.Key.Study) {
			out := trial.Outbound{Key: m.Key, N: m.N, Verb: trial.Stop, Reason: "the study is over"}
			if err := d.Bus.Send(m.Run, out); err == nil {
				ack()
			}
		}
		return
	}
	if mem := d.runners[m.Run]; mem != nil {
		mem.heard = d.Now()
	}
	if !c.inOrder(m) {
		if m.Since > 0 { // the bus may forget it: it comes again with what its runner has receipts of by then
			ack()
		}
		return // or the bus brings it again, behind the one that is missing
	}
	c.now = d.Now()
	c.ready.letters = append(c.ready.letters, letter{m.Run, c.inbound(m)})
	c.ready.acks = append(c.ready.acks, ack)
	if m.Exit != nil {
		delete(d.progress, m.Key)
	}
}

func (d *Daemon) mending(study string) bool {
	return slices.ContainsFunc(d.broken, func(b broken) bool { return b.study.ID == study })
}

// heartbeat notes that a run is alive. A new run under a known name means that the old one is dead; only the owner of a run can say so.
func (d *Daemon) heartbeat(info trial.RunnerInfo) {
	for run, mem := range d.runners {
		if mem.info.Name == info.Name && run != info.Run && mem.info.Started.Before(info.Started) && trial.Owner(run) == trial.Owner(info.Run) {
			kind := trial.Lost
			if !mem.met {
				kind = trial.Aborted // it ended with the daemon before this one
			}
			d.gone(run, kind, "runner "+info.Name+" was started anew")
		}
	}
	info.Slots = min(max(info.Slots, 0), maxSlots)
	for _, q := range []*trial.DiskUse{info.Disk, info.Logs} {
		if q != nil {
			q.Bytes, q.Limit, q.Dropped = max(q.Bytes, 0), max(q.Limit, 0), max(q.Dropped, 0)
		}
	}
	mem := d.runners[info.Run]
	if mem == nil {
		if owner := trial.Owner(info.Run); owner != "" && d.runs(owner) >= maxRuns {
			d.Log.Warn().Str("runner", info.Name).Str("run", info.Run).Msgf("a runner is not taken: it has %d runs already", maxRuns)
			return
		}
		mem = &member{}
		d.runners[info.Run] = mem
	}
	if !mem.met || mem.info.Started.IsZero() { // no heartbeat was heard yet
		d.Log.Info().Str("runner", info.Name).Int("slots", info.Slots).Strs("gpus", info.GPUs).Msg("a runner joined")
	}
	d.tally.dropped += more(mem.info.Disk, info.Disk)
	d.tally.logs += more(mem.info.Logs, info.Logs)
	mem.info, mem.heard, mem.met = info, d.Now(), true
	mem.info.Kept, mem.kept = nil, info.Kept
	d.audit(mem)
	d.tidy(info)
	d.weigh(info)
}

// more is what a run has given up since it was heard of last. What it counted before that, an earlier daemon has counted.
func more(was, is *trial.DiskUse) int64 {
	if was == nil || is == nil {
		return 0
	}
	return max(0, is.Dropped-was.Dropped)
}

// tidy tells a runner which of the checkpoints it has nobody can need any more.
func (d *Daemon) tidy(info trial.RunnerInfo) {
	for _, key := range info.Kept {
		if !d.needless(key) {
			continue
		}
		out := trial.Outbound{Key: key, Verb: trial.Stop, Reason: "the trial is over"}
		if c := d.core(key.Study); c != nil { // not before it is on record
			c.ready.letters = append(c.ready.letters, letter{info.Run, out})
		} else if err := d.Bus.Send(info.Run, out); err != nil {
			d.Log.Warn().Err(err).Str("run", info.Run).Msg("answer a runner")
			return // it says so again
		}
	}
}

// needless tells whether a trial, or all of its study, has ended; not of studies that this daemon knows nothing of: the work directory of a
// runner may have served another one.
func (d *Daemon) needless(key trial.Key) bool {
	c := d.core(key.Study)
	if c == nil {
		return d.ended[key.Study]
	}
	t := c.state.Trial(key.Trial)
	return t != nil && t.Status.Terminal() && t.Open == nil
}

// runs is how many runs of an owner there are.
func (d *Daemon) runs(owner string) (n int) {
	for run := range d.runners {
		if trial.Owner(run) == owner {
			n++
		}
	}
	return n
}

// audit compares what a runner says it works on with the leases it holds. A runner that lives and has an attempt speaks of it until its exit
// is receipted; one that does not was never told of the grant, and no trial is to blame for that.
func (d *Daemon) audit(mem *member) {
	seen := map[trial.Key]int{}
	for _, c := range d.cores {
		for key, run := range c.busy {
			if run != mem.info.Run || slices.Contains(mem.info.Attempts, key) {
				continue
			}
			if seen[key] = mem.missing[key] + 1; seen[key] >= missed {
				c.now = d.Now()
				d.lose(c, key, trial.Aborted, "runner "+mem.info.Name+" does not know of it")
			}
		}
	}
	mem.missing = seen
}

// gone takes all attempts from a run.
func (d *Daemon) gone(run string, kind trial.Failure, why string) {
	delete(d.runners, run)
	for _, c := range d.cores {
		c.now = d.Now()
		for _, key := range c.held(run) {
			d.lose(c, key, kind, why)
		}
	}
}

// expire takes the attempts from runs that were not heard of for the length of a lease, and from programs that asked.
func (d *Daemon) expire() {
	now := d.Now()
	var dead []*member
	for _, mem := range d.runners {
		if now.Sub(mem.heard) > d.Lease {
			dead = append(dead, mem)
		}
	}
	slices.SortFunc(dead, func(a, b *member) int { return a.heard.Compare(b.heard) })
	for _, mem := range dead {
		d.Log.Warn().Str("runner", mem.info.Name).Dur("silent", now.Sub(mem.heard)).Msg("a runner is not heard of any more")
		d.gone(mem.info.Run, trial.Lost, "runner "+mem.info.Name+" was not heard of any more")
	}
	for _, c := range d.cores {
		c.now = now
		c.lapse()
	}
}

// free is how many slots of the runners that take work are not held.
func (d *Daemon) free() int {
	free := 0
	for _, mem := range d.runners {
		if mem.met && !mem.info.Draining {
			free += mem.info.Slots
		}
	}
	for _, c := range d.cores {
		if !c.spec.External {
			free -= c.out()
		}
	}
	return free
}

// held is the attempts whose process a run still holds, in order of trials.
func (c *core) held(run string) []trial.Key {
	var out []trial.Key
	for key, r := range c.busy {
		if r == run {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(a, b trial.Key) int { return a.Trial - b.Trial })
	return out
}

// lose ends an attempt whose runner is gone.
func (d *Daemon) lose(c *core, key trial.Key, kind trial.Failure, why string) {
	delete(d.progress, key)
	c.lose(key, kind, why)
}

func (c *core) lose(key trial.Key, kind trial.Failure, why string) {
	c.free(key)
	if t := c.state.Trial(key.Trial); t != nil && t.Open != nil && t.Open.Number == key.Attempt {
		c.broken(t, kind, why)
	}
}
