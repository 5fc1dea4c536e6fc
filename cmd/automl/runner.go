package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"automl/runner"
	"automl/trial/dispatch"
)

// runnerFlags are the flags of automl runner.
type runnerFlags struct {
	nats  string
	auth  string
	name  string
	slots int
	cache cacheFlags
}

func (a *app) runnerCmd() *cobra.Command {
	var f runnerFlags
	c := &cobra.Command{
		Use:   "runner",
		Short: "Run a runner: it takes trials from the daemon and trains them, one a slot",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.runRunner(c.Context(), f) },
	}
	host, _ := os.Hostname()
	c.Flags().StringVar(&f.nats, "nats", "", "URL of the daemon's NATS server; default: that of the data directory's daemon")
	c.Flags().StringVar(&f.auth, "nats-auth", "", "file with the bus credentials; default: DATA-DIR/nats-auth.json")
	c.Flags().StringVar(&f.name, "name", host, "name of this runner, unique among runners and the same after a restart")
	c.Flags().IntVar(&f.slots, "slots", 0, "most trials at once; default: one a GPU, without GPUs one a processor core")
	f.cache.register(c)
	return c
}

// runRunner runs a runner until the context ends. It waits for the daemon as long as it takes.
func (a *app) runRunner(ctx context.Context, f runnerFlags) error {
	cache, err := f.cache.parse()
	if err != nil {
		return err
	}
	if f.nats == "" {
		info, err := readDaemonFile(a.dataDir)
		if err != nil {
			return err
		}
		f.nats = info.NATS
	}
	if f.auth == "" {
		f.auth = filepath.Join(a.dataDir, dispatch.AuthFile)
	}
	creds, err := dispatch.LoadCredentials(f.auth, dispatch.RoleRunner)
	if err != nil {
		return err
	}
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	run := hex.EncodeToString(id[:])
	log := a.log(zerolog.InfoLevel).With().Str("runner", f.name).Logger()
	bus, err := dispatch.NewRunner(ctx, run, dispatch.Options{URL: f.nats, Credentials: creds, Log: log})
	if err != nil {
		return err
	}
	defer bus.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the automl program: %w", err)
	}
	dir, err := filepath.Abs(a.dataDir)
	if err != nil {
		return err
	}
	r, err := runner.New(a.lab.runner(runner.Config{Name: f.name, Run: run, Slots: f.slots, Threads: runtime.NumCPU(), GPUs: gpus(), Dir: dir,
		Builtin: []string{self, "trainer"}, Cache: cache, Version: version(), Log: log}), bus)
	if err != nil {
		return err
	}
	return r.Run(ctx)
}
