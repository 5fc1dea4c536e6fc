package sim

import (
	"automl/bench/search/suite"
	"automl/trial"
)

// Job is work for one worker: train a trial from an epoch (exclusive; 0 for a new trial) to another (inclusive).
type Job struct {
	Trial    int
	Params   trial.Params
	From, To int
}

// Answer says what came of asking for a job.
type Answer int

// The answers to Ask.
const (
	Work Answer = iota
	Wait        // nothing to do until another epoch is told
	Over        // nothing will ever be handed out again
)

// Optimizer is a search as the simulator sees it. Trials are numbered from 0.
type Optimizer interface {
	Ask() (Job, Answer)
	// Tell reports a finished epoch, counted from 1, with its value and the seconds it took; 0 seconds when it was free. A job
	// also ends by reaching its To.
	Tell(number, epoch int, value, seconds float64) trial.Verb
}

// A free optimizer does not choose among the candidates of a task: what it asks for is replaced by the nearest one.
type free interface{ free() bool }

// A fallible optimizer says why it broke, if it did.
type fallible interface{ err() error }

// Problem is what an optimizer may know.
type Problem struct {
	Task    *suite.Task
	Seed    int64
	Workers int
	Plain   bool // the project's search takes Seed as it is, like a study that the Python harness submits; else each task its own
}

// Maker starts an optimizer on a problem.
type Maker func(Problem) (Optimizer, error)
