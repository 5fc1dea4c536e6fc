package daemon

import (
	"math"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// ahead is the proposal for the next trial, made before anybody has asked for it. It is a memo and nothing else: a proposal is
// a function of the record alone, and this one holds as long as the record ends where it ended. So it does not matter whether
// there was time to make it, and it need not be recorded: after a restart the same proposal is made again.
type ahead struct {
	seq    int64 // of the last event it was made from
	params trial.Params
	err    error
}

// propose is the parameters of the next trial: those made ahead if nothing has happened since, else fresh ones.
func (c *core) propose() (trial.Params, error) {
	if p := c.ahead; p != nil && p.seq == c.state.Seq {
		c.ahead, c.unused = nil, 0
		c.ready.ahead++
		return p.params, p.err
	}
	c.ready.fresh++
	return c.fresh()
}

func (c *core) fresh() (trial.Params, error) {
	return c.sampler.Sample(c.state, search.Source(c.spec.Study.Seed, len(c.state.Trials)))
}

// patience is how many proposals in a row nobody asks for until one program less is expected to ask.
const patience = 8

// wants tells whether it is worth making a proposal now: somebody is expected to ask, and a new trial is what he will get.
// Runners take their next work together with the exit of the last, so there is no time in between.
func (c *core) wants() bool {
	if !c.spec.External || c.writing || c.state.Status != trial.StudyRunning || c.ahead != nil && c.ahead.seq == c.state.Seq {
		return false
	}
	if out := c.out(); out >= c.hands || c.full(out) {
		return false
	}
	if len(c.own()) > 0 || c.waiting() != nil {
		return false
	}
	_, start := c.sched.Next().(schedulers.Start)
	return start
}

// prepare makes the next proposal.
func (c *core) prepare() {
	if c.ahead != nil {
		if c.unused++; c.unused >= patience {
			c.hands, c.unused = c.hands-1, 0
		}
	}
	c.ahead = &ahead{seq: c.state.Seq}
	c.ahead.params, c.ahead.err = c.fresh()
}

// tidy prunes the paused trials that have no hope left.
func (c *core) tidy() {
	for c.err == nil && c.searching() {
		a, ok := c.sched.Next().(schedulers.Prune)
		if !ok {
			return
		}
		c.prune(a)
	}
}

// quiet is how long nothing must have come in before a proposal is made ahead: long enough for an answer to get away, and for
// what waits behind it to come in.
const quiet = 500 * time.Microsecond

// whenQuiet is how long to wait before prepare is called: forever when there is nothing to prepare.
func (d *Daemon) whenQuiet() time.Duration {
	for _, c := range d.cores {
		if c.wants() {
			return quiet
		}
	}
	return math.MaxInt64
}

// prepare makes the next proposal of one study. Others have their turn after what has come in meanwhile.
func (d *Daemon) prepare() {
	for _, c := range d.cores {
		if c.wants() {
			c.prepare()
			return
		}
	}
}
