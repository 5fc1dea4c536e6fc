package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/search/daemon"
	"automl/trial"
	"automl/trial/store"
)

// epochs of a full trial; asha has rungs at 3 and 9 below.
const epochs = 27

// spec is a study of 8 parameters: 5 floats, 2 integers and a categorical.
func spec(study trial.Study, sampler, scheduler string) daemon.Spec {
	space := search.Space{Parameters: []search.Parameter{
		{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-1, Log: true},
		{Name: "decay", Kind: search.Float, Low: 0, High: 0.3},
		{Name: "warmup", Kind: search.Float, Low: 0, High: 0.2},
		{Name: "dropout", Kind: search.Float, Low: 0, High: 0.5},
		{Name: "smoothing", Kind: search.Float, Low: 0, High: 0.2},
		{Name: "layers", Kind: search.Int, Low: 1, High: 12},
		{Name: "width", Kind: search.Int, Low: 16, High: 1024, Log: true},
		{Name: "optimizer", Kind: search.Categorical, Choices: []any{"adamw", "sgd", "lion"}},
	}}
	return daemon.Spec{Study: study, Space: space, External: true, Sampler: search.Config{Type: sampler},
		Scheduler: schedulers.Config{Type: scheduler, Grace: 3, Eta: 3}, Folds: trial.FoldPlan{K: 1, Split: trial.Plain, Seed: 1}}
}

func theStudy(scheduler string) trial.Study {
	shape := trial.Shape{Folds: 1, Epochs: epochs}
	if scheduler == "fifo" {
		shape.Epochs = 1
	}
	return trial.Study{ID: "bench", Name: "bench", Document: []byte("{}"), Digest: "bench", Seed: 1, Shape: shape,
		Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}, Created: time.Now().UTC()}
}

// loss falls with the epochs to a height that the parameters decide.
func loss(p trial.Params, epoch int) float64 {
	off := math.Pow(math.Log10(p.Float("lr", 1))+3, 2)/4 + 4*p.Float("decay", 0) + 2*p.Float("dropout", 0) +
		math.Pow(float64(p.Int("layers", 1))-6, 2)/36 + math.Abs(math.Log2(p.Float("width", 1)/256))/6
	if p.Text("optimizer", "") == "sgd" {
		off++
	}
	return off + (2+off/3)/float64(epoch)
}

// record writes a study with so many trials that have ended, or wait at a rung, proposed at random.
func record(ctx context.Context, db *store.DB, s setting) error {
	study := theStudy(s.scheduler)
	if err := db.CreateStudy(ctx, study); err != nil {
		return err
	}
	events, err := past(study, s.scheduler, s.finished)
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

// past is the record of n trials proposed at random, trained one after another.
func past(study trial.Study, scheduler string, n int) ([]trial.Event, error) {
	e, err := daemon.NewEngine(spec(study, search.RandomType, scheduler), nil)
	if err != nil {
		return nil, err
	}
	for len(e.State().Trials) < n {
		if err := playOne(e); err != nil {
			return nil, err
		}
	}
	return e.Take()
}

// playOne trains the next piece of work.
func playOne(e *daemon.Engine) error {
	now := time.Now().UTC()
	a, reply := e.Ask(now)
	if reply != trial.ReplyWork {
		return fmt.Errorf("no work after %d trials", len(e.State().Trials))
	}
	play(e, a)
	return nil
}

func play(e *daemon.Engine, a trial.Assignment) {
	for epoch := a.From.Epoch + 1; epoch <= a.To.Epoch; epoch++ {
		r := trial.Report{Epoch: epoch, Metrics: trial.Metrics{{Name: "loss", Value: loss(a.Params, epoch)}}}
		if verb, _ := e.Tell(time.Now().UTC(), a.Key(), []trial.Report{r}, nil); verb != trial.Continue {
			return
		}
	}
}
