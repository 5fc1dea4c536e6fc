package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"automl/trial"
	"automl/trial/store"
	"automl/web"
)

// reader is the record, from the database of the data directory or from a daemon. Every command that shows something reads
// the record through it and applies it: there is one way to know the state of a study.
type reader interface {
	Studies(ctx context.Context) ([]trial.Study, error)
	Load(ctx context.Context, idOrName string) (*trial.State, error)
	Events(ctx context.Context, study string, after int64) ([]trial.Event, error)
	Close() error
}

// reader opens the record: that of --server, else the database, which may be read while a daemon writes it.
func (a *app) reader(ctx context.Context) (reader, error) {
	if a.server != "" {
		return a.client()
	}
	if _, err := os.Stat(filepath.Join(a.dataDir, "automl.db")); err != nil {
		return nil, trial.Errorf(trial.NotFound, "there is no study in %s", a.dataDir).
			WithHint("automl run SWEEP.yaml makes one; --data-dir names another folder, --server a daemon")
	}
	return store.OpenReadOnly(ctx, a.dataDir)
}

// client reaches the daemon: that of --server, else the one running on the data directory.
func (a *app) client() (*web.Client, error) {
	url, token := a.server, os.Getenv("AUTOML_TOKEN")
	if a.tokenFile != "" {
		data, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, trial.Wrap(trial.Invalid, err, "read the token")
		}
		if len(strings.Fields(string(data))) != 1 {
			return nil, trial.Errorf(trial.Invalid, "%s holds no token", a.tokenFile).WithHint("the file token in the daemon's data directory is meant")
		}
		token = string(data)
	}
	ca := a.caFile
	if url != "" {
		if err := checkServer(url); err != nil {
			return nil, err
		}
	} else {
		info, err := readDaemonFile(a.dataDir)
		if err != nil {
			return nil, err
		}
		url, token, ca = info.URL, info.Token, info.CA
	}
	trust, err := trustFile(ca)
	if err != nil {
		return nil, err
	}
	return web.NewClient(url, token, trust), nil
}

// withState opens the record, loads one study, and hands both over.
func (a *app) withState(ctx context.Context, idOrName string, f func(reader, *trial.State) error) error {
	r, err := a.reader(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if idOrName == "" {
		if idOrName, err = latest(ctx, r); err != nil {
			return err
		}
	}
	s, err := r.Load(ctx, idOrName)
	if err != nil {
		return err
	}
	return f(r, s)
}

// latest is the study made last: what a command without a study means.
func latest(ctx context.Context, r reader) (string, error) {
	studies, err := r.Studies(ctx)
	if err != nil {
		return "", err
	}
	if len(studies) == 0 {
		return "", trial.Errorf(trial.NotFound, "there is no study").WithHint("automl run SWEEP.yaml makes one")
	}
	return studies[len(studies)-1].ID, nil
}
