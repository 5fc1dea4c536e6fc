package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"automl/configs"
	"automl/runner"
	"automl/trial"
)

// shelfFlags say what checkpoints may take of the runner's disk.
type shelfFlags struct{ size string }

func (f *shelfFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.size, "checkpoint-size", "50%", "most that checkpoints may take: bytes (20GiB), or a share of what they take and what is free beside them; 0: anything. Those go first that are least likely to be needed")
}

// args are the flags for another command.
func (f *shelfFlags) args() []string { return []string{"--checkpoint-size", f.size} }

// parse checks the flag.
func (f *shelfFlags) parse() (runner.Limit, error) { return parseLimit("--checkpoint-size", f.size) }

// logFlags say what the logs of attempts may take of the runner's disk.
type logFlags struct{ size string }

func (f *logFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.size, "log-size", "1GiB", "most that the logs of attempts that are over may take: bytes, or a share of what they take and what is free beside them (5%); 0: anything. The oldest go first")
}

func (f *logFlags) args() []string { return []string{"--log-size", f.size} }

func (f *logFlags) parse() (runner.Limit, error) { return parseLimit("--log-size", f.size) }

// parseLimit reads how much something may take of a disk.
func parseLimit(flag, size string) (runner.Limit, error) {
	if size == "0" {
		return runner.Limit{}, nil
	}
	if text, percent := strings.CutSuffix(size, "%"); percent {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v > 0 && v <= 100) {
			return runner.Limit{}, trial.Errorf(trial.Invalid, "%s %q is no share of a disk", flag, size).WithHint("above 0%% and at most 100%%")
		}
		return runner.Limit{Share: v / 100}, nil
	}
	n, err := configs.ParseBytes(size)
	if err != nil {
		return runner.Limit{}, trial.Errorf(trial.Invalid, "%s: %s", flag, err.Msg).WithHint("%s, a share such as 50%%, or 0 for any", err.Hint)
	}
	return runner.Limit{Bytes: n}, nil
}
