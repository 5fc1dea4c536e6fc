package runner

import (
	"cmp"
	crand "crypto/rand"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/gpu"
	"automl/runner/process"
	"automl/runner/protocol"
	"automl/trial"
)

// Config says what a runner is. Name and Dir must be given, Builtin where the built-in trainer shall run.
type Config struct {
	Name    string         // stable over restarts, unique in a cluster
	Run     string         // id of this process; default: a random one
	Slots   int            // default: PerGPU of each GPU, else one per core
	PerGPU  int            // trials that share a GPU, where Slots is not given; default: 1
	Pin     bool           // each slot has cores of its own, where there are enough
	Tasks   int            // processes and threads a trainer may have; default: 4096, negative: any number
	Threads int            // processor cores to share between the slots; default: all
	GPUs    []gpu.Device   // those that trials may use
	Trace   Tracer         // makes a span of every trainer; nil: nobody does
	Gauge   Gauge          // measures them; nil: nothing is known of their use
	Dir     string         // the work directory
	Builtin []string       // argv of the built-in trainer
	Shelf   Limit          // what checkpoints may take of the disk of Dir
	Logs    Limit          // the same of the logs of attempts that are over
	Cache   protocol.Cache // of the built-in trainer: default for Dir is the folder cache in the work directory; 0 bytes: trainers keep it in memory only
	Version string
	PassEnv []string // variables of our environment that trainers get beyond the usual ones
	Timings Timings  // zero fields get their default
	Log     zerolog.Logger
	Start   Start          // starts a trainer; default: a child process
	Clock   process.Clock  // default: the real one
	Jitter  func() float64 // in [0, 1), spreads retries; default: random
}

// Tracer makes spans of trainers, for people who watch.
type Tracer interface {
	// Trainer begins the span of a trainer process that works on a fold (-1: on a refit). traceparent is what the trainer is told of it; end
	// says why it failed, or nothing.
	Trainer(a trial.Assignment, fold int, runner string) (traceparent string, end func(failure string))
}

// Limit bounds what something takes of a disk. The zero Limit is none.
type Limit struct {
	Bytes int64   // at most so many
	Share float64 // where Bytes is 0: so much, in (0, 1], of what it takes and what is free beside it
}

// Start starts a trainer. One that is no child process gets no folders made, and is told to end by Stop alone.
type Start func(process.Spec) (Child, error)

// Child is a trainer at work.
type Child interface {
	// Stop has it end, for the first reason given.
	Stop(why process.Reason)
	// Wait waits until it has ended, and all that it said has been handled.
	Wait() process.Outcome
}

var _ Child = (*process.Process)(nil)

// Timings are how long things take; the defaults are in brackets.
type Timings struct {
	Heartbeat time.Duration // between two [10 s]
	Contact   time.Duration // without the bus before the trainers are stopped [90 s]
	Decision  time.Duration // a trainer waits for one [5 s]
	Grace     time.Duration // from TERM to KILL [10 s]
	Obey      time.Duration // from the decision "stop" to TERM, for a trainer that was told [60 s]
	Silent    time.Duration // without a sign of life before a trainer counts as stuck [10 min]
	First     time.Duration // the same before the first epoch was measured [1 h]
	RetryMin  time.Duration // the first back-off [1 s]
	RetryMax  time.Duration // the longest [30 s]
	Progress  time.Duration // at least, between two progress messages of an attempt [1 s]
	Measure   time.Duration // between two looks at what trainers take of the machine [2 s]
	Flush     time.Duration // at the end, for the daemon to commit the last messages [5 s]
}

// namePattern is what names that become part of paths and subjects must look like.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

// ValidName reports whether a runner may be called so: the name becomes part of paths and subjects.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// complete checks a configuration and fills in the defaults.
func (c Config) complete() (Config, error) {
	if !namePattern.MatchString(c.Name) {
		return c, trial.Errorf(trial.Invalid, "the runner's name %q", c.Name).WithHint("use letters, digits, dots and dashes")
	}
	if c.Dir == "" || c.Slots < 0 || c.Threads < 0 || c.PerGPU < 0 {
		return c, trial.Errorf(trial.Invalid, "a runner needs a work directory, and counts of slots, threads and trials a GPU that are not negative")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, trial.Wrap(trial.Invalid, err, "the work directory")
	}
	c.Dir = dir
	for what, l := range map[string]Limit{"checkpoints": c.Shelf, "logs": c.Logs} {
		if l.Bytes < 0 || !(l.Share >= 0 && l.Share <= 1) {
			return c, trial.Errorf(trial.Invalid, "%s may take %d bytes, or %v of the disk", what, l.Bytes, l.Share)
		}
	}
	if c.Cache.Bytes < 0 {
		return c, trial.Errorf(trial.Invalid, "a cache of %d bytes", c.Cache.Bytes)
	}
	if c.Cache.Dir, err = filepath.Abs(cmp.Or(c.Cache.Dir, filepath.Join(dir, "cache"))); err != nil {
		return c, trial.Wrap(trial.Invalid, err, "the folder of the cache")
	}
	c.Run = cmp.Or(c.Run, crand.Text())
	c.Threads = cmp.Or(c.Threads, runtime.NumCPU())
	c.PerGPU = cmp.Or(c.PerGPU, 1)
	c.Tasks = cmp.Or(c.Tasks, 4096)
	c.Slots = cmp.Or(c.Slots, len(c.GPUs)*c.PerGPU, c.Threads)
	if c.Start == nil {
		c.Start = startProcess
	}
	if c.Clock == nil {
		c.Clock = process.SystemClock()
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	c.Timings = c.Timings.complete()
	return c, nil
}

// Times is the timings, each so many times as long; 0 stands for 1.
func (t Timings) Times(factor float64) Timings {
	t = t.complete()
	if factor > 0 {
		for _, d := range []*time.Duration{&t.Heartbeat, &t.Contact, &t.Decision, &t.Grace, &t.Obey, &t.Silent, &t.First, &t.RetryMin,
			&t.RetryMax, &t.Progress, &t.Measure, &t.Flush} {
			*d = time.Duration(float64(*d) * factor)
		}
	}
	return t
}

func (t Timings) complete() Timings {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&t.Heartbeat, 10 * time.Second}, {&t.Contact, 90 * time.Second}, {&t.Decision, 5 * time.Second},
		{&t.Grace, 10 * time.Second}, {&t.Obey, time.Minute}, {&t.Silent, 10 * time.Minute}, {&t.First, time.Hour},
		{&t.RetryMin, time.Second}, {&t.RetryMax, 30 * time.Second}, {&t.Progress, time.Second}, {&t.Measure, 2 * time.Second}, {&t.Flush, 5 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.standard
		}
	}
	return t
}
