package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"automl/bench/search/score"
)

// keep reads the runs of earlier calls; none when there is no file.
func keep(path string) ([]score.Run, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var runs []score.Run
	if err := json.Unmarshal(data, &runs); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return runs, nil
}

func store(path string, runs []score.Run) error {
	if path == "" {
		return nil
	}
	data, err := json.Marshal(runs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// merge adds new runs to old ones. A run that is measured again takes the place of the old one.
func merge(old, more []score.Run) []score.Run {
	type key struct {
		suite, task, optimizer string
		seed, workers          int
	}
	of := func(r score.Run) key { return key{r.Suite, r.Task, r.Optimizer, r.Seed, r.Workers} }
	at := map[key]int{}
	out := append([]score.Run{}, old...)
	for i, r := range out {
		at[of(r)] = i
	}
	for _, r := range more {
		if i, known := at[of(r)]; known {
			out[i] = r
		} else {
			at[of(r)], out = len(out), append(out, r)
		}
	}
	return out
}
