package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"automl/trial"
)

// table is recorded learning curves of many configurations in every fold of one data set.
type table struct {
	name   string
	shape  trial.Shape
	values [][][]float64 // configuration, fold, epoch-1 -> value, more is better
	scores []float64     // by configuration: the mean over folds at the one epoch where it is best
	best   float64       // of scores
}

var objective = trial.Objective{Metric: "value", Goal: trial.Maximize, Folds: trial.Mean}

// newTable makes a table of complete curves.
func newTable(name string, values [][][]float64) (*table, error) {
	t := &table{name: name, values: values, best: math.Inf(-1)}
	if len(values) == 0 || len(values[0]) == 0 || len(values[0][0]) == 0 {
		return nil, fmt.Errorf("%s: empty", name)
	}
	t.shape = trial.Shape{Folds: len(values[0]), Epochs: len(values[0][0])}
	for c, folds := range values {
		if len(folds) != t.shape.Folds {
			return nil, fmt.Errorf("%s: configuration %d has %d folds, configuration 0 has %d", name, c, len(folds), t.shape.Folds)
		}
		for f, curve := range folds {
			if len(curve) != t.shape.Epochs || slices.ContainsFunc(curve, math.IsNaN) {
				return nil, fmt.Errorf("%s: configuration %d, fold %d: an epoch from 1 to %d is missing", name, c, f, t.shape.Epochs)
			}
		}
		score := mean(t.at(c, t.shape.Folds))
		t.scores = append(t.scores, score)
		t.best = max(t.best, score)
	}
	return t, nil
}

// at is the value of each of the first n folds of a configuration, at the one epoch that is best for them together.
func (t *table) at(c, n int) []float64 {
	var out []float64
	for e := range t.shape.Epochs {
		column := make([]float64, n)
		for f := range column {
			column[f] = t.values[c][f][e]
		}
		if out == nil || mean(column) > mean(out) {
			out = column
		}
	}
	return out
}

// reorder is the table with its folds in another order.
func (t *table) reorder(folds []int) *table {
	out := *t
	out.values = make([][][]float64, len(t.values))
	for c, old := range t.values {
		for _, f := range folds {
			out.values[c] = append(out.values[c], old[f])
		}
	}
	return &out
}

// readTable reads a gzipped CSV file with the columns config, fold, epoch and value.
func readTable(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	values, err := parse(z)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return newTable(strings.TrimSuffix(filepath.Base(path), ".csv.gz"), values)
}

func parse(from io.Reader) ([][][]float64, error) {
	r := csv.NewReader(from)
	head, err := r.Read()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(head, []string{"config", "fold", "epoch", "value"}) {
		return nil, fmt.Errorf("the columns are %v, not config, fold, epoch, value", head)
	}
	var out [][][]float64
	for line := 2; ; line++ {
		row, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if out, err = put(out, row); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// put adds a row. Gaps are NaN; a value that is not finite, as of a training that blew up, is the worst there is.
func put(out [][][]float64, row []string) ([][][]float64, error) {
	var at [3]int
	for i := range at {
		n, err := strconv.Atoi(row[i])
		if err != nil || n < 0 || n > 1e6 {
			return nil, fmt.Errorf("%q is no number of a configuration, fold or epoch", row[i])
		}
		at[i] = n
	}
	v, err := strconv.ParseFloat(row[3], 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no value", row[3])
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	if at[2] < 1 {
		return nil, fmt.Errorf("epochs count from 1")
	}
	for len(out) <= at[0] {
		out = append(out, nil)
	}
	c := out[at[0]]
	for len(c) <= at[1] {
		c = append(c, nil)
	}
	for len(c[at[1]]) < at[2] {
		c[at[1]] = append(c[at[1]], math.NaN())
	}
	c[at[1]][at[2]-1] = v
	out[at[0]] = c
	return out, nil
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}
