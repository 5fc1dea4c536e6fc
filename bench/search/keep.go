package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"automl/bench/search/score"
	"automl/bench/search/suite"
)

// archive is the runs measured so far, in this call and in earlier ones.
type archive struct {
	path  string // where they are kept; empty: nowhere
	runs  map[key]score.Run
	fresh int // runs since the last save
}

// key is what a run is known by.
type key struct {
	suite, task, optimizer string
	seed, workers          int
}

func keyOf(r score.Run) key { return key{r.Suite, r.Task, r.Optimizer, r.Seed, r.Workers} }

// series is a line of the file: the runs of one search on one task.
type series struct {
	Suite     string    `json:"suite"`
	Workers   int       `json:"workers"`
	Optimizer string    `json:"optimizer"`
	Task      string    `json:"task"`
	Budgets   []float64 `json:"budgets"`
	Runs      []kept    `json:"runs"`
}

// kept is a run without what its series says.
type kept struct {
	Seed   int        `json:"seed"`
	Regret []float64  `json:"regret"` // at each of the budgets
	Epochs int        `json:"epochs"`
	Trials int        `json:"trials"`
	Ended  string     `json:"ended"`
	Ask    [3]float64 `json:"ask_ms"`  // median, 99th percentile and sum
	Tell   [3]float64 `json:"tell_ms"` // the same
}

// open reads what earlier calls have kept; nothing when there is no file. What lies in the other files is added to it; of a run
// that several files have, the first file's counts.
func open(path string, others ...string) (*archive, error) {
	a := &archive{path: path, runs: map[key]score.Run{}}
	for _, p := range append([]string{path}, others...) {
		if p == "" {
			continue
		}
		data, err := os.ReadFile(p)
		if errors.Is(err, fs.ErrNotExist) && p == path {
			continue
		}
		if err != nil {
			return nil, err
		}
		var all []series
		if err := json.Unmarshal(data, &all); err != nil {
			return nil, fmt.Errorf("%s is no file of runs: %w", p, err)
		}
		for _, s := range all {
			if err := a.read(s); err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
		}
	}
	return a, nil
}

func (a *archive) read(s series) error {
	for _, k := range s.Runs {
		if len(k.Regret) != len(s.Budgets) || len(k.Regret) == 0 {
			return fmt.Errorf("%s on %s/%s, seed %d: %d regrets at %d budgets", s.Optimizer, s.Suite, s.Task, k.Seed, len(k.Regret), len(s.Budgets))
		}
		r := score.Run{Suite: s.Suite, Task: s.Task, Optimizer: s.Optimizer, Seed: k.Seed, Workers: s.Workers, Budgets: s.Budgets,
			Regret: k.Regret, Epochs: k.Epochs, Trials: k.Trials, Ended: k.Ended,
			Ask: score.Timing{P50: k.Ask[0], P99: k.Ask[1], Total: k.Ask[2]}, Tell: score.Timing{P50: k.Tell[0], P99: k.Tell[1], Total: k.Tell[2]}}
		if _, known := a.runs[keyOf(r)]; !known {
			a.runs[keyOf(r)] = r
		}
	}
	return nil
}

// add takes a run, in place of the same one measured earlier.
func (a *archive) add(r score.Run) {
	a.runs[keyOf(r)] = r
	a.fresh++
}

// has reports whether a run is there, up to a budget.
func (a *archive) has(k key, budget float64) bool {
	r, known := a.runs[k]
	return known && r.Budgets[len(r.Budgets)-1] >= budget
}

// all is the runs in the order of the file: suites as they are listed, then by number of workers, search, task and seed.
func (a *archive) all() []score.Run {
	out := make([]score.Run, 0, len(a.runs))
	for _, r := range a.runs {
		out = append(out, r)
	}
	place := func(r score.Run) int { return slices.Index(suite.Names(), r.Suite) }
	slices.SortFunc(out, func(x, y score.Run) int {
		return cmp.Or(cmp.Compare(place(x), place(y)), cmp.Compare(x.Suite, y.Suite), cmp.Compare(x.Workers, y.Workers),
			cmp.Compare(x.Optimizer, y.Optimizer), cmp.Compare(x.Task, y.Task), cmp.Compare(x.Seed, y.Seed))
	})
	return out
}

// save replaces the file as a whole: whenever the program is killed, the old or the new one is there.
func (a *archive) save() error {
	if a.path == "" || a.fresh == 0 {
		return nil
	}
	lines := [][]byte{}
	for _, s := range a.series() {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		lines = append(lines, line)
	}
	a.fresh = 0
	return replace(a.path, append(append([]byte("[\n"), bytes.Join(lines, []byte(",\n"))...), "\n]\n"...))
}

// series is the lines of the file.
func (a *archive) series() []series {
	var out []series
	for _, r := range a.all() {
		n := len(out) - 1
		if n < 0 || out[n].Suite != r.Suite || out[n].Workers != r.Workers || out[n].Optimizer != r.Optimizer || out[n].Task != r.Task ||
			!slices.Equal(out[n].Budgets, r.Budgets) {
			out = append(out, series{Suite: r.Suite, Workers: r.Workers, Optimizer: r.Optimizer, Task: r.Task, Budgets: r.Budgets})
			n++
		}
		k := kept{Seed: r.Seed, Epochs: r.Epochs, Trials: r.Trials, Ended: r.Ended, Ask: short(r.Ask), Tell: short(r.Tell)}
		for _, v := range r.Regret {
			k.Regret = append(k.Regret, rounded(v, 1e8))
		}
		out[n].Runs = append(out[n].Runs, k)
	}
	return out
}

func short(t score.Timing) [3]float64 {
	return [3]float64{rounded(t.P50, 1e4), rounded(t.P99, 1e4), rounded(t.Total, 1e2)}
}

func rounded(v, unit float64) float64 { return math.Round(v*unit) / unit }

// replace writes a file so that it is there as a whole or not at all.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
