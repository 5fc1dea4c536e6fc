package score

import (
	"cmp"
	"math"
	"slices"

	"automl/bench/search/cpython"
)

// Row is what a search scored on a suite at one budget.
type Row struct {
	Suite      string
	Workers    int
	Optimizer  string
	Budget     float64
	Regret     float64
	Low, High  float64 // 95% interval over tasks
	Rank       float64 // among the searches that ran all tasks of the table; NaN of the others
	Tasks      int
	RankTasks  int // tasks the rank is over; 0 without a rank
	Seeds      int
	Ask, Tell  Timing // means over runs
	OwnSeconds float64
}

// group is the runs of one table.
type group struct {
	suite   string
	workers int
}

// Table sums up runs: one row for each suite, number of workers, search and budget, in the order of the runs.
func Table(runs []Run) []Row {
	var out []Row
	for _, g := range groups(runs) {
		mine := g.of(runs)
		for _, budget := range budgets(mine) {
			out = append(out, g.rows(mine, budget)...)
		}
	}
	return out
}

func groups(runs []Run) []group {
	var out []group
	for _, r := range runs {
		if g := (group{r.Suite, r.Workers}); !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

func (g group) of(runs []Run) []Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Suite != g.suite || r.Workers != g.workers })
}

func budgets(runs []Run) []float64 {
	var out []float64
	for _, r := range runs {
		out = append(out, r.Budgets...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rows is the searches of a table at one budget. Those that ran all tasks of the table are ranked, each task apart; seeds of a
// task are averaged first.
func (g group) rows(runs []Run, budget float64) []Row {
	runs = slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return math.IsNaN(r.regretAt(budget)) })
	names, tasks := distinct(runs, optimizer), distinct(runs, task)
	var out []Row
	var ranked [][]float64 // regret by task, of the searches that ran all of them
	for _, n := range names {
		row := Row{Suite: g.suite, Workers: g.workers, Optimizer: n, Budget: budget, Rank: math.NaN(), Seeds: math.MaxInt}
		var values []float64
		for _, t := range tasks {
			if v := regrets(runs, n, t, budget); len(v) > 0 {
				values = append(values, mean(v))
				row.Seeds = min(row.Seeds, len(v))
			}
		}
		row.Tasks, row.Regret = len(values), mean(values)
		row.Low, row.High = Bootstrap(values)
		row.times(runs)
		if row.Tasks == len(tasks) {
			row.RankTasks, ranked = len(tasks), append(ranked, values)
		}
		out = append(out, row)
	}
	for _, r := range meanRanks(ranked) {
		i := slices.IndexFunc(out, func(r Row) bool { return r.RankTasks > 0 && math.IsNaN(r.Rank) })
		out[i].Rank = r
	}
	return out
}

// meanRanks is the average rank of each search over the tasks.
func meanRanks(byTask [][]float64) []float64 {
	out := make([]float64, len(byTask))
	if len(byTask) == 0 {
		return out
	}
	tasks := len(byTask[0])
	for t := range tasks {
		var values []float64
		for _, v := range byTask {
			values = append(values, v[t])
		}
		for i, r := range ranks(values) {
			out[i] += r / float64(tasks)
		}
	}
	return out
}

func optimizer(r Run) string { return r.Optimizer }
func task(r Run) string      { return r.Task }

// distinct is the different values of a field, in the order they come.
func distinct(runs []Run, field func(Run) string) []string {
	var out []string
	for _, r := range runs {
		if !slices.Contains(out, field(r)) {
			out = append(out, field(r))
		}
	}
	return out
}

// regrets is what a search scored on a task, seed by seed.
func regrets(runs []Run, name, task string, budget float64) []float64 {
	var out []float64
	for _, r := range runs {
		if r.Optimizer == name && r.Task == task {
			out = append(out, r.regretAt(budget))
		}
	}
	return out
}

func (row *Row) times(runs []Run) {
	n := 0.0
	for _, r := range runs {
		if r.Optimizer != row.Optimizer {
			continue
		}
		n++
		for _, t := range []struct {
			sum *Timing
			add Timing
		}{{&row.Ask, r.Ask}, {&row.Tell, r.Tell}} {
			t.sum.P50, t.sum.P99, t.sum.Total = t.sum.P50+t.add.P50, t.sum.P99+t.add.P99, t.sum.Total+t.add.Total
		}
	}
	for _, t := range []*Timing{&row.Ask, &row.Tell} {
		t.P50, t.P99, t.Total = t.P50/n, t.P99/n, t.Total/n
	}
	row.OwnSeconds = (row.Ask.Total + row.Tell.Total) / 1000
}

// draws is how often Bootstrap draws.
const draws = 2000

// Bootstrap is the 95% percentile interval of the mean when the values are drawn again with replacement, always with the same
// random numbers.
func Bootstrap(values []float64) (low, high float64) {
	r := cpython.New(0)
	means := make([]float64, draws)
	for i := range means {
		sum := 0.0
		for range values {
			sum += values[int(r.Float64()*float64(len(values)))]
		}
		means[i] = sum / float64(len(values))
	}
	slices.SortFunc(means, cmp.Compare[float64])
	return means[25*draws/1000], means[975*draws/1000-1]
}
