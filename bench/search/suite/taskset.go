package suite

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"automl/search"
	"automl/trial"
)

const tasksetPrefix = "FixedTextRNNClassification_imdb_"

// tasksetParameters is the space of TaskSet's optimizer Adam8p, in order; true: searched in the logarithm.
var tasksetParameters = []struct {
	name string
	log  bool
}{{"learning_rate", true}, {"beta1", false}, {"beta2", false}, {"epsilon", true}, {"l1", true}, {"l2", true},
	{"linear_decay", true}, {"exponential_decay", true}}

// tasksetRow is one configuration in a file of TaskSet. A null is a loss that was NaN.
type tasksetRow struct {
	HP    map[string]float64 `json:"hp"`
	Valid struct {
		Loss []*float64 `json:"loss"`
	} `json:"valid"`
	loss []float64
}

// loadTaskSet reads one task. Configurations with a missing value, or with any step at or above the smallest, over steps, 95%
// quantile of the loss, are dropped, as DyHPO does.
func loadTaskSet(dir, name string) (*Task, error) {
	rows, err := readTaskSet(filepath.Join(dir, "taskset", tasksetPrefix+name+".json.gz"))
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r tasksetRow) bool { return !r.complete() })
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no configuration is complete", name)
	}
	for i := range rows {
		for _, v := range rows[i].Valid.Loss {
			rows[i].loss = append(rows[i].loss, *v)
		}
	}
	cut := tasksetCut(rows)
	rows = slices.DeleteFunc(rows, func(r tasksetRow) bool { return slices.Max(r.loss) >= cut })
	return tasksetTask(name, rows), nil
}

func tasksetTask(name string, rows []tasksetRow) *Task {
	t := &Task{Suite: "taskset", Name: name, Epochs: len(rows[0].loss), Best: math.Inf(1), Worst: math.Inf(-1),
		Objective: trial.Objective{Metric: "valid_loss", Goal: trial.Minimize}}
	for _, p := range tasksetParameters {
		q := search.Parameter{Name: p.name, Kind: search.Float, Log: p.log, Low: math.Inf(1), High: math.Inf(-1)}
		for _, r := range rows {
			q.Low, q.High = min(q.Low, r.HP[p.name]), max(q.High, r.HP[p.name])
		}
		t.Space.Parameters = append(t.Space.Parameters, q)
	}
	index := make(map[string]int, len(rows))
	for i, r := range rows {
		var c trial.Params
		for _, p := range tasksetParameters {
			c = append(c, trial.Param{Name: p.name, Value: r.HP[p.name]})
		}
		t.Space.Candidates = append(t.Space.Candidates, c)
		index[identity(c)] = i
		t.Best, t.Worst = min(t.Best, slices.Min(r.loss)), max(t.Worst, slices.Max(r.loss))
	}
	t.query = func(p trial.Params, _ int64) (Curve, error) {
		i, known := index[identity(p)]
		if !known {
			return nil, fmt.Errorf("%s: %s is no candidate", name, p)
		}
		return recorded{values: rows[i].loss}, nil
	}
	return t
}

func readTaskSet(path string) ([]tasksetRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var rows []tasksetRow
	if err := json.NewDecoder(z).Decode(&rows); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

func (r tasksetRow) complete() bool {
	return !slices.ContainsFunc(r.Valid.Loss, func(v *float64) bool { return v == nil || !(math.Abs(*v) < 1e6) })
}

// tasksetCut is the smallest, over steps, 95% quantile of the loss.
func tasksetCut(rows []tasksetRow) float64 {
	cut := math.Inf(1)
	column := make([]float64, len(rows))
	for step := range rows[0].loss {
		for i, r := range rows {
			column[i] = r.loss[step]
		}
		slices.Sort(column)
		cut = min(cut, column[int(0.95*float64(len(rows)))])
	}
	return cut
}
