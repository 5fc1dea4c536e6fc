package trial

import (
	"strings"
	"time"
)

// RunnerInfo is what a runner tells of itself with every heartbeat.
type RunnerInfo struct {
	Name     string    `json:"name"` // stable over restarts, unique in a cluster
	Run      string    `json:"run"`  // of this process: a new one with every start
	Slots    int       `json:"slots"`
	GPUs     []string  `json:"gpus,omitempty"` // their names
	Threads  int       `json:"threads"`        // processor cores
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	Attempts []Key     `json:"attempts"`           // what it is working on
	Draining bool      `json:"draining,omitempty"` // takes nothing new
	Kept     []Key     `json:"kept,omitempty"`     // some of the trials that it has checkpoints of and is not working on; Attempt is 0
	Disk     *DiskUse  `json:"disk,omitempty"`     // of its checkpoints
	Logs     *DiskUse  `json:"logs,omitempty"`     // of the logs of its attempts that are over
}

// DiskUse is what the checkpoints of a runner take of its disk, or the logs.
type DiskUse struct {
	Bytes   int64 `json:"bytes"`             // all together
	Limit   int64 `json:"limit,omitempty"`   // what they may take; 0: anything
	Dropped int64 `json:"dropped,omitempty"` // trials whose checkpoints, or attempts whose logs, were given up to stay below it, since its start
	Weigh   bool  `json:"weigh,omitempty"`   // there is little room left: it asks what those of Kept are worth
}

// Owner is who runs a run: what stands before the last '-' of its id, and empty where there is none. An owner is a runner with
// credentials of its own; nobody else can send as one of its runs. Runs without an owner share theirs.
func Owner(run string) string { return run[:max(0, strings.LastIndexByte(run, '-'))] }

// Announce asks for the lease of an attempt before its trainer is started.
type Announce struct {
	Key    Key    `json:"key"`
	Runner string `json:"runner"`
	Run    string `json:"run"`
}

// Grant answers an Announce. A refused attempt is dropped by the runner: somebody else has it, or nobody wants it any more.
type Grant struct {
	Granted   bool   `json:"granted"`
	Elsewhere bool   `json:"elsewhere,omitempty"` // refused, but to this runner only: the work goes back to the queue
	Soon      bool   `json:"soon,omitempty"`      // with Elsewhere: a runner that should have it has a free slot, so that it goes back at once
	Reason    string `json:"reason,omitempty"`
}

// Inbound is a durable message of an attempt, from its runner to the daemon. N counts from 1 without gaps within the attempt:
// the daemon answers with the N that it has committed, and the runner keeps the others and sends them again. The exit is sent when all
// others are committed. Since is the first message of the attempt that the runner has no receipt of, 0 where it does not say: a daemon
// that was just started does not take a message before those ahead of it, although it knows of none of them. Exactly one of Report, Folds
// and Exit is set.
type Inbound struct {
	Key    Key        `json:"key"`
	Run    string     `json:"run"`
	N      int64      `json:"n"`
	Since  int64      `json:"since,omitempty"`
	Report *Report    `json:"report,omitempty"`
	Folds  *FoldsSeen `json:"folds,omitempty"`
	Exit   *Exit      `json:"exit,omitempty"`

	Text []byte `json:"-"` // the message as JSON, where it was written already; who changes the message clears it
}

// FoldsSeen is the hash of the folds a trainer drew.
type FoldsSeen struct {
	Hash string `json:"hash"`
	Rows int    `json:"rows"`
}

// Exit ends an attempt.
type Exit struct {
	Failure  Failure `json:"failure,omitempty"`  // empty: To was reached, or a decision was obeyed
	Message  string  `json:"message,omitempty"`  // of a failure: the cause, with the trainer's last lines
	Artifact string  `json:"artifact,omitempty"` // phase refit: the folder with the model
	Metrics  Metrics `json:"metrics,omitempty"`  // phase refit: measured with it
}

// Outbound is the daemon's answer to what an attempt sent: message N is committed, and Verb is the standing decision
// (continue when empty). It is also sent unasked, when a trial has to stop, and to say what its checkpoint is worth.
type Outbound struct {
	Key    Key     `json:"key"`
	N      int64   `json:"n"`
	Verb   Verb    `json:"verb,omitempty"`
	Reason string  `json:"reason,omitempty"`
	Worth  float64 `json:"worth,omitempty"` // of Keep: seconds of training that would have to be done again without the checkpoint, as is to be expected
}

// Progress is for people watching; it may be lost.
type Progress struct {
	Key   Key `json:"key"`
	Fold  int `json:"fold"`
	Epoch int `json:"epoch"` // the one being trained
	Step  int `json:"step"`
	Steps int `json:"steps"`

	Run string `json:"-"` // whose it is, by the bus
}

// Mail is what the bus brings the daemon: one message from a runner. Exactly one of the message pointers is set.
type Mail struct {
	Heartbeat *RunnerInfo
	Gone      *RunnerInfo // the runner left in good order
	Announce  *Announce
	Inbound   *Inbound
	Progress  *Progress
	Reply     func(Grant) // answers an Announce
	Ack       func()      // of an Inbound, once it is committed and at most once: the bus may forget it
}

// Delivery is an assignment that the bus brought to a runner. Ack removes it for good, once the lease is granted or refused;
// Nak gives it back, to be delivered again after a while.
type Delivery struct {
	Assignment Assignment
	Ack        func() error
	Nak        func(after time.Duration) error
}

// Reply is what a program that asks for work is answered.
type Reply int

// The replies.
const (
	ReplyWork Reply = iota // here is some
	ReplyWait              // nothing now: something that trains has to be told first
	ReplyOver              // nothing will ever be handed out again
)
