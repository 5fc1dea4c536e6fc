package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"automl/runner"
	"automl/trial"
	"automl/trial/dispatch"
	"automl/trial/heap"
)

// runnerFlags are the flags of automl runner.
type runnerFlags struct {
	cluster clusterFlags
	auth    string
	join    string
	here    bool
	name    string
	slots   int
	drain   bool
	notice  time.Duration
	cache   cacheFlags
	shelf   shelfFlags
	logs    logFlags
	gpus    gpuFlags
	confine confineFlags
}

func (a *app) runnerCmd() *cobra.Command {
	var f runnerFlags
	c := &cobra.Command{
		Use:   "runner",
		Short: "Run a runner: it takes trials from the daemon and trains them, one a slot",
		Long: `Run a runner: it takes trials from the daemon and trains them, one a slot.

It finds the daemon by --join TOKEN (automl join-token makes one; the next starts need none), by --nats, or else as the one of
its data directory. On SIGTERM it takes nothing new, lets its trainers finish their epoch as far as --notice allows, hands their
trials back and leaves; on a second one it leaves at once.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.join == "" {
				f.join = os.Getenv("AUTOML_JOIN") // no default of the flag, which the help would print
			}
			if f.drain {
				return a.drainRunner(c.Context())
			}
			return a.runRunner(c.Context(), f)
		},
	}
	host, _ := os.Hostname()
	f.cluster.register(c)
	c.Flags().StringVar(&f.join, "join", "", "join token of a daemon on another machine; AUTOML_JOIN in the environment keeps it off the list of processes")
	c.Flags().StringVar(&f.auth, "nats-auth", "", "file with the secret that runners on the daemon's machine share; default: DATA-DIR/nats-auth.json")
	c.Flags().StringVar(&f.name, "name", host, "name of this runner, unique among runners and the same after a restart")
	c.Flags().IntVar(&f.slots, "slots", 0, "most trials at once; default: --per-gpu of each GPU, without GPUs one a processor core")
	c.Flags().BoolVar(&f.drain, "drain", false, "have the runner of the data directory take nothing new and leave when its trials have come to their next rung; wait for that")
	c.Flags().DurationVar(&f.notice, "notice", 30*time.Second, "how long this machine stays after a SIGTERM")
	c.Flags().BoolVar(&f.here, "here", false, "the daemon of the data directory, whatever else is known")
	_ = c.Flags().MarkHidden("here")
	f.cache.register(c)
	f.shelf.register(c)
	f.logs.register(c)
	f.gpus.register(c)
	f.confine.register(c)
	return c
}

// check finds out what of them cannot hold, before anything is looked for.
func (f *runnerFlags) check() error {
	switch {
	case f.slots < 0:
		return trial.Errorf(trial.Invalid, "--slots %d", f.slots).WithHint("how many trials at once; 0: one for each GPU or processor core")
	case f.notice < 0:
		return trial.Errorf(trial.Invalid, "--notice %v", f.notice).WithHint("how long this machine stays after a SIGTERM, such as 30s")
	case !runner.ValidName(f.name):
		return trial.Errorf(trial.Invalid, "--name %q is no name for a runner", f.name).WithHint("up to 100 letters, digits, dots, dashes and underscores, the first of them a letter, a digit or an underscore")
	}
	return f.confine.check()
}

// config is the flags as the configuration of a runner; a flag that cannot hold is an error, before anything is looked for.
func (f *runnerFlags) config(dir string) (runner.Config, error) {
	cfg := f.confine.apply(runner.Config{Name: f.name, Slots: f.slots, Threads: runtime.NumCPU(), PerGPU: f.gpus.per, Version: version()})
	if err := f.check(); err != nil {
		return cfg, err
	}
	var err error
	if cfg.Cache, err = f.cache.parse(); err != nil {
		return cfg, err
	}
	if cfg.Shelf, err = f.shelf.parse(); err != nil {
		return cfg, err
	}
	if cfg.Logs, err = f.logs.parse(); err != nil {
		return cfg, err
	}
	if cfg.Dir, err = filepath.Abs(dir); err != nil {
		return cfg, err
	}
	self, err := os.Executable()
	if err != nil {
		return cfg, fmt.Errorf("find the automl program: %w", err)
	}
	cfg.Builtin = []string{self, "trainer"}
	return cfg, nil
}

// runRunner runs a runner until the context ends. It waits for the daemon as long as it takes.
func (a *app) runRunner(ctx context.Context, f runnerFlags) error {
	cfg, err := f.config(a.dataDir)
	if err != nil {
		return err
	}
	machine := findGPUs()
	defer machine.close()
	if cfg.GPUs, err = f.gpus.choose(machine); err != nil {
		return err
	}
	if machine.driver != nil {
		cfg.Gauge = machine.driver
	}
	log := a.log(zerolog.InfoLevel).With().Str("runner", f.name).Logger()
	options, owner, err := a.busOf(ctx, f)
	if err != nil {
		return err
	}
	cfg.Log, options.Log = log, log
	if cfg.Run, err = newRun(owner); err != nil {
		return err
	}
	bus, err := dispatch.NewRunner(ctx, cfg.Run, options)
	if err != nil {
		return err
	}
	defer bus.Close()
	machine.tell(cfg.GPUs, log)
	heap.Floor()
	if tracer := openSpans(ctx, "automl-runner", log); tracer != nil { // no nil pointer in an interface
		defer tracer.Close()
		cfg.Trace = tracer
	}
	r, err := runner.New(a.lab.runner(cfg), bus)
	if err != nil {
		return err
	}
	return runUntilTold(ctx, r, f.notice, log)
}

// busOf is how a runner gets on the bus, and the owner of its runs.
func (a *app) busOf(ctx context.Context, f runnerFlags) (o dispatch.Options, owner string, err error) {
	switch {
	case f.here:
		o, err = local(a.dataDir, f.auth)
		return o, "", err
	case f.join != "":
		m, err := join(ctx, a.dataDir, f.join, f.name)
		if err != nil {
			return o, "", err
		}
		o, err = m.options()
		return o, m.Owner, err
	case f.cluster.urls != "" && f.auth != "":
		o, err = shared(a.dataDir, f.cluster.urls, f.auth, f.cluster.ca)
		return o, "", err
	case f.cluster.urls != "" && f.cluster.creds != "":
		o, err = f.cluster.options()
		return o, ownerOf(f.name), err
	case f.cluster.urls != "":
		return o, "", trial.Errorf(trial.Invalid, "--nats needs credentials").
			WithHint("--nats-creds FILE for a cluster of your own, --nats-auth FILE for a daemon's bus on this machine, --join TOKEN for one elsewhere")
	}
	m, found, err := readMembership(joinFile(a.dataDir))
	if err != nil {
		return o, "", err
	}
	if found {
		o, err = m.options()
		return o, m.Owner, err
	}
	o, err = local(a.dataDir, f.auth)
	return o, "", err
}

var notInOwner = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// ownerOf is the owner of the runs of a named runner on a cluster, whose servers hold it to OWNER-*: its name as one token of a subject.
func ownerOf(name string) string {
	owner := notInOwner.ReplaceAllString(name, "_")
	return owner[:min(len(owner), 40)]
}

// newRun is the id of this process.
func newRun(owner string) (string, error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	if owner == "" {
		return hex.EncodeToString(id[:]), nil
	}
	return owner + "-" + hex.EncodeToString(id[:]), nil
}
