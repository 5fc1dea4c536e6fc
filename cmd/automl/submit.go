package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"automl/configs"
	"automl/runner"
	"automl/trial"
	"automl/trial/store"
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
			err := a.move(c.Context(), verb, args[0])
			if verb == "delete" && a.server == "" && trial.CodeOf(err) == trial.Unavailable {
				return a.deleteAlone(c.Context(), args[0])
			}
			return err
		},
	}
}

func (a *app) move(ctx context.Context, verb, study string) error {
	d, err := a.client()
	if err != nil {
		return err
	}
	do := map[string]func(context.Context, string) error{
		"pause": d.Pause, "resume": d.Resume, "stop": d.Stop, "delete": d.Delete,
	}[verb]
	return do(ctx, study)
}

// deleteAlone removes a study, and its checkpoints, from a data directory on which no daemon runs, as after automl run. What a killed daemon
// has left there does not matter: the lock tells whether one is at work.
func (a *app) deleteAlone(ctx context.Context, study string) (err error) {
	r, err := a.reader(ctx) // makes no data directory where there is none
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	db, err := store.Open(ctx, a.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := db.Load(ctx, study)
	if err != nil {
		return err
	}
	return errors.Join(db.DeleteStudy(ctx, s.Study.ID), runner.DropStudy(a.dataDir, s.Study.ID))
}

var _ reader = (*web.Client)(nil)
