package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/archive"
	"automl/trial/store"
	"automl/trial/view"
)

func (a *app) exportCmd() *cobra.Command {
	var models bool
	c := &cobra.Command{
		Use:   "export STUDY [FILE]",
		Short: "Write a whole study to one file, which automl import reads; also while it runs",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), args[0], func(r reader, s *trial.State) error {
				events, err := r.Events(c.Context(), s.Study.ID, 0)
				if err != nil {
					return err
				}
				path := s.Study.Name + ".automl"
				if len(args) == 2 {
					path = args[1]
				}
				dir := ""
				if models {
					dir = modelsOf(a.dataDir, s.Study.ID)
				}
				err = createNew(path, func(f *os.File) error { return archive.Write(f, s.Study, events, dir) })
				if err == nil {
					fmt.Fprintf(a.err, "study %s with %s is in %s\n", s.Study.Name, view.Counted(len(events), "event"), path)
				}
				return err
			})
		},
	}
	c.Flags().BoolVar(&models, "models", false, "with the models in the data directory")
	return c
}

// modelsOf is the folder where the runner of a data directory keeps the models of a study.
func modelsOf(dir, study string) string { return filepath.Join(dir, "artifacts", study) }

// createNew writes a file that is not there yet, whole or not at all.
func createNew(path string, write func(*os.File) error) error {
	if _, err := os.Lstat(path); err == nil {
		return trial.Errorf(trial.Conflict, "%s is there already", path).WithHint("name another file")
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return trial.Wrap(trial.Storage, err, "write %s", path)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return trial.Wrap(trial.Storage, err, "write %s", path)
	}
	return trial.Wrap(trial.Storage, os.Link(f.Name(), path), "write %s", path)
}

func (a *app) importCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Read a study that automl export wrote into the data directory, on which no daemon may run",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, events, err := a.importStudy(c.Context(), args[0])
			if err == nil {
				fmt.Fprintf(a.err, "study %s (%s) with %s is in %s\n", s.Name, s.ID, view.Counted(len(events), "event"), a.dataDir)
			}
			return err
		},
	}
}

// importStudy checks the file as a whole before anything is changed.
func (a *app) importStudy(ctx context.Context, path string) (s trial.Study, events []trial.Event, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, nil, trial.Wrap(trial.Invalid, err, "read the exported study")
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return s, nil, trial.Wrap(trial.Storage, err, "read the exported study")
	}
	db, err := store.Open(ctx, a.dataDir)
	if err != nil {
		return s, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	unpacked := filepath.Join(a.dataDir, "import.new") // this process alone has the data directory
	defer os.RemoveAll(unpacked)
	if err := os.RemoveAll(unpacked); err != nil { // of an import that was killed
		return s, nil, trial.Wrap(trial.Storage, err, "import the models")
	}
	if s, events, err = archive.Read(f, i.Size(), unpacked); err != nil {
		return s, nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := decode(s); err != nil {
		return s, nil, trial.Wrap(trial.Invalid, err, "%s", path)
	}
	if err := db.CreateStudy(ctx, s); err != nil {
		return s, nil, err
	}
	if err = db.Append(ctx, s.ID, events); err == nil {
		err = place(unpacked, modelsOf(a.dataDir, s.ID))
	}
	if err != nil {
		return s, nil, errors.Join(err, db.DeleteStudy(context.WithoutCancel(ctx), s.ID))
	}
	return s, events, nil
}

func (a *app) backupCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the record of all studies to one file, also while a daemon writes it; as automl.db in a data directory it is the record",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			db, err := store.OpenReadOnly(c.Context(), a.dataDir)
			if err != nil {
				return err
			}
			defer db.Close()
			if err := db.Backup(c.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "the record of %s is in %s\n", a.dataDir, args[0])
			return nil
		},
	}
}

// place moves unpacked models, if there are any, to where a study has them.
func place(unpacked, to string) error {
	if _, err := os.Stat(unpacked); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return trial.Wrap(trial.Storage, err, "import the models")
	}
	if err := os.Rename(unpacked, to); err != nil {
		return trial.Wrap(trial.Storage, err, "import the models")
	}
	return nil
}
