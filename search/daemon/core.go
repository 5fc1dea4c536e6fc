package daemon

import (
	"fmt"
	"math"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// core is one study: its state, scheduler and sampler, and what they have decided that is not yet persisted. It is driven by
// one goroutine. Every method that decides something pushes events; commit hands them over.
type core struct {
	spec    Spec
	state   *trial.State
	sched   schedulers.Scheduler
	sampler search.Sampler
	given   []given // what the study begins with

	now     time.Time // of the events being pushed; set by the caller
	ready   ready     // decided since the last take
	writing bool      // what was taken last is being persisted
	err     error     // the first event that did not follow: a fault in this package

	busy    map[trial.Key]string // attempts whose process still runs, and the run that holds it
	taken   map[trial.Key]int64  // the last message of each attempt that was taken in, committed or not
	kept    map[trial.Key]int64  // the last one that is committed
	spared  map[trial.Key]bool   // attempts that a runner was asked to leave to the one that has the checkpoint
	again   map[trial.Key]int    // reports of an attempt of epochs that it had reported
	retryAt map[int]time.Time    // trials that wait before their next attempt
	failed  map[work]int         // attempts that failed in a row, for the back-off
	blamed  map[work]blame       // the runners on which attempts failed

	claim claim // to the slots of the runners

	askers
	ahead  *ahead // the proposal for the next trial; nil: none is made yet
	hands  int    // programs that ask, as far as is known: the most jobs that were out at once
	unused int    // proposals made ahead that nobody has asked for, in a row
}

// work is what a trial is trained for.
type work struct {
	trial int
	phase trial.Phase
}

// blame says on which runners attempts failed.
type blame struct {
	last string          // the runner of the latest attempt
	on   map[string]bool // the runners whose attempts failed
}

// ready is what a core has decided: persist the events, then do the rest in this order.
type ready struct {
	events  []trial.Event
	letters []letter
	work    []trial.Assignment
	acks    []func() // answers and acknowledgements of what was taken in

	ahead, fresh int64 // proposals taken, for the metrics
}

// letter is an answer to a run.
type letter struct {
	run string
	out trial.Outbound
}

func (r ready) empty() bool {
	return len(r.events) == 0 && len(r.letters) == 0 && len(r.work) == 0 && len(r.acks) == 0
}

// newCore rebuilds a study from its record.
func newCore(spec Spec, record []trial.Event) (*core, error) {
	c := &core{spec: spec, state: trial.NewState(spec.Study), busy: map[trial.Key]string{}, taken: map[trial.Key]int64{}, spared: map[trial.Key]bool{}, kept: map[trial.Key]int64{},
		askers: askers{leases: map[trial.Key]lease{}, named: map[string]trial.Key{}, lapsed: map[trial.Key]string{}},
		again:  map[trial.Key]int{}, retryAt: map[int]time.Time{}, failed: map[work]int{}, blamed: map[work]blame{}}
	var err error
	sampler := spec.Sampler
	sampler.Spending = spec.spending()
	if c.sampler, err = search.New(sampler, spec.Space); err != nil {
		return nil, err
	}
	plan := spec.Scheduler
	plan.Forecaster = search.ForecasterOf(c.sampler, spec.Space)
	if c.sched, err = schedulers.New(plan, c.state); err != nil {
		return nil, err
	}
	for _, e := range record {
		if err := c.state.Apply(e); err != nil {
			return nil, fmt.Errorf("the record of study %s cannot be applied: %w", spec.Study.Name, err)
		}
		c.sched.Apply(e)
		c.note(e)
	}
	if len(c.state.Trials) > 0 && c.state.Probe() == nil {
		c.spec.Probe = nil // a study that was begun before there were probes goes on without one
	}
	c.claim = claim{weight: c.terms().Weight(), idle: true}
	c.given = c.spec.given()
	for _, t := range c.state.Trials {
		if t.Open != nil && t.Open.Run != "" {
			c.busy[c.key(t, t.Open.Number)] = t.Open.Run
		}
	}
	c.hands = c.out() + 1
	return c, nil
}

func (c *core) key(t *trial.Trial, attempt int) trial.Key {
	return trial.Key{Study: c.spec.Study.ID, Trial: t.Number, Attempt: attempt}
}

// push applies an event and keeps it for commit.
func (c *core) push(e trial.Event) {
	if c.err != nil {
		return
	}
	e.Seq, e.Time = c.state.Seq+1, c.now
	if c.err = c.state.Apply(e); c.err != nil {
		return
	}
	c.sched.Apply(e)
	c.note(e)
	c.ready.events = append(c.ready.events, e)
}

// note counts the failures in a row that an event tells of. Like everything that decides, they come from the record alone, so that
// a restarted daemon waits as long, and gives up as soon, as the one before.
func (c *core) note(e trial.Event) {
	if c.spec.External {
		c.noteAsker(e)
	}
	if e.Report != nil {
		delete(c.failed, work{e.Report.Trial, c.state.Trial(e.Report.Trial).Phase})
		return
	}
	d := e.Decision
	switch {
	case d.What == trial.Started:
		w := work{d.Trial, c.state.Trial(d.Trial).Phase}
		c.blamed[w] = blame{d.Runner, c.blamed[w].on}
		return
	case d.What != trial.Retried || !d.Failure.Counts():
		return
	}
	w := work{d.Trial, c.state.Trial(d.Trial).Phase}
	b := c.blamed[w]
	if b.on == nil {
		b.on = map[string]bool{}
	}
	b.on[b.last] = true
	c.blamed[w] = b
	c.failed[w]++
	if !d.Failure.Retryable() {
		c.failed[w] = trial.MaxFailures
	}
	c.retryAt[d.Trial] = e.Time.Add(backoff(c.failed[w]))
}

func (c *core) decide(d trial.Decision) { c.push(trial.Event{Decision: &d}) }

// take hands over what has gathered since the last call.
func (c *core) take() ready {
	r := c.ready
	c.ready = ready{}
	return r
}

// keep notes which messages are committed; of attempts that are over nobody needs to know.
func (c *core) keep(letters []letter) {
	for _, l := range letters {
		key := l.out.Key
		if run, busy := c.busy[key]; !busy {
			delete(c.taken, key)
			delete(c.spared, key)
			delete(c.kept, key)
			delete(c.again, key)
		} else if run == l.run && l.out.N > 0 {
			c.kept[key] = max(c.kept[key], l.out.N)
		}
	}
}

// order sends a verb to the run that works on an attempt, without being asked.
func (c *core) order(key trial.Key, verb trial.Verb, reason string) {
	if run, ok := c.busy[key]; ok {
		c.ready.letters = append(c.ready.letters, letter{run, trial.Outbound{Key: key, Verb: verb, Reason: reason}})
	}
}

func (c *core) move(to trial.StudyState, reason string) {
	c.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: to, Reason: reason})
}

