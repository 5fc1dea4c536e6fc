package daemon

import (
	"fmt"
	"math"
	"time"

	"automl/trial"
)

// announce answers the request for a lease: granted to the first run that asks, and to the same run again when it asks again. others
// says that another runner could take the work.
func (c *core) announce(a trial.Announce, others bool) trial.Grant {
	t := c.state.Trial(a.Key.Trial)
	switch {
	case t == nil || t.Open == nil || t.Open.Number != a.Key.Attempt:
		return trial.Grant{Reason: "this attempt is over"}
	case t.Open.Run == a.Run:
		return trial.Grant{Granted: true}
	case t.Open.Run != "":
		return trial.Grant{Reason: "another runner holds the lease"}
	case !c.searching():
		return trial.Grant{Reason: "the study is " + string(c.state.Status)}
	case others && c.onlyFailedOn(t, a.Runner):
		return trial.Grant{Elsewhere: true, Reason: "it has only failed on this runner: another one shall try it before it is given up"}
	}
	c.start(a.Key, a.Runner, a.Run, trial.Lease{})
	return trial.Grant{Granted: true}
}

// start gives a run the lease of an attempt that nobody has.
func (c *core) start(key trial.Key, runner, run string, l trial.Lease) {
	c.decide(trial.Decision{Trial: key.Trial, What: trial.Started, Attempt: key.Attempt, Runner: runner, Run: run, Params: l.Params()})
	c.busy[key] = run
}

// onlyFailedOn tells whether this is the last try of a trial, and all that failed were on one runner: that may be the one to blame.
func (c *core) onlyFailedOn(t *trial.Trial, runner string) bool {
	on := c.blamed[work{t.Number, t.Open.Phase}].on
	return t.Failures == trial.MaxFailures-1 && len(on) == 1 && on[runner]
}

// inOrder tells whether a message may be taken: not while an earlier one of the attempt is still to come, which happens after a commit
// has failed, or where a damaged bus has lost one. A trial must not be judged, and an attempt not ended, before everything is known that
// was said before. A daemon that has just started goes by what the runner has receipts of; from one that does not say, it takes the first
// message that it sees. What others than the holder of the attempt send has no effect, on this neither.
func (c *core) inOrder(m trial.Inbound) bool {
	if c.busy[m.Key] != m.Run {
		return true
	}
	last, known := c.taken[m.Key]
	if m.Since > 0 {
		last, known = max(last, m.Since-1), true
	}
	if known && m.N > last+1 {
		return false
	}
	c.taken[m.Key] = max(last, m.N)
	return true
}

// inbound takes a durable message of an attempt and returns the answer. A message of an attempt that is over, or of a run that
// does not hold the lease, is acknowledged and has no effect: the runner is told to stop.
func (c *core) inbound(m trial.Inbound) trial.Outbound {
	out := trial.Outbound{Key: m.Key, N: m.N, Verb: trial.Continue}
	t := c.state.Trial(m.Key.Trial)
	holds := t != nil && t.Open != nil && t.Open.Number == m.Key.Attempt && t.Open.Run == m.Run
	if m.Exit != nil && c.busy[m.Key] == m.Run {
		c.free(m.Key)
	}
	if !holds {
		out.Verb, out.Reason = trial.Stop, "this attempt is over"
		if t != nil && t.Status.Terminal() {
			out.Reason = t.Reason
		}
		return out
	}
	switch {
	case m.Report != nil:
		out.Verb, out.Reason = c.report(t, *m.Report)
	case m.Folds != nil:
		out.Verb, out.Reason = c.folds(t, *m.Folds)
	case m.Exit != nil:
		c.exit(t, *m.Exit)
		if t.Status.Terminal() { // its checkpoints may go
			out.Verb, out.Reason = trial.Stop, t.Reason
		}
	}
	return out
}

