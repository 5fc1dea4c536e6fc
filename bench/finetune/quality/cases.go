package main

import (
	"path/filepath"

	"automl/runner/protocol"
	"automl/trial"
)

// measured is a case: a fold is trained for each number below folds.
type measured struct {
	name  string
	work  protocol.Work
	folds int
	torch float64 // what PyTorch reached
	least float64 // what is to be reached; 0: nothing in particular
}

// cases lists them all.
func cases(shared, few string) []measured {
	spec := func(d trial.DataSpec) trial.TrainerSpec {
		d.Text, d.Label = "text", "category"
		return trial.TrainerSpec{Type: "builtin", Task: trial.TextTask, Model: filepath.Join(shared, "minilm"), Data: &d}
	}
	order := func(data trial.DataSpec, folds trial.FoldPlan, epochs int, params ...trial.Param) protocol.Work {
		return protocol.Work{Study: "quality", Name: "quality", Attempt: 1, Phase: trial.Search, Seed: 1, Threads: 1, Epochs: epochs,
			Objective: objective, Folds: folds, Trainer: spec(data), Params: append(params, param("lr_schedule", "linear"), param("warmup", 0.1))}
	}
	banking := filepath.Join(shared, "banking77")
	whole := trial.DataSpec{Train: filepath.Join(banking, "train.csv"), Valid: filepath.Join(banking, "test.csv")}
	out := []measured{{name: "whole set, full, lr 5e-5, head 1e-3, batch 32", folds: 1, torch: 0.925, least: 0.92,
		work: order(whole, trial.FoldPlan{K: 1, Split: trial.Fixed}, 3, param("lr", 5e-5), param("head_lr", 1e-3), param("batch_size", int64(32)),
			param("weight_decay", 0.01))}}
	shot := func(name string, torch, least float64, epochs int, params ...trial.Param) {
		plan := trial.FoldPlan{K: 3, Split: trial.Stratified, Seed: 1}
		out = append(out, measured{name: "few-shot, " + name, folds: plan.K, torch: torch, least: least,
			work: order(trial.DataSpec{Train: few}, plan, epochs, params...)})
	}
	head := param("freeze.strategy", string(trial.HeadOnly))
	shot("head, lr 1e-4", 0.290, 0, 8, head, param("lr", 1e-4))
	shot("head, lr 1e-3", 0.717, 0, 8, head, param("lr", 1e-3))
	shot("head, lr 1e-2", 0.799, 0.79, 8, head, param("lr", 1e-2))
	shot("head, lr 3e-2", 0.799, 0, 8, head, param("lr", 3e-2))
	shot("gradual, lr 1e-4, head 1e-2", 0.805, 0.79, 5, param("freeze.strategy", string(trial.Gradual)), param("lr", 1e-4), param("head_lr", 1e-2),
		param("head_start", "fresh"))
	shot("full, lr 5e-5, head 1e-3", 0.753, 0, 6, param("lr", 5e-5), param("head_lr", 1e-3))
	shot("full, lr 1e-3", 0.712, 0, 4, param("lr", 1e-3))
	return out
}

func param(name string, value any) trial.Param { return trial.Param{Name: name, Value: value} }