// assign hands a trial its next piece of work, from where it stands up to to.
func (c *core) assign(t *trial.Trial, phase trial.Phase, to trial.Resource, reason string) trial.Assignment {
	from := t.Done
	if phase == trial.Refit {
		from = trial.Resource{}
	}
	d := trial.Decision{Trial: t.Number, What: trial.Assigned, Attempt: t.Attempts + 1, Phase: phase, At: from, To: to,
		Bracket: t.Bracket, Reason: reason}
	c.decide(d)
	return c.assignment(t, d.Attempt, phase, from, to)
}

func (c *core) assignment(t *trial.Trial, attempt int, phase trial.Phase, from, to trial.Resource) trial.Assignment {
	plan := c.spec.Folds
	plan.Hash = c.state.Hash
	s := c.spec.Study
	return trial.Assignment{Study: s.ID, Name: s.Name, Trial: t.Number, Attempt: attempt, Phase: phase, Seed: s.Seed,
		Params: t.Params, Objective: s.Objective, Others: s.Others, Shape: s.Shape, From: from, To: to, Split: plan,
		Trainer: c.spec.Trainer, Resources: c.spec.Resources, OOMs: t.OOMs}
}

// unleased is the work that is assigned but that no runner has taken, to be published again.
func (c *core) unleased() []trial.Assignment {
	var out []trial.Assignment
	for _, t := range c.state.Trials {
		if o := t.Open; o != nil && o.Run == "" {
			out = append(out, c.assignment(t, o.Number, o.Phase, o.From, o.To))
		}
	}
	return out
}

// terms is the study's claim to slots as it stands.
func (c *core) terms() trial.Claim { return c.state.Claim.Over(c.spec.Claim) }

// full tells whether so many slots are all that the study may hold.
func (c *core) full(out int) bool {
	most := c.terms().Workers
	return most != nil && *most > 0 && out >= *most
}

// out is how many slots the study holds: work handed out, and processes that have not ended yet.
func (c *core) out() int { return len(c.busy) + c.state.Queued() }

// number turns a value into what a decision holds; nothing when it is not finite.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
