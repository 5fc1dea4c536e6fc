package store_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"automl/trial"
	"automl/trial/store"
)

// A daemon opens the data directory and appends; anybody reads.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "automl")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	db, err := store.Open(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	study := trial.Study{ID: "k3f9", Name: "banking77", Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize},
		Shape: trial.Shape{Folds: 1, Epochs: 10}, Created: time.Now()}
	if err := db.CreateStudy(ctx, study); err != nil {
		log.Fatal(err)
	}
	err = db.Append(ctx, "k3f9", []trial.Event{
		{Seq: 1, Time: time.Now(), Decision: &trial.Decision{Trial: 0, What: trial.Sampled,
			Params: trial.Params{{Name: "lr", Value: 5e-5}}, Reason: "first of 8 random trials"}},
		{Seq: 2, Time: time.Now(), Report: &trial.Report{Trial: 0, Attempt: 1, Fold: 0, Epoch: 1,
			Metrics: trial.Metrics{{Name: "val_accuracy", Value: 0.87}}}},
	})
	if err != nil {
		log.Fatal(err)
	}

	reader, err := store.OpenReadOnly(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	state, err := reader.Load(ctx, "banking77")
	if err != nil {
		log.Fatal(err)
	}
	score, _ := state.Trials[0].Score(study.Objective, study.Shape)
	fmt.Println(state.Trials[0].Params, score.Value)

	err = db.Append(ctx, "k3f9", []trial.Event{{Seq: 9, Time: time.Now(), Decision: &trial.Decision{What: trial.Paused}}})
	fmt.Println(trial.CodeOf(err), err)
	// Output:
	// lr=5e-05 0.87
	// conflict study banking77: event 9 does not follow event 2
}