// report records what an attempt measured and answers it.
func (c *core) report(t *trial.Trial, r trial.Report) (trial.Verb, string) {
	r.Trial, r.Attempt = t.Number, t.Open.Number
	if !(r.Cost >= 0) || math.IsInf(r.Cost, 0) {
		r.Cost = 0 // unknown: a number that no clock gives must not keep the report off the record
	}
	if r.Cache != nil && !r.Cache.Valid() {
		r.Cache = nil
	}
	if r.Usage != nil && !r.Usage.Valid() {
		r.Usage = nil
	}
	if r.Confusion != nil && !r.Confusion.Valid() {
		r.Confusion = nil
	}
	if t.Open.Phase == trial.Refit {
		return trial.Continue, ""
	}
	if r.Fold < 0 || r.Epoch < 1 || r.Epoch > c.spec.Study.Shape.Epochs || t.Open.To.Less(r.At()) {
		return c.fail(t, trial.Protocol, beyond(r.At(), t.Open.To))
	}
	if why := tooMany(r.Metrics); why != "" {
		return c.fail(t, trial.Protocol, fmt.Sprintf("the report of %s %s", r.At(), why))
	}
	objectives := c.spec.Study.Objectives()
	for _, o := range objectives {
		if _, ok := r.Metrics.Get(o.Metric); !ok {
			return c.fail(t, trial.Protocol, fmt.Sprintf("the report of %s has no metric %q, which the study optimizes; it has %s: report it under that name, or name another one as the objective", r.At(), o.Metric, names(r.Metrics)))
		}
	}
	if !c.known(t, r) {
		if key := c.key(t, r.Attempt); !t.Done.Less(r.At()) {
			if c.again[key]++; c.again[key] > maxAgain {
				return c.fail(t, trial.Protocol, fmt.Sprintf("the trainer reports epochs again with other metrics, more than %d times, the last time %s", maxAgain, r.At()))
			}
		}
		c.push(trial.Event{Report: &r})
	}
	for _, o := range objectives {
		if v, _ := r.Metrics.Get(o.Metric); math.IsNaN(v) || math.IsInf(v, 0) {
			return c.fail(t, trial.NaN, fmt.Sprintf("%s is %v at %s", o.Metric, v, r.At()))
		}
	}
	if t.Open.Phase != trial.Search {
		return trial.Continue, ""
	}
	if c.state.Status == trial.StudyPaused {
		return trial.Pause, "the study is paused"
	}
	verdict := c.sched.Verdict(t.Number)
	if a := verdict.Audit; a.Reason != "" {
		c.decide(trial.Decision{Trial: t.Number, What: trial.Audited, Attempt: t.Open.Number, At: a.At, Value: number(a.Value),
			Threshold: number(a.Threshold), Reason: a.Reason})
	}
	if verdict.Verb == trial.Stop && t.Done.Less(c.spec.Study.Shape.Full()) {
		c.decide(trial.Decision{Trial: t.Number, What: trial.Pruned, Attempt: t.Open.Number, At: verdict.At,
			Value: number(verdict.Value), Threshold: number(verdict.Threshold), Reason: verdict.Reason})
	}
	return verdict.Verb, verdict.Reason
}

// beyond says what is wrong with a report of a point that the work does not reach.
func beyond(at, to trial.Resource) string {
	if at.Fold != to.Fold {
		return fmt.Sprintf("the trainer reported %s, beyond its work (%s)", at, to)
	}
	return fmt.Sprintf("the trainer reported %s and not %s, where its work ends and it is compared with others: report every epoch, from 1 on; "+
		"a script that measures less often counts its measurements (epochs: how many there are), and one that measures once has epochs: 1", at, to)
}

// What a trainer may report, so that no record grows without end.
const (
	maxMetrics = 256 // of an epoch
	maxName    = 200 // bytes of the name of one
	maxAgain   = 100 // reports of an attempt with more metrics of an epoch that it has reported
)

// tooMany says what of the metrics is too much; empty for nothing.
func tooMany(m trial.Metrics) string {
	if len(m) > maxMetrics {
		return fmt.Sprintf("has %d metrics, more than the %d there may be", len(m), maxMetrics)
	}
	for _, q := range m {
		if len(q.Name) > maxName {
			return fmt.Sprintf("has a metric whose name is longer than %d bytes: %.40q...", maxName, q.Name)
		}
	}
	return ""
}

// known tells whether every metric of a report is on record already: what an attempt that resumed from an older checkpoint
// reports again.
func (c *core) known(t *trial.Trial, r trial.Report) bool {
	for _, m := range r.Metrics {
		if !t.Reported(m.Name, r.Fold, r.Epoch) {
			return false
		}
	}
	return true
}

func names(m trial.Metrics) string {
	if len(m) == 0 {
		return "none"
	}
	s := ""
	for i, q := range m {
		if i > 0 {
			s += ", "
		}
		s += q.Name
	}
	return s
}

