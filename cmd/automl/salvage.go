package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/view"
)

func (a *app) salvageCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "salvage NEW-DIR",
		Short: "Save what can be read of a damaged record into a new data directory",
		Long: `Save what can be read of a damaged record into a new data directory.

Of each study the events up to the first that cannot be read are kept: the study as it stood then, which a daemon on the new directory goes
on with. The damaged record is not changed. A backup that is newer than the damage is better.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.salvage(c.Context(), args[0]) },
	}
}

func (a *app) salvage(ctx context.Context, dir string) (err error) {
	from, err := store.OpenReadOnly(ctx, a.dataDir)
	if e := new(trial.Error); errors.As(err, &e) && strings.Contains(e.Hint, "automl salvage") {
		return e.WithHint("not even its beginning can be read, so nothing can be saved of it: put your newest backup in its place")
	}
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := os.Lstat(filepath.Join(dir, "automl.db")); err == nil {
		return trial.Errorf(trial.Conflict, "%s has a record already", dir).WithHint("name a new directory")
	}
	to, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	studies, broken := from.Studies(ctx) // those before the damage
	for _, s := range studies {
		events, lost := readable(ctx, from, s)
		if err := to.CreateStudy(ctx, s); err != nil {
			return err
		}
		if err := to.Append(ctx, s.ID, events); err != nil {
			return err
		}
		fmt.Fprintf(a.err, "study %s (%s) with %s is in %s\n", s.Name, s.ID, view.Counted(len(events), "event"), dir)
		if lost != nil {
			fmt.Fprintf(a.err, "  what came after them cannot be read: %v\n", lost)
		}
	}
	if broken != nil {
		fmt.Fprintf(a.err, "further studies cannot be read: %v\n", broken)
	}
	return nil
}

// readable is the events of a study up to the first that cannot be read, or does not follow from those before it, and why it ends there.
func readable(ctx context.Context, db *store.DB, s trial.Study) ([]trial.Event, error) {
	events, lost := db.Events(ctx, s.ID, 0)
	state := trial.NewState(s)
	for i, e := range events {
		if err := state.Apply(e); err != nil {
			return events[:i], err
		}
	}
	return events, lost
}
