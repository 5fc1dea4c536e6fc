package main

import (
	"github.com/spf13/cobra"

	"automl/configs"
	"automl/runner/protocol"
	"automl/trial"
)

// cacheFlags say where the built-in trainer keeps the activations of frozen blocks, and how many.
type cacheFlags struct {
	dir  string
	size string
}

func (f *cacheFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "cache-dir", "", "folder for activations of frozen blocks, which runners may share; default: DATA-DIR/cache")
	c.Flags().StringVar(&f.size, "cache-size", "8GiB", "most that folder may take; 0: keep activations in memory, each trial its own")
}

// args are the flags for another command.
func (f *cacheFlags) args() []string { return []string{"--cache-dir", f.dir, "--cache-size", f.size} }

// parse checks the flags.
func (f *cacheFlags) parse() (protocol.Cache, error) {
	if f.size == "0" {
		return protocol.Cache{}, nil
	}
	n, err := configs.ParseBytes(f.size)
	if err != nil {
		return protocol.Cache{}, trial.Errorf(trial.Invalid, "--cache-size: %s", err.Msg).WithHint("%s, or 0 for none", err.Hint)
	}
	return protocol.Cache{Dir: f.dir, Bytes: n}, nil
}
