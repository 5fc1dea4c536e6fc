package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"automl/configs"
	"automl/web"
)

func (a *app) submitCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "submit SWEEP.yaml|SCRIPT.py",
		Short: "Give a sweep to a running daemon",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			sweep, err := a.loadSweep(c.Context(), args[0])
			if err != nil {
				return err
			}
			d, err := a.client()
			if err != nil {
				return err
			}
			notes, err := learn(c.Context(), sweep, d, configs.Library{Files: true}) // the daemon finds the studies, but reads no files
			if err != nil {
				return err
			}
			a.told(notes)
			study, err := newStudy(sweep)
			if err != nil {
				return err
			}
			got, err := d.Submit(c.Context(), study.Document)
			if err != nil {
				return err
			}
			rows := &table{head: []string{"study"}}
			rows.add(got.Study)
			return a.show(got, func() { fmt.Fprintf(a.out, "study %s (%s)\n", study.Name, got.Study) }, rows)
		},
	}
}

// moveCmd is a command that changes the state of a study through the daemon.
func (a *app) moveCmd(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " STUDY",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := a.client()
			if err != nil {
				return err
			}
			do := map[string]func(context.Context, string) error{
				"pause": d.Pause, "resume": d.Resume, "stop": d.Stop, "delete": d.Delete,
			}[verb]
			return do(c.Context(), args[0])
		},
	}
}

var _ reader = (*web.Client)(nil)
