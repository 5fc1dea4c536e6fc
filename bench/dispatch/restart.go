package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"automl/search/daemon"
	"automl/trial"
	"automl/trial/dispatch"
	"automl/trial/store"
)

// restart measures how long a daemon takes on a record of many reports until it answers: the database checked and opened, the state of
// the study rebuilt, the bus up.
func restart(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp(o.dir, "dispatch")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := setting{epochs: 27, trials: 2 + o.restart/27, metrics: o.metrics}
	if err := s.fill(ctx, dir, o.restart); err != nil {
		return fmt.Errorf("make the record: %w", err)
	}
	begun := time.Now()
	db, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	checked := time.Since(begun)
	bus, err := dispatch.Serve(dispatch.ServeOptions{Dir: dir, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer bus.Shutdown()
	b, err := dispatch.NewDaemon(ctx, dispatch.Options{URL: bus.URL(), Credentials: bus.Credentials(dispatch.RoleDaemon), Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	defer b.Close()
	up := time.Since(begun)
	d, err := daemon.New(ctx, daemon.Config{Store: db, Bus: b, Decode: s.spec, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { _ = d.Run(ctx) }()
	m, err := d.Metrics(ctx)
	if err != nil {
		return err
	}
	ready := time.Since(begun)
	size, _, err := db.Size()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d events on record, %d reports, database of %d MiB: ready after %.2f s (database checked and open %.2f, bus up %.2f)\n",
		m.Studies[0].Events, o.restart, size>>20, ready.Seconds(), checked.Seconds(), up.Seconds())
	return err
}

// fill makes a record with so many reports, of a study that goes on.
func (s setting) fill(ctx context.Context, dir string, reports int) (err error) {
	db, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	study := s.study()
	if err := db.CreateStudy(ctx, study); err != nil {
		return err
	}
	spec, err := s.spec(study)
	if err != nil {
		return err
	}
	spec.External = true
	e, err := daemon.NewEngine(spec, nil)
	if err != nil {
		return err
	}
	for left := reports; left > 0; {
		a, reply := e.Ask(time.Now().UTC())
		if reply != trial.ReplyWork {
			return fmt.Errorf("no work with %d reports left", left)
		}
		for epoch := 1; epoch <= a.To.Epoch && left > 0; epoch++ {
			r := trial.Report{Epoch: epoch, Metrics: trial.Metrics{{Name: metric, Value: loss(a.Params, epoch)}}}
			for i := 1; i < s.metrics; i++ {
				r.Metrics = append(r.Metrics, trial.Metric{Name: fmt.Sprint("metric", i), Value: 1 / float64(epoch+i)})
			}
			e.Tell(time.Now().UTC(), a.Key(), []trial.Report{r}, nil)
			left--
		}
	}
	events, err := e.Take()
	if err != nil {
		return err
	}
	for part := range slices.Chunk(events, 1000) {
		if err := db.Append(ctx, study.ID, part); err != nil {
			return err
		}
	}
	return nil
}
