package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"automl/configs"
	"automl/search"
	"automl/trial"
)

// identity is a hash of all that decides the curves, wherever the files lie: one recording never goes on from another's.
func identity(sweep *configs.Sweep, k int) (string, error) {
	h := sha256.New()
	spec := sweep.Trainer
	about := struct {
		Space     []search.Parameter
		Objective trial.Objective
		Epochs    int
		Split     trial.FoldPlan
		Seed      uint64
		Task      string
		Data      trial.DataSpec
		K         int
	}{sweep.Space().Parameters, sweep.Objective, sweep.Shape.Epochs, sweep.FoldPlan(), sweep.Seed, spec.Task, *spec.Data, k}
	about.Split.K, about.Data.Train, about.Data.Test = k, "", ""
	if err := json.NewEncoder(h).Encode(about); err != nil {
		return "", err
	}
	files := []string{spec.Data.Train}
	if spec.Model != trial.MLP {
		files = append(files, filepath.Join(spec.Model, "config.json"), filepath.Join(spec.Model, "model.safetensors"))
	}
	for _, file := range files {
		if err := addFile(h, file); err != nil {
			return "", fmt.Errorf("read what is trained: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func addFile(h io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return err
}
