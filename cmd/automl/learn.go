package main

import (
	"context"

	"automl/configs"
	"automl/trial"
)

// studies is where earlier studies are found.
type studies interface {
	Studies(ctx context.Context) ([]trial.Study, error)
	Load(ctx context.Context, idOrName string) (*trial.State, error)
}

// learn reads what the warm start of a sweep names, and says what it took. A study that exists has it in its document: then
// nothing is read, so that it goes on whatever has become of the sources.
func learn(ctx context.Context, s *configs.Sweep, in studies, from configs.Library) (notes []string, err error) {
	all, err := in.Studies(ctx)
	if err != nil {
		return nil, err
	}
	for _, old := range all {
		if old.Name == s.Name && old.Digest == s.Digest() {
			return nil, nil
		}
	}
	return s.Learn(from)
}

// earlier finds the studies of a record.
func earlier(ctx context.Context, in studies) func(string) (*trial.State, error) {
	return func(idOrName string) (*trial.State, error) { return in.Load(ctx, idOrName) }
}

// rehearse reads what the warm start of a sweep names, as starting it would, from the files and the record there are.
func (a *app) rehearse(ctx context.Context, s *configs.Sweep) error {
	if !s.Learns() {
		return nil
	}
	var in studies
	r, err := a.reader(ctx)
	switch {
	case err == nil:
		defer r.Close()
		in = r
	case trial.CodeOf(err) == trial.NotFound:
		in = noStudies{err}
	default:
		return err
	}
	notes, err := learn(ctx, s, in, configs.Library{Study: earlier(ctx, in), Files: true})
	a.told(notes)
	return err
}

// noStudies is where no record is, and why.
type noStudies struct{ error }

func (noStudies) Studies(context.Context) ([]trial.Study, error)       { return nil, nil }
func (n noStudies) Load(context.Context, string) (*trial.State, error) { return nil, n.error }

// told prints notes of what was learned.
func (a *app) told(notes []string) {
	for _, n := range notes {
		_, _ = a.err.Write([]byte("warm start: " + n + "\n"))
	}
}
