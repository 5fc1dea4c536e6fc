package trial

import (
	"errors"
	"fmt"
	"time"
)

// State is a study with everything its record says, built by applying the events in order.
type State struct {
	Study  Study
	Status StudyState
	Back   StudyState // where a paused study goes on: running, or draining
	Reason string     // of the latest change of Status
	Seq    int64      // of the last event applied
	Hash   string     // of the folds, once known
	Trials []*Trial
	// Results are the ends of all attempts of the search that left a value or a failure, in the order they came in.
	Results []Result
	Since   time.Time // of the latest change of Status
	Claim   Claim     // to the runners' slots, as far as it was changed

	tally    tally
	confused []*Trial // the complete trials that have confusion matrices, at most keptConfusions
}

// Result says how far a trial was when an attempt at it ended.
type Result struct {
	Seq   int64
	Trial int
	At    Resource
}

// NewState is a study before its first event.
func NewState(s Study) *State { return &State{Study: s, Status: StudyRunning, Since: s.Created} }

// Trial returns a trial by its number, or nil.
func (s *State) Trial(n int) *Trial {
	if n < 0 || n >= len(s.Trials) {
		return nil
	}
	return s.Trials[n]
}

// Apply takes the next event. It refuses, and changes nothing, when the event does not follow from the state: a gap in the
// sequence, an unknown trial, a transition that is not allowed. A report that repeats known values is applied and has no effect.
func (s *State) Apply(e Event) error {
	if e.Seq != s.Seq+1 {
		return fmt.Errorf("event %d does not follow event %d", e.Seq, s.Seq)
	}
	var err error
	switch {
	case e.Report != nil:
		err = s.report(*e.Report)
	case e.Decision != nil:
		err = s.decide(*e.Decision, e.Time)
	default:
		err = fmt.Errorf("neither a report nor a decision")
	}
	if err != nil {
		return fmt.Errorf("event %d: %w", e.Seq, err)
	}
	s.Seq = e.Seq
	return nil
}

func (s *State) report(r Report) error {
	t := s.Trial(r.Trial)
	if t == nil {
		return fmt.Errorf("report of an unknown trial %d", r.Trial)
	}
	if r.Fold < 0 || r.Epoch < 1 || r.Epoch > s.Study.Shape.Epochs {
		return fmt.Errorf("trial %d reports fold %d epoch %d, outside the ladder", r.Trial, r.Fold, r.Epoch)
	}
	if t.put(r, s.Study.Shape) {
		t.note(s.Seq + 1)
	}
	return nil
}

func (s *State) decide(d Decision, now time.Time) error {
	switch d.What {
	case Sampled:
		if d.Trial != len(s.Trials) {
			return fmt.Errorf("trial %d sampled where %d comes next", d.Trial, len(s.Trials))
		}
		t := &Trial{Number: d.Trial, Status: Waiting, Params: d.Params, Origin: d.Origin, Bracket: d.Bracket, Reason: d.Reason}
		s.Trials = append(s.Trials, t)
		s.tally.move(t.Number, standing{}, t.standing())
		s.tally.given += count(d.Origin == FromUser || d.Origin == FromProbe)
		return nil
	case Manifest:
		s.Hash = d.Hash
		return nil
	case Moved:
		if d.Params != nil { // what it may have, not where it stands
			c, err := claimOf(d.Params)
			if err != nil || d.Study != s.Status {
				return fmt.Errorf("the study's claim to slots: %w", errors.Join(err, wrongState(d.Study, s.Status)))
			}
			s.Claim = c.Over(s.Claim)
			return nil
		}
		if d.Study == StudyPaused && s.Status != StudyPaused {
			s.Back = s.Status
		}
		s.Status, s.Reason, s.Since = d.Study, d.Reason, now
		return nil
	}
	t := s.Trial(d.Trial)
	if t == nil {
		return fmt.Errorf("%s of an unknown trial %d", d.What, d.Trial)
	}
	if err := t.allow(d); err != nil {
		return fmt.Errorf("trial %d (%s): %w", t.Number, t.Status, err)
	}
	if result(t, d) {
		s.Results = append(s.Results, Result{Seq: s.Seq + 1, Trial: t.Number, At: t.Done})
	}
	was := t.standing()
	t.apply(d, now)
	s.tally.move(t.Number, was, t.standing())
	if t.Status.Terminal() && t.over == 0 {
		t.over = s.Seq + 1
		s.forget(t)
	}
	return nil
}

func wrongState(got, want StudyState) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("it is %s, not %s", want, got)
}

// result tells whether a decision ends an attempt of the search.
func result(t *Trial, d Decision) bool {
	return t.Open != nil && (d.What == Paused || d.What == Completed || d.What == Pruned || d.What == Failed)
}

// allow is the state machine: which decision may follow which state.
func (t *Trial) allow(d Decision) error {
	searching := !t.Status.Terminal()
	ok := false
	switch d.What {
	case Assigned:
		ok = t.Open == nil && d.Attempt == t.Attempts+1 && (searching && d.Phase == Search || t.Status == Complete && d.Phase != Search)
	case Started:
		if _, err := leaseOf(d.Params); err != nil {
			return err
		}
		ok = t.Open != nil && t.Open.Run == "" && t.Open.Number == d.Attempt
	case Promoted:
		ok = t.Status == PausedState && t.Open == nil
	case Paused, Completed:
		ok = searching && t.Open != nil && t.Open.Number == d.Attempt
	case Pruned, Failed:
		ok = searching
	case Audited:
		ok = searching && t.Audit == nil
	case Retried:
		ok = t.Open != nil && t.Open.Number == d.Attempt
	case Confirmed, Refitted:
		ok = t.Status == Complete && t.Open != nil && t.Open.Number == d.Attempt
	}
	if !ok {
		return fmt.Errorf("%q of attempt %d is not allowed", d.What, d.Attempt)
	}
	return nil
}

func (t *Trial) apply(d Decision, now time.Time) {
	if d.Reason != "" && d.What != Assigned && d.What != Started {
		t.Reason = d.Reason
	}
	switch d.What {
	case Assigned:
		t.Attempts = d.Attempt
		if d.Phase != t.Phase {
			t.Phase, t.Failures = d.Phase, 0 // confirming and refitting are counted afresh
		}
		t.Open = &Attempt{Number: d.Attempt, Phase: d.Phase, From: d.At, To: d.To}
	case Started:
		t.Open.Runner, t.Open.Run, t.Run = d.Runner, d.Run, d.Run
		t.Open.Lease, _ = leaseOf(d.Params) // which allow has read
		if t.Started.IsZero() {
			t.Started = now
		}
		if !t.Status.Terminal() {
			t.Status = Running
		}
	case Paused:
		t.Open, t.Status = nil, PausedState
	case Completed, Pruned, Failed:
		t.Open, t.Ended, t.Failure = nil, now, d.Failure
		t.Status = map[What]Status{Completed: Complete, Pruned: PrunedState, Failed: Fail}[d.What]
		t.Failures = 0
	case Audited:
		t.Audit = &d
	case Retried:
		if d.Failure == OOM {
			t.OOMs++
		}
		t.retry(d)
	case Confirmed:
		t.Open = nil
	case Refitted:
		t.Open, t.Artifact = nil, d.Artifact
	}
}

// retry closes the attempt: the trial waits where it stood, to be assigned again.
func (t *Trial) retry(d Decision) {
	t.Open = nil
	if d.Failure.Counts() {
		t.Failures++
	}
	if t.Status.Terminal() {
		return
	}
	t.Status = Waiting
}
