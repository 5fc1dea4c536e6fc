package schedulers

import "automl/trial"

// Scheduler decides who trains how far. The probe (trial.FromProbe) is no trial to rank: it runs to the end, and counts in nothing but
// what the others have to beat. A Scheduler is pure: Apply is the only mutation, all else are questions, and the same events in
// the same order give the same answers.
type Scheduler interface {
	// Apply takes the next event of the record, reports and decisions alike. The caller has checked that it follows and has
	// applied it to the state the scheduler was made with.
	Apply(e trial.Event)
	// Next says what a free slot should do. It changes nothing: asked again before another event it says the same. Prune, Wait
	// and Finish take no slot; after a Prune has been recorded, ask again.
	Next() Action
	// Verdict answers the latest report of a running trial, and its exit, both of which have been applied: continue before the
	// trial's rung; pause or stop at it. Stop means pruned, except at Shape.Full (Done has reached it), where it means complete.
	Verdict(number int) Verdict
	// Target is the rung a trial is on its way to or stands at: how far it may go now. It is where another attempt of a trial
	// has to end when the last one was lost. The zero Resource for a trial that was never sampled.
	Target(number int) trial.Resource
	// Plan is what the scheduler intends to do, before anything has run.
	Plan() Plan
}

// Action is what a free slot should do; a closed set: Start, Promote, Prune, Wait and Finish.
type Action interface{ action() }

// Start asks for a new trial, which shall run up to To in Bracket. The decision Sampled must carry the bracket.
type Start struct {
	Bracket int // from 1: bracket b starts at rung b
	To      trial.Resource
	Reason  string
}

// Promote lets a paused trial go on to To.
type Promote struct {
	Trial            int
	From, To         trial.Resource // From is where it stands
	Value, Threshold float64        // Threshold is the value of the last one of those that may go on
	Reason           string
}

// Prune ends a paused trial that cannot be promoted any more.
type Prune struct {
	Trial            int
	At               trial.Resource
	Value, Threshold float64 // NaN where there is none
	Reason           string
}

// Wait says that nothing can be done until another event comes in.
type Wait struct{}

// Finish says that nothing is left to do, now or later: every trial is over.
type Finish struct{ Reason string }

func (Start) action()   {}
func (Promote) action() {}
func (Prune) action()   {}
func (Wait) action()    {}
func (Finish) action()  {}

// Verdict is the answer to a report, with what it was based on.
type Verdict struct {
	Verb             trial.Verb
	At               trial.Resource // the rung it was made at; between rungs, where the trial stands
	Value, Threshold float64        // NaN where there is none
	Reason           string
	Audit            Audit // to be recorded as trial.Audited before the verdict is acted on, unless it has no reason
}

// Audit is a stop that a rule would have made but for the audited share: the trial runs on, to show whether the rule is right.
type Audit struct {
	At               trial.Resource
	Value, Threshold float64 // what the trial was expected to reach, and what it would have had to beat
	Reason           string
}
