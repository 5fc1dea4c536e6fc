package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"automl/runner"
	"automl/trial"
)

func (a *app) logsCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "logs STUDY TRIAL",
		Short: "Print what the trainers of a trial wrote, attempt by attempt",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), args[0], func(_ reader, s *trial.State) error {
				t, err := trialOf(s, args[1])
				if err != nil {
					return err
				}
				return a.printLogs(s, t)
			})
		},
	}
}

func (a *app) printLogs(s *trial.State, t *trial.Trial) error {
	found := false
	for n := 1; n <= t.Attempts; n++ {
		path := runner.LogPath(a.dataDir, trial.Key{Study: s.Study.ID, Trial: t.Number, Attempt: n})
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		found = true
		fmt.Fprintf(a.err, "attempt %d (%s)\n", n, filepath.Clean(path))
		_, err = io.Copy(a.out, f)
		f.Close()
		if err != nil {
			return err
		}
	}
	if !found {
		return trial.Errorf(trial.NotFound, "there are no logs of trial %d in %s", t.Number, a.dataDir).
			WithHint("logs stay on the machine of the runner that trained the trial, the oldest as long as --log-size has room for them: use its --data-dir")
	}
	return nil
}