// folds checks that every trial draws the same folds: the first hash is the study's.
func (c *core) folds(t *trial.Trial, f trial.FoldsSeen) (trial.Verb, string) {
	switch c.state.Hash {
	case f.Hash:
	case "":
		c.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Manifest, Hash: f.Hash,
			Reason: fmt.Sprintf("folds of %d rows, drawn by trial %d", f.Rows, t.Number)})
	default:
		return c.fail(t, trial.Crash, "the trainer drew other folds than the study's: its data or labels differ from the other trials'")
	}
	return trial.Continue, ""
}

// fail ends a trial for a reason that another attempt would not change. A complete trial stays so: a failure to confirm or refit it
// counts like any other, and NaN for good.
func (c *core) fail(t *trial.Trial, kind trial.Failure, message string) (trial.Verb, string) {
	if t.Status.Terminal() {
		c.decide(trial.Decision{Trial: t.Number, What: trial.Retried, Attempt: t.Open.Number, Failure: kind, Reason: message})
		return trial.Stop, message
	}
	c.decide(trial.Decision{Trial: t.Number, What: trial.Failed, Attempt: t.Open.Number, Failure: kind, At: t.Done, Reason: message})
	return trial.Stop, message
}

// exit ends an attempt.
func (c *core) exit(t *trial.Trial, e trial.Exit) {
	o := *t.Open
	if e.Failure != "" {
		c.broken(t, e.Failure.Known(), e.Message)
		return
	}
	d := trial.Decision{Trial: t.Number, Attempt: o.Number, At: t.Done}
	switch {
	case o.Phase == trial.Refit && e.Artifact == "": // called back before its end
		d.What, d.Failure, d.Reason = trial.Retried, trial.Aborted, "ended without a model"
	case o.Phase == trial.Refit:
		d.What, d.Artifact, d.Reason = trial.Refitted, e.Artifact, trial.RefitReason(e.Metrics)
	case t.Done.Less(o.To):
		d.What, d.Failure, d.Reason = trial.Retried, trial.Aborted, "paused before its rung"
	case o.Phase == trial.Confirm:
		d.What, d.Reason = trial.Confirmed, "trained the fresh folds"
	default:
		c.atRung(t, &d)
	}
	c.decide(d)
}

// atRung says what becomes of a trial that has done its work: complete, paused or pruned.
func (c *core) atRung(t *trial.Trial, d *trial.Decision) {
	study := c.spec.Study
	if !t.Done.Less(study.Shape.Full()) {
		score, _ := t.Score(study.Objective, study.Shape)
		d.What, d.At, d.Value = trial.Completed, study.Shape.Full(), number(score.Value)
		d.Reason = fmt.Sprintf("trained in full: %d epochs, folds 0 to %d", study.Shape.Epochs, study.Shape.Folds-1)
		if t.Audit != nil {
			d.Reason += fmt.Sprintf("; one of the audited share, which would have been stopped after fold %d", t.Audit.At.Fold)
		}
		return
	}
	v := c.sched.Verdict(t.Number)
	d.What, d.At, d.Reason = trial.Paused, v.At, v.Reason
	if v.Verb == trial.Stop {
		d.What = trial.Pruned
	}
	d.Value, d.Threshold = number(v.Value), number(v.Threshold)
}

// broken ends an attempt that failed: the trial is tried again after a pause, from its last checkpoint, or given up.
func (c *core) broken(t *trial.Trial, kind trial.Failure, message string) {
	d := trial.Decision{Trial: t.Number, What: trial.Retried, Attempt: t.Open.Number, Failure: kind, At: t.Done, Reason: message}
	if kind == trial.OOM {
		d.Reason += fmt.Sprintf("\n(the next attempt is told to compute each batch in %d parts)", 2<<t.OOMs)
	}
	tries := t.Failures
	if kind.Counts() {
		tries++
	}
	if !t.Status.Terminal() && (!kind.Retryable() || tries >= trial.MaxFailures) {
		d.What, d.Reason = trial.Failed, message
		if kind.Retryable() {
			d.Reason = fmt.Sprintf("failed %d times, the last time: %s", tries, message)
		}
	}
	c.decide(d)
}

// longest is the longest time between two attempts.
const longest = 30 * time.Second

// backoff is how long a trial waits after its n-th failure in a row: 1, 2, 4, ... 30 seconds.
func backoff(n int) time.Duration {
	return min(longest, time.Second<<min(n-1, 5))
}

// resting tells whether a trial waits for its next attempt. A failure that is on record for a time to come was recorded before the
// clock was set back: nobody waits for a day to come again.
func (c *core) resting(n int) bool {
	left := c.retryAt[n].Sub(c.now)
	return left > 0 && left <= longest
}
