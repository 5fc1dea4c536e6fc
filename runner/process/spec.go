package process

import (
	"errors"
	"io"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/protocol"
	"automl/trial"
)

// Spec says what to start.
type Spec struct {
	Argv     []string      // no shell; a bare name is looked up in the PATH of Env
	Dir      string        // the working directory; empty: that of this process
	Env      []string      // the whole environment; the variables of the protocol are added
	Work     protocol.Work // what it has to do
	Home     string        // an existing folder of this child alone; the work file is put there
	Memory   int64         // limit in bytes, 0: none
	Tasks    int           // limit of processes and threads, 0: none
	Cores    []int         // the processor cores it is pinned to; none: it may run on any
	Resident *Resident     // a process to fork the trainer from, where that can be; nil: it is a program of its own
	Output   io.Writer     // gets what the child prints, from one goroutine at a time
	Handler  Handler       // gets what the child says
	Grace    time.Duration // from TERM to KILL
	Obey     time.Duration // from the decision "stop" to TERM
	Clock    Clock
	Log      zerolog.Logger
}

// Handler takes what a trainer says, one call at a time (Beat excepted). Every call must return in a bounded time.
type Handler interface {
	// Report gives the decision, which is never empty.
	Report(r protocol.Report) (verb trial.Verb, reason string)
	// Checkpoint puts the content of CheckpointOut in a safe place and leaves the folder empty.
	Checkpoint(epoch int) error
	// Artifact puts the content of ArtifactOut in a safe place.
	Artifact(m trial.Metrics) error
	Progress(p protocol.Progress)
	Folds(f protocol.Folds)
	// Beat is called for every sign of life: any message, any output. It may be called concurrently.
	Beat()
}

// Reason is why a child is stopped. Exactly one of Verb and Failure is set.
type Reason struct {
	Verb    trial.Verb    // a decision is carried out
	Failure trial.Failure // it failed: too slow, stuck, not wanted any more
	Message string
}

// Outcome is what became of a child.
type Outcome struct {
	Failure trial.Failure // empty: To was reached, or a decision was obeyed
	Message string        // of a failure
	Verb    trial.Verb    // the decision it ended with; continue when it just did its work
	Epoch   int           // the last reported; 0: none
	Metrics trial.Metrics // refit: of the last report, those that are finite
	Over    bool          // the fold has no further epoch: the last was reported, or the trainer said so
}

var errNoCommand = errors.New("the trainer has no command")
