package trial

import (
	"math"
	"slices"
	"time"
)

// Event is one entry of a study's record: either a report or a decision.
type Event struct {
	Seq      int64     `json:"seq"`  // from 1, without gaps, one sequence a study
	Time     time.Time `json:"time"` // UTC
	Report   *Report   `json:"report,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
}

// Report is what a trainer measured after one epoch of one fold.
type Report struct {
	Trial   int     `json:"trial"`
	Attempt int     `json:"attempt"`
	Fold    int     `json:"fold"`
	Epoch   int     `json:"epoch"` // from 1
	Metrics Metrics `json:"metrics"`
	Cost    float64 `json:"cost_seconds,omitempty"` // seconds this epoch took; 0 when unknown
	Last    bool    `json:"last,omitempty"`         // the trainer stopped this fold early: it has no further epoch

	Cache     *CacheUse  `json:"cache,omitempty"`     // nil: no activations of frozen blocks were cached
	Usage     *Usage     `json:"usage,omitempty"`     // of the machine; nil: it was not measured
	Confusion *Confusion `json:"confusion,omitempty"` // of the fold's validation rows; nil: there are no classes, or too many
}

// CacheUse is what it brought to keep what frozen blocks make of a row, instead of running them in every epoch.
type CacheUse struct {
	Hits   int     `json:"hits"`          // rows that frozen blocks did not run for
	Misses int     `json:"misses"`        // rows that they ran for
	Saved  float64 `json:"saved_seconds"` // what the hits would have cost, measured when they were misses
}

// Valid reports whether the counts and seconds are some.
func (c CacheUse) Valid() bool {
	return c.Hits >= 0 && c.Misses >= 0 && c.Saved >= 0 && c.Saved <= math.MaxFloat64
}

// Add sums up.
func (c *CacheUse) Add(d CacheUse) {
	c.Hits, c.Misses, c.Saved = c.Hits+d.Hits, c.Misses+d.Misses, c.Saved+d.Saved
}

// At is the resource the report stands at.
func (r Report) At() Resource { return Resource{r.Fold, r.Epoch} }

// What names a decision.
type What string

// The decisions. Each is made once and never re-decided.
const (
	Sampled   What = "sampled"   // a new trial: Params, Origin, Bracket
	Promoted  What = "promoted"  // a paused trial may go on: At, Value, Threshold
	Assigned  What = "assigned"  // work handed out: Attempt, Phase, At (from), To
	Started   What = "started"   // a runner holds the lease of the attempt: Attempt, Runner, Run; Params: what a program that asked said, see [Lease]
	Paused    What = "paused"    // reached its rung and waits: At, Value
	Pruned    What = "pruned"    // over, weak: At, Value, Threshold
	Audited   What = "audited"   // a rule would have stopped the trial, which runs on to check the rule: At, Value, Threshold
	Completed What = "completed" // over, trained in full: Value
	Failed    What = "failed"    // over, broken: Failure, and Reason with the message
	Retried   What = "retried"   // the attempt broke, the trial will be tried again: Failure
	Confirmed What = "confirmed" // a complete trial trained its extra folds: Attempt
	Refitted  What = "refitted"  // the winner was trained on all data: Attempt, Artifact
	Manifest  What = "manifest"  // the hash of the folds every trial must use: Hash. Trial is NoTrial
	Moved     What = "moved"     // the study changed its state: Study; with Params its claim to slots, see [Claim]. Trial is NoTrial
)

// NoTrial is the trial number of a decision about the study itself.
const NoTrial = -1

// Origin is where a trial's parameters came from.
type Origin string

// The origins of parameters.
const (
	FromSampler Origin = "sampler"
	FromUser    Origin = "enqueued"
	FromProbe   Origin = "probe" // the yardstick of a study: its first trial, which no scheduler stops or ranks
)

// Phase is what an assignment is for.
type Phase string

// The phases of a study.
const (
	Search  Phase = "search"
	Confirm Phase = "confirm" // extra folds of a complete trial: folds k, k+1, ... are drawn afresh
	Refit   Phase = "refit"   // train the winner on all data; it makes no reports
)

// Failure is the kind of a failure.
type Failure string

// The failures. NaN is the configuration's own fault and is not retried; the others are.
const (
	OOM     Failure = "oom"
	NaN     Failure = "nan"
	Crash   Failure = "crash"
	Timeout Failure = "timeout"

	Signal    Failure = "signal"    // the trainer was killed by a signal that nobody here sent, such as a segmentation fault
	Processes Failure = "processes" // it started more processes or threads than it may
	Protocol  Failure = "protocol"  // what it said was not understood or lacked the objective, or its work was not done when it ended well

	Lost    Failure = "lost"    // the runner was not heard of any more
	Aborted Failure = "aborted" // the whole process tree was stopped; counts against nobody
)

// Failures is every kind.
var Failures = []Failure{OOM, NaN, Crash, Timeout, Signal, Processes, Protocol, Lost, Aborted}

// Known is the failure itself, or Crash for a kind that this version does not know.
func (f Failure) Known() Failure {
	if slices.Contains(Failures, f) {
		return f
	}
	return Crash
}

// Retryable reports whether another attempt may end differently.
func (f Failure) Retryable() bool { return f != NaN }

// Counts reports whether the failure counts against the trial's MaxFailures.
func (f Failure) Counts() bool { return f != Aborted }

// MaxFailures is how many attempts of a trial may fail, in its search and in each later phase, before it is given up.
const MaxFailures = 3

// Decision is what the daemon decided, with the reason a person can read. Fields that a kind of decision does not use are zero.
type Decision struct {
	Trial     int        `json:"trial"` // NoTrial: about the study
	What      What       `json:"what"`
	Reason    string     `json:"reason,omitempty"`
	Attempt   int        `json:"attempt,omitempty"`
	At        Resource   `json:"at"` // the rung it was made at; of an assignment, where it starts
	To        Resource   `json:"to"` // of an assignment, where it ends
	Value     *float64   `json:"value,omitempty"`
	Threshold *float64   `json:"threshold,omitempty"` // what Value was held against
	Bracket   int        `json:"bracket,omitempty"`
	Params    Params     `json:"params,omitempty"`
	Origin    Origin     `json:"origin,omitempty"`
	Phase     Phase      `json:"phase,omitempty"`
	Failure   Failure    `json:"failure,omitempty"`
	Runner    string     `json:"runner,omitempty"`   // its name
	Run       string     `json:"run,omitempty"`      // the id of that runner process
	Artifact  string     `json:"artifact,omitempty"` // a folder
	Hash      string     `json:"hash,omitempty"`
	Study     StudyState `json:"study,omitempty"`
}
