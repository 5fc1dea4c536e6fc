package report

import (
	"math"
	"slices"

	"automl/trial"
	"automl/trial/view"
)

// grid is the best value of each group by the number on the x axis, in equal steps of it.
type grid struct {
	Columns []string
	Rows    []gridRow
}

type gridRow struct {
	Name  string
	Shade int // of the group's dots; -1: it has none of its own
	Cells []cell
}

// cell is the trials of one group in one step.
type cell struct {
	Trials int
	Best   *view.Reported // nil: there is none
	Part   bool           // none of them is complete, and the best of those stopped is shown
	Level  int            // 0 to 9, from the worst to the best cell
}

// mostColumns is how many steps there are at most.
const mostColumns = 8

// edges are the limits of the steps: halves of powers of ten (1, 3.2, 10 ...) of a logarithmic number where they are not too many.
func edges(low, high float64, log bool) []float64 {
	if !log {
		out := make([]float64, 6)
		for i := range out {
			out[i] = low + (high-low)*float64(i)/5
		}
		return out
	}
	step := 0.5
	first, last := math.Floor(math.Log10(low)/step), math.Ceil(math.Log10(high)/step)
	for last-first > mostColumns {
		step *= 2
		first, last = math.Floor(math.Log10(low)/step), math.Ceil(math.Log10(high)/step)
	}
	var out []float64
	for i := first; i <= max(last, first+1); i++ {
		out = append(out, math.Pow(10, i*step))
	}
	return out
}

func (q rates) grid(o trial.Objective) grid {
	xs := make([]float64, len(q.trials))
	for i, t := range q.trials {
		xs[i], _ = number(t.Params, q.x)
	}
	limits := edges(slices.Min(xs), slices.Max(xs), q.log)
	var g grid
	for i := range limits[1:] {
		g.Columns = append(g.Columns, trial.FormatValue(short(limits[i]))+" – "+trial.FormatValue(short(limits[i+1])))
	}
	for i, name := range q.groups {
		row := gridRow{Name: name, Shade: min(i, shades-1), Cells: make([]cell, len(limits)-1)}
		if name == "" {
			row.Name = "all"
		}
		g.Rows = append(g.Rows, row)
	}
	for i, t := range q.trials {
		column := 0
		for column < len(limits)-2 && xs[i] >= limits[column+1] {
			column++
		}
		g.Rows[slices.Index(q.groups, q.group(t))].Cells[column].add(t, o)
	}
	g.shade(o)
	return g
}

// short is a limit with two digits, which is how it is read.
func short(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-1)
	return math.Round(v/unit) * unit
}

// add counts a trial: a complete one comes before any that is not.
func (c *cell) add(t view.Reported, o trial.Objective) {
	c.Trials++
	part := t.State != string(trial.Complete)
	if c.Best == nil || c.Part && !part || c.Part == part && o.Better(*t.Value, *c.Best.Value) {
		c.Best, c.Part = &t, part
	}
}

// shade ranks the cells: the shade says which cells are better, not by how much.
func (g grid) shade(o trial.Objective) {
	var all []*cell
	for _, row := range g.Rows {
		for i := range row.Cells {
			if row.Cells[i].Best != nil {
				all = append(all, &row.Cells[i])
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *cell) int {
		switch x, y := *a.Best.Value, *b.Best.Value; {
		case o.Better(x, y):
			return 1
		case o.Better(y, x):
			return -1
		}
		return 0
	})
	for i, c := range all {
		c.Level = 9 * i / max(1, len(all)-1)
	}
}
