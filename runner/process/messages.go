package process

import (
	"fmt"
	"math"
	"slices"

	"automl/runner/protocol"
	"automl/trial"
)

// said is what the child has told so far.
type said struct {
	epoch    int           // the last it reported; 0: none
	last     bool          // it stopped this fold early
	measured trial.Metrics // of a refit: in its last report
	told     trial.Verb    // pause or stop, once it was told so
	reason   string
	failure  *protocol.Failure
	refused  int   // lines that were not understood
	row      int   // of them without one that was between them
	error    error // of the last
}

// mostRefused is how many lines in a row may not be understood before the trainer is ended: nobody listens to the answers.
const mostRefused = 1000

// garbage says what was not understood, for the message of a failure.
func (s said) garbage() string {
	if s.refused == 0 {
		return ""
	}
	return fmt.Sprintf("; %d of its messages were not understood, the last: %v", s.refused, s.error)
}

// maxRelayed is the longest message that is passed on: even with every character escaped it fits into 256 KiB on the bus. What
// is said of a failure is shortened later.
const maxRelayed = 32 << 10

// handle takes a line from the socket and gives the answer, if one is due.
func (p *Process) handle(line []byte) (protocol.Answer, bool) {
	p.act.Lock()
	defer p.act.Unlock()
	p.spec.Handler.Beat()
	m, err := protocol.Decode(line)
	if err != nil {
		err = fmt.Errorf("%w, in %.60q", err, line)
	}
	if err == nil && len(line) > maxRelayed && m.Failure == nil {
		err = fmt.Errorf("a message of more than %d KiB", maxRelayed>>10)
	}
	if err != nil {
		return p.refuse(err), true
	}
	if m.Report == nil {
		p.understood()
	}
	switch {
	case m.Report != nil:
		return p.report(*m.Report, false), true
	case m.Checkpoint != nil:
		if err := p.checkpoint(m.Checkpoint.Epoch); err != nil {
			return p.refuse(err), true
		}
		return protocol.Answer{Checkpoint: m.Checkpoint}, true
	case m.Artifact != nil:
		if err := p.artifact(m.Artifact.Metrics); err != nil {
			return p.refuse(err), true
		}
		return protocol.Answer{Artifact: m.Artifact}, true
	case m.Progress != nil:
		p.spec.Handler.Progress(*m.Progress)
	case m.Folds != nil:
		p.spec.Handler.Folds(*m.Folds)
	case m.Failure != nil:
		p.mu.Lock()
		p.said.failure = m.Failure
		p.mu.Unlock()
	}
	return protocol.Answer{}, false
}

// printed takes a line of standard output, which may be a report.
func (p *Process) printed(line []byte) {
	r, meant, err := protocol.ParseStdout(line)
	if !meant {
		return
	}
	p.act.Lock()
	defer p.act.Unlock()
	if r.Fold < 0 {
		r.Fold = p.spec.Work.Fold
	}
	if err != nil {
		p.refuse(err)
		return
	}
	p.report(r, true)
}

func (p *Process) refuse(err error) protocol.Answer {
	p.mu.Lock()
	p.said.refused++
	p.said.row++
	p.said.error = err
	row, garbage := p.said.row, p.said.garbage()
	p.mu.Unlock()
	if row <= 10 { // the log is for people
		p.spec.Log.Warn().Err(err).Msg("the trainer sent something that is not understood")
	}
	if row == mostRefused {
		p.Stop(Reason{Failure: trial.Protocol, Message: "speaks another language" + garbage})
	}
	return protocol.Answer{Error: err.Error()}
}

// understood notes a message that was one.
func (p *Process) understood() {
	p.mu.Lock()
	p.said.row = 0
	p.mu.Unlock()
}

// report passes a report on and carries the decision out. printed: the child cannot hear it, so TERM is the only way.
func (p *Process) report(r protocol.Report, printed bool) protocol.Answer {
	if err := p.check(&r); err != nil {
		return p.refuse(err)
	}
	p.understood()
	told, reason, known := p.known(r.Epoch)
	if known {
		p.Stop(Reason{Verb: told, Message: reason}) // it was told, and went on
		return protocol.Answer{Decision: told, Reason: reason}
	}
	verb := trial.Continue
	refit := p.spec.Work.Phase == trial.Refit
	if !refit { // on all rows there is nothing to compare, and nobody to decide
		verb, reason = p.spec.Handler.Report(r)
	}
	p.mu.Lock()
	if refit {
		p.said.measured = slices.DeleteFunc(slices.Clone(r.Metrics), func(m trial.Metric) bool { return math.IsNaN(m.Value) || math.IsInf(m.Value, 0) })
	}
	p.said.epoch, p.said.last = r.Epoch, p.said.last || r.Last
	if verb != trial.Continue {
		p.said.told, p.said.reason = verb, reason
	}
	p.mu.Unlock()
	switch {
	case verb == trial.Continue:
	case printed:
		p.Stop(Reason{Verb: verb, Message: reason})
	case verb == trial.Stop:
		go p.enforce(Reason{Verb: verb, Message: reason})
	}
	return protocol.Answer{Decision: verb, Reason: reason}
}

// known says what to answer without asking: the child was already told to end, or it has done its work and trains on. A report of a later
// epoch in the place of the last one of its work is not known: whoever gave the work has to judge it.
func (p *Process) known(epoch int) (trial.Verb, string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said.told != "" {
		return p.said.told, p.said.reason, true
	}
	if to := p.spec.Work.To.Epoch; epoch > to && p.said.epoch >= to && p.spec.Work.Phase != trial.Refit {
		p.said.told = trial.Pause
		p.said.reason = fmt.Sprintf("the work order ended at epoch %d", to)
		return p.said.told, p.said.reason, true
	}
	return "", "", false
}

// check refuses a report that cannot be: another fold, an epoch before the first.
func (p *Process) check(r *protocol.Report) error {
	if p.spec.Work.Phase != trial.Refit && r.Fold != p.spec.Work.Fold {
		return fmt.Errorf("a report of fold %d, but the work is fold %d", r.Fold, p.spec.Work.Fold)
	}
	if r.Epoch < 1 {
		return fmt.Errorf("a report of epoch %d: they count from 1", r.Epoch)
	}
	if !(r.Cost >= 0) || math.IsInf(r.Cost, 0) {
		r.Cost = 0
	}
	if r.Cache != nil && !r.Cache.Valid() {
		r.Cache = nil
	}
	if r.Confusion != nil && !r.Confusion.Valid() {
		r.Confusion = nil
	}
	return nil
}

func (p *Process) checkpoint(epoch int) error {
	if epoch < 1 || epoch > p.spec.Work.Epochs {
		return fmt.Errorf("a checkpoint of epoch %d, but a fold has the epochs 1 to %d", epoch, p.spec.Work.Epochs)
	}
	return p.spec.Handler.Checkpoint(epoch)
}

func (p *Process) artifact(m trial.Metrics) error {
	if p.spec.Work.ArtifactOut == "" {
		return fmt.Errorf("an artifact in phase %s: only a refit has one", p.spec.Work.Phase)
	}
	return p.spec.Handler.Artifact(m)
}

// enforce stops a child that does not end by itself after the decision to stop. A pause is not enforced by time: writing the
// checkpoint may take long, and the rule against stuck trainers ends it in the end.
func (p *Process) enforce(why Reason) {
	fired, cancel := p.spec.Clock.After(p.spec.Obey)
	defer cancel()
	select {
	case <-p.exited:
	case <-fired:
		p.Stop(why)
	}
}
