package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"automl/bench/search/score"
)

// The size of a plot, and of the column on the right with the names.
const (
	width  = 20 * vg.Centimeter
	height = 11 * vg.Centimeter
	side   = 6 * vg.Centimeter
)

// least is the regret that stands for everything below it: a logarithmic axis has no zero.
const least = 1e-4

// figure is one plot: the rows of a suite with a number of workers.
type figure struct {
	suite   string
	workers int
}

// curve is one search in a figure.
type curve struct {
	name   string
	peer   bool
	points plotter.XYs
}

// last is the regret at the largest budget.
func (c curve) last() float64 { return c.points[len(c.points)-1].Y }

// plotAll draws the regret over the budget for each suite and number of workers, and returns the files.
func plotAll(base string, rows, peers []score.Row) ([]string, error) {
	var figures []figure
	for _, r := range rows {
		if f := (figure{r.Suite, r.Workers}); !slices.Contains(figures, f) {
			figures = append(figures, f)
		}
	}
	var out []string
	for _, f := range figures {
		path := fmt.Sprintf("%s-%s-%d.svg", base, f.suite, f.workers)
		if err := f.draw(path, f.curves(rows, peers)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, path)
	}
	return out, nil
}

// curves is what was measured, and the peers that ran as many tasks and were not measured here; the one that ends highest first.
func (f figure) curves(rows, peers []score.Row) []curve {
	var out []curve
	tasks := 0
	for _, r := range rows {
		if r.Suite == f.suite && r.Workers == f.workers {
			out, tasks = add(out, r, false), max(tasks, r.Tasks)
		}
	}
	mine := len(out)
	for _, r := range peers {
		known := slices.ContainsFunc(out[:mine], func(c curve) bool { return c.name == r.Optimizer })
		if r.Suite == f.suite && r.Workers == f.workers && r.Tasks >= tasks && !known {
			out = add(out, r, true)
		}
	}
	slices.SortStableFunc(out, func(a, b curve) int { return cmp.Compare(b.last(), a.last()) })
	return out
}

// add puts a row on the curve of its search.
func add(curves []curve, r score.Row, peer bool) []curve {
	i := slices.IndexFunc(curves, func(c curve) bool { return c.name == r.Optimizer && c.peer == peer })
	if i < 0 {
		i, curves = len(curves), append(curves, curve{name: r.Optimizer, peer: peer})
	}
	curves[i].points = append(curves[i].points, plotter.XY{X: r.Budget, Y: math.Max(r.Regret, least)})
	return curves
}

// draw writes the file: broad lines for what was measured here, thin ones for peers.
func (f figure) draw(path string, curves []curve) error {
	p, legend := plot.New(), plot.NewLegend()
	p.Title.Text = fmt.Sprintf("%s, workers: %d", f.suite, f.workers)
	p.X.Label.Text, p.Y.Label.Text = "budget", "mean normalized regret"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(2)
	legend.TextStyle.Font.Size = vg.Points(9)
	colors := len(plotutil.DefaultColors)
	for i, c := range curves {
		line, err := plotter.NewLine(c.points)
		if err != nil {
			return err
		}
		line.Color, line.Dashes, line.Width = plotutil.Color(i%colors), plotutil.Dashes(i/colors), vg.Points(2)
		name := c.name
		if c.peer {
			line.Width, name = vg.Points(0.75), name+" (recorded)"
		}
		p.Add(line)
		legend.Add(name, line)
	}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		if axis.Max <= axis.Min { // one point, or all at the same height
			axis.Max = 10 * axis.Min
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(budgetTicks(curves)), plot.ConstantTicks(regretTicks(p.Y.Min, p.Y.Max))
	canvas := vgsvg.New(width, height)
	whole := draw.New(canvas)
	p.Draw(draw.Crop(whole, 0, -side, 0, 0))
	legend.Draw(draw.Crop(whole, width-side+vg.Points(10), 0, 0, -vg.Points(20)))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(file)
	return cmp.Or(err, file.Close())
}

// budgetTicks is the budgets.
func budgetTicks(curves []curve) []plot.Tick {
	var out []plot.Tick
	for _, c := range curves {
		for _, p := range c.points {
			if !slices.ContainsFunc(out, func(t plot.Tick) bool { return t.Value == p.X }) {
				out = append(out, plot.Tick{Value: p.X, Label: fmt.Sprintf("%g", p.X)})
			}
		}
	}
	return out
}

// regretTicks is 1, 2, 3 and 5 in every power of ten within the range.
func regretTicks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for power := least; power <= 1; power *= 10 {
		for _, x := range []float64{1, 2, 3, 5} {
			if v := x * power; v >= low*0.999 && v <= high*1.001 {
				out = append(out, plot.Tick{Value: v, Label: fmt.Sprintf("%.4g", v)})
			}
		}
	}
	return out
}
