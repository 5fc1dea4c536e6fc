package main

import (
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/search/daemon"
	"automl/trial"
)

const (
	studyID = "bench"
	metric  = "loss"
)

// study trains every trial in full: what is measured is the way of a report, not the search.
func (s setting) study() trial.Study {
	return trial.Study{ID: studyID, Name: studyID, Document: []byte("{}"), Digest: studyID, Seed: 1, Shape: trial.Shape{Folds: 1, Epochs: s.epochs},
		Objective: trial.Objective{Metric: metric, Goal: trial.Minimize}, Created: time.Now().UTC()}
}

func (s setting) spec(study trial.Study) (daemon.Spec, error) {
	return daemon.Spec{Study: study, Sampler: search.Config{Type: search.RandomType},
		Space: search.Space{Parameters: []search.Parameter{
			{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1e-1, Log: true},
			{Name: "decay", Kind: search.Float, Low: 0, High: 0.3},
		}},
		Scheduler: schedulers.Config{Type: "fifo", Trials: s.trials},
		Folds:     trial.FoldPlan{K: 1, Split: trial.Plain, Seed: 1},
		Trainer:   trial.TrainerSpec{Type: "command", Command: []string{"true"}}}, nil
}

// loss falls with the epochs to a height that the parameters decide.
func loss(p trial.Params, epoch int) float64 { return p.Float("decay", 0) + 1/float64(epoch) }
