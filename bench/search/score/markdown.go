package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Markdown prints a table for each suite and number of workers: regret and rank at each budget, and the time of the searches.
// Peers are searches measured elsewhere: they have no rank here, and those that ran fewer tasks come last. One that was measured
// here too is left out.
func Markdown(rows, peers []Row) string {
	var b strings.Builder
	for _, t := range tables(rows) {
		var others []Row
		for _, p := range peers {
			measured := slices.ContainsFunc(t, func(r Row) bool { return r.Optimizer == p.Optimizer })
			if p.Suite == t[0].Suite && p.Workers == t[0].Workers && !measured {
				others = append(others, p)
			}
		}
		one(&b, t, others)
	}
	return b.String()
}

// tables splits rows by suite and number of workers.
func tables(rows []Row) [][]Row {
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
	sum, n := 0.0, 0.0
	for _, b := range budgets {
		if r, ok := l.at[b]; ok {
			sum, n = sum+r.Regret, n+1
		}
	}
	return sum / n
}

// tasks is the most tasks of any budget.
func (l line) tasks() int {
	n := 0
	for _, r := range l.at {
		n = max(n, r.Tasks)
	}
	return n
}

func one(b *strings.Builder, rows, peers []Row) {
	var budgets []float64
	for _, r := range rows {
		budgets = append(budgets, r.Budget)
	}
	slices.Sort(budgets)
	budgets = slices.Compact(budgets)
	all := append(lines(rows, false), lines(peers, true)...)
	all = slices.DeleteFunc(all, func(l line) bool { return math.IsNaN(l.average(budgets)) })
	most := 0
	for _, l := range all {
		most = max(most, l.tasks())
	}
	slices.SortStableFunc(all, func(x, y line) int {
		return cmp.Or(cmp.Compare(most, x.tasks())-cmp.Compare(most, y.tasks()), cmp.Compare(x.average(budgets), y.average(budgets)))
	})
	first := rows[0]
	fmt.Fprintf(b, "\n### %s, %s\n\n", first.Suite, workersText(first.Workers))
	b.WriteString("| search | tasks x seeds |")
	for _, x := range budgets {
		fmt.Fprintf(b, " %gx |", x)
	}
	b.WriteString(" 95% at last | ask p50/p99 ms | tell p99 ms | s per run |\n")
	b.WriteString(strings.Repeat("|---", len(budgets)+6) + "|\n")
	for _, l := range all {
		l.write(b, budgets)
	}
}

func (l line) write(b *strings.Builder, budgets []float64) {
	name := "**" + l.name + "**"
	if l.peer {
		name = l.name + " (recorded)"
	}
	var last Row
	cells := ""
	for _, x := range budgets {
		r, ok := l.at[x]
		switch {
		case !ok:
			cells += " |"
			continue
		case l.peer || math.IsNaN(r.Rank):
			cells += fmt.Sprintf(" %.4f |", r.Regret)
		default:
			cells += fmt.Sprintf(" %.4f (%.1f) |", r.Regret, r.Rank)
		}
		last = r
	}
	fmt.Fprintf(b, "| %s | %d x %d |%s %.4f-%.4f | %.2f/%.1f | %.2f | %.1f |\n", name, last.Tasks, last.Seeds, cells, last.Low,
		last.High, last.Ask.P50, last.Ask.P99, last.Tell.P99, last.OwnSeconds)
}

func workersText(n int) string {
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
	fmt.Fprintf(&b, "\n%s, %s, regret at %gx by task:\n\n| task |", suite, workersText(workers), budget)
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
