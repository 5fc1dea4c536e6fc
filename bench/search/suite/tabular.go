package suite

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"automl/bench/search/cpython"
	"automl/search"
	"automl/trial"
)

// hpobench is the grid of HPOBench's multilayer perceptrons.
func hpobench() []search.Parameter {
	return []search.Parameter{
		ordinal("alpha", logarithmic(-8, 0, 10)...),
		ordinal("batch_size", whole(4, 6, 10, 16, 25, 40, 64, 101, 161, 256)...),
		ordinal("depth", whole(1, 2, 3)...),
		ordinal("learning_rate_init", logarithmic(-5, 0, 10)...),
		ordinal("width", whole(16, 25, 40, 64, 101, 161, 256, 406, 645, 1024)...),
	}
}

// nasbench is the space of NAS-Bench-201: an operation for each of the six edges of a cell.
func nasbench() []search.Parameter {
	out := make([]search.Parameter, 6)
	for i := range out {
		out[i] = search.Parameter{Name: "Op" + strconv.Itoa(i), Kind: search.Categorical,
			Choices: []any{"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"}}
	}
	return out
}

func ordinal(name string, choices ...any) search.Parameter {
	return search.Parameter{Name: name, Kind: search.Ordinal, Choices: choices}
}

func whole(v ...int64) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = x
	}
	return out
}

// logarithmic is n powers of ten between two exponents, in six digits.
func logarithmic(low, high float64, n int) []any {
	out := make([]any, n)
	for i := range out {
		text := strconv.FormatFloat(math.Pow(10, low+(high-low)*float64(i)/float64(n-1)), 'g', 6, 64)
		out[i], _ = strconv.ParseFloat(text, 64)
	}
	return out
}

// grid is a table of final values under several training seeds: one row for each configuration, named by one digit a parameter.
type grid struct {
	space  search.Space
	values map[string][]float64
	mean   map[string]float64
}

func loadTabular(dir, name string) (*Task, error) { return loadGrid(dir, "tabular", name, true) }
func loadTabularMean(dir, name string) (*Task, error) {
	return loadGrid(dir, "tabular_mean", name, false)
}

// loadGrid reads one table. With noise, a query is answered with the value of one training seed, which the query's seed draws;
// an incumbent is judged by the mean either way.
func loadGrid(dir, suite, name string, noise bool) (*Task, error) {
	g := grid{values: map[string][]float64{}, mean: map[string]float64{}}
	metric := "acc"
	g.space.Parameters = nasbench()
	if strings.HasPrefix(name, "hpobench") {
		metric, g.space.Parameters = "bal_acc", hpobench()
	}
	if err := g.read(filepath.Join(dir, "tabular", name+".csv.gz")); err != nil {
		return nil, err
	}
	t := &Task{Suite: suite, Name: name, Space: g.space, Epochs: 1, truth: func(p trial.Params, _ int) float64 { return g.mean[g.row(p)] },
		Objective: trial.Objective{Metric: metric, Goal: trial.Maximize}}
	means := make([]float64, 0, len(g.mean))
	for _, m := range g.mean {
		means = append(means, m)
	}
	slices.Sort(means)
	t.Best, t.Worst = means[len(means)-1], (means[(len(means)-1)/2]+means[len(means)/2])/2
	t.query = func(p trial.Params, seed int64) (Curve, error) {
		row := g.row(p)
		v, known := g.values[row]
		switch {
		case !known:
			return nil, fmt.Errorf("%s: %s is not in the table", name, p)
		case noise:
			return recorded{values: []float64{v[cpython.New(seed).IntN(len(v))]}}, nil
		}
		return recorded{values: []float64{g.mean[row]}}, nil
	}
	return t, nil
}

// read takes a file whose rows are a name and one value for each seed; some rows have fewer seeds.
func (g *grid) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	table := csv.NewReader(z)
	table.FieldsPerRecord = -1
	rows, err := table.ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range rows[1:] {
		sum := 0.0
		for _, text := range r[1:] {
			if text == "" {
				continue
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("%s, row %s: %w", path, r[0], err)
			}
			g.values[r[0]] = append(g.values[r[0]], v)
			sum += v
		}
		g.mean[r[0]] = sum / float64(len(g.values[r[0]]))
	}
	return nil
}

// row is the name of a configuration in the file.
func (g *grid) row(p trial.Params) string {
	b := make([]byte, len(g.space.Parameters))
	for i, q := range g.space.Parameters {
		v, _ := p.Get(q.Name)
		b[i] = byte('0' + slices.Index(q.Choices, v))
	}
	return string(b)
}
