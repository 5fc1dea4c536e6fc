package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"automl/runner"
	"automl/runner/process"
	"automl/runner/protocol"
	"automl/trial"
	"automl/trial/dispatch"
)

// sideOfRunners is the argument with which this program is the runners.
const sideOfRunners = "runners"

// sideConfig is what the process of the runners reads first. The end of its input tells it to end.
type sideConfig struct {
	URL, Auth, Dir          string
	Runners, Slots, Metrics int
	Profile                 string
}

// sideResult is what it says at its end.
type sideResult struct {
	CPU         time.Duration // processor time, without the start
	Median, P99 time.Duration // from a report to its receipt
}

// runRunners runs all runners until the input ends.
func runRunners(in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	words := json.NewDecoder(in)
	var c sideConfig
	if err := words.Decode(&c); err != nil {
		return err
	}
	credentials, err := dispatch.LoadCredentials(c.Auth, dispatch.RoleRunner)
	if err != nil {
		return err
	}
	trainers := &trainers{metrics: c.Metrics}
	errs := make([]error, c.Runners)
	var all sync.WaitGroup
	for i := range c.Runners {
		run := fmt.Sprint("run", i)
		bus, err := dispatch.NewRunner(ctx, run, dispatch.Options{URL: c.URL, Credentials: credentials, Timeout: time.Minute, Log: zerolog.Nop()})
		if err != nil {
			return err
		}
		defer bus.Close()
		r, err := runner.New(runner.Config{Name: fmt.Sprint("box", i), Run: run, Slots: c.Slots, Threads: c.Slots,
			Dir: filepath.Join(c.Dir, run), Start: trainers.start, Log: zerolog.Nop()}, bus)
		if err != nil {
			return err
		}
		all.Go(func() { errs[i] = r.Run(ctx) })
	}
	stop, err := startProfile(c.Profile)
	if err != nil {
		return err
	}
	begun := processor()
	if _, err := words.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the input goes on: %w", err)
	}
	r := sideResult{CPU: processor() - begun}
	stop()
	cancel()
	all.Wait()
	r.Median, r.P99 = trainers.quantiles()
	return errors.Join(errors.Join(errs...), json.NewEncoder(out).Encode(r))
}

// trainers train in no time.
type trainers struct {
	metrics int
	mu      sync.Mutex
	waits   []time.Duration // from a report to its receipt
}

func (t *trainers) quantiles() (median, p99 time.Duration) {
	if len(t.waits) == 0 {
		return 0, 0
	}
	slices.Sort(t.waits)
	return t.waits[len(t.waits)/2], t.waits[len(t.waits)*99/100]
}

// start starts a trainer.
func (t *trainers) start(s process.Spec) (runner.Child, error) {
	c := &trainer{done: make(chan process.Outcome, 1)}
	go func() {
		o, waits := t.train(s.Work, s.Handler)
		t.mu.Lock()
		t.waits = append(t.waits, waits...)
		t.mu.Unlock()
		c.done <- o
	}()
	return c, nil
}

// trainer is one at work. It cannot be stopped: it is over before anybody could want that.
type trainer struct{ done chan process.Outcome }

func (t *trainer) Stop(process.Reason)   {}
func (t *trainer) Wait() process.Outcome { return <-t.done }

// train reports the epochs of a piece of work, and obeys.
func (t *trainers) train(w protocol.Work, h process.Handler) (process.Outcome, []time.Duration) {
	var waits []time.Duration
	for e := w.From.Epoch + 1; e <= w.To.Epoch; e++ {
		r := protocol.Report{Fold: w.Fold, Epoch: e, Metrics: trial.Metrics{{Name: metric, Value: loss(w.Params, e)}}}
		for i := 1; i < t.metrics; i++ {
			r.Metrics = append(r.Metrics, trial.Metric{Name: fmt.Sprint("metric", i), Value: 1 / float64(e+i)})
		}
		begun := time.Now()
		verb, _ := h.Report(r)
		waits = append(waits, time.Since(begun))
		if verb != trial.Continue {
			return process.Outcome{Verb: verb, Epoch: e}, waits
		}
	}
	return process.Outcome{Verb: trial.Continue, Epoch: w.To.Epoch, Over: w.To.Epoch == w.Epochs}, waits
}
