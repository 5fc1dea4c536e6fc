package main

import (
	"os"

	"github.com/spf13/cobra"

	"automl/runner/finetune"
)

// trainerCmd is the built-in trainer, which a runner starts as a child process.
func (a *app) trainerCmd() *cobra.Command {
	return &cobra.Command{
		Use:    "trainer",
		Short:  "The built-in trainer; started by a runner",
		Hidden: true,
		Args:   cobra.NoArgs,
		Run:    func(c *cobra.Command, _ []string) { os.Exit(finetune.Main(c.Context())) },
	}
}
