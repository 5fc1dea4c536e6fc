package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Markdown prints a table for each suite and number of workers: regret, its interval and rank at each budget, and the time of the
// searches. Peers are searches measured elsewhere: they have no rank here, and those that ran only a part come last. One that was
// measured here too is left out.
func Markdown(rows, peers []Row) string {
	var b strings.Builder
	for _, t := range Tables(rows) {
		one(&b, t, Others(t, peers))
	}
	return b.String()
}

// Others is the rows of peers that belong beside a table: its suite and number of workers, and not measured in it.
func Others(table, peers []Row) []Row {
	return slices.DeleteFunc(slices.Clone(peers), func(p Row) bool {
		measured := slices.ContainsFunc(table, func(r Row) bool { return r.Optimizer == p.Optimizer })
		return measured || p.Suite != table[0].Suite || p.Workers != table[0].Workers
	})
}

// Tables splits rows by suite and number of workers.
func Tables(rows []Row) [][]Row {
	var out [][]Row
	for _, r := range rows {
		i := slices.IndexFunc(out, func(t []Row) bool { return t[0].Suite == r.Suite && t[0].Workers == r.Workers })
		if i < 0 {
			i, out = len(out), append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// line is the rows of one search, by budget.
type line struct {
	name string
	peer bool
	at   map[float64]Row
}

func lines(rows []Row, peer bool) []line {
	var out []line
	for _, r := range rows {
		i := slices.IndexFunc(out, func(l line) bool { return l.name == r.Optimizer })
		if i < 0 {
			i, out = len(out), append(out, line{r.Optimizer, peer, map[float64]Row{}})
		}
		out[i].at[r.Budget] = r
	}
	return out
}

// average is the mean regret over the budgets.
func (l line) average(budgets []float64) float64 {
	var all []float64
	for _, b := range budgets {
		if r, ok := l.at[b]; ok {
			all = append(all, r.Regret)
		}
	}
	return mean(all)
}

// size is the most tasks of any budget, and the seeds at the last one.
func (l line) size(budgets []float64) (tasks, seeds int) {
	for _, b := range budgets {
		if r, ok := l.at[b]; ok {
			tasks, seeds = max(tasks, r.Tasks), r.Seeds
		}
	}
	return tasks, seeds
}

// FewSeeds is how many seeds a recorded row needs to be more than an indication.
const FewSeeds = 5

// Partial reports whether a recorded row is only an indication: of fewer tasks than the suite has, or of few seeds.
func (r Row) Partial(tasks int) bool { return r.Tasks < tasks || r.Seeds < FewSeeds }

// one writes a table, the search of the least mean regret first.
func one(b *strings.Builder, rows, peers []Row) {
	all := append(lines(rows, false), lines(peers, true)...)
	steps := Budgets(rows)
	all = slices.DeleteFunc(all, func(l line) bool { return math.IsNaN(l.average(steps)) })
	most := 0
	for _, l := range all {
		tasks, _ := l.size(steps)
		most = max(most, tasks)
	}
	partly := func(l line) int {
		if tasks, seeds := l.size(steps); l.peer && (Row{Tasks: tasks, Seeds: seeds}).Partial(most) || tasks < most {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(x, y line) int {
		return cmp.Or(cmp.Compare(partly(x), partly(y)), cmp.Compare(x.average(steps), y.average(steps)))
	})
	fmt.Fprintf(b, "\n### %s, %s\n\n| search | tasks x seeds |", rows[0].Suite, Workers(rows[0].Workers))
	for _, x := range steps {
		fmt.Fprintf(b, " %gx |", x)
	}
	b.WriteString(" ask p50/p99 ms | s per run |\n" + strings.Repeat("|---", len(steps)+4) + "|\n")
	for _, l := range all {
		l.write(b, steps, partly(l) > 0)
	}
}

// Budgets is the budgets of rows, in ascending order.
func Budgets(rows []Row) []float64 {
	var out []float64
	for _, r := range rows {
		out = append(out, r.Budget)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (l line) write(b *strings.Builder, budgets []float64, partial bool) {
	name := "**" + l.name + "**"
	switch {
	case l.peer && partial:
		name = l.name + " (recorded, partial)"
	case l.peer:
		name = l.name + " (recorded)"
	case partial:
		name += " (partial)"
	}
	var last Row
	cells := ""
	for _, x := range budgets {
		r, ok := l.at[x]
		if !ok {
			cells += " |"
			continue
		}
		cells += fmt.Sprintf(" %.4f (%.3f-%.3f)", r.Regret, r.Low, r.High)
		if !l.peer && !math.IsNaN(r.Rank) {
			cells += fmt.Sprintf(" #%.1f", r.Rank)
		}
		cells += " |"
		last = r
	}
	fmt.Fprintf(b, "| %s | %d x %d |%s %.2f/%.1f | %.1f |\n", name, last.Tasks, last.Seeds, cells, last.Ask.P50, last.Ask.P99, last.OwnSeconds)
}

// Workers is a number of workers in words.
func Workers(n int) string {
	if n == 1 {
		return "1 worker"
	}
	return fmt.Sprintf("%d workers", n)
}

// ByTask prints the mean regret of each search on each task at one budget; the best of each task is bold.
func ByTask(runs []Run, suite string, workers int, budget float64) string {
	runs = slices.DeleteFunc(group{suite, workers}.of(runs), func(r Run) bool { return math.IsNaN(r.regretAt(budget)) })
	if len(runs) == 0 {
		return ""
	}
	names := distinct(runs, optimizer)
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %s, regret at %gx by task:\n\n| task |", suite, Workers(workers), budget)
	for _, n := range names {
		fmt.Fprintf(&b, " %s |", n)
	}
	b.WriteString("\n" + strings.Repeat("|---", len(names)+1) + "|\n")
	for _, t := range distinct(runs, task) {
		values, least := make([]float64, len(names)), math.Inf(1)
		for i, n := range names {
			values[i] = mean(regrets(runs, n, t, budget))
			least = min(least, values[i])
		}
		fmt.Fprintf(&b, "| %s |", t)
		for _, v := range values {
			if v == least {
				fmt.Fprintf(&b, " **%.4f** |", v)
			} else {
				fmt.Fprintf(&b, " %.4f |", v)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
