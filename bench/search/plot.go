package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	side   = 7 * vg.Centimeter
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
	name      string
	peer      bool
	points    plotter.XYs
	low, high []float64 // of the interval at each point
}

// own reports whether it is a search of the project and no reference.
func (c curve) own() bool { return !c.peer && (c.name == autoName || strings.Contains(c.name, "+")) }

// mean is the mean regret over the points.
func (c curve) mean() float64 {
	sum := 0.0
	for _, p := range c.points {
		sum += p.Y
	}
	return sum / float64(len(c.points))
}

// plotAll draws the regret over the budget for each suite and number of workers into a folder, and returns the files' names.
func plotAll(folder, base string, rows, peers []score.Row) ([]string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for _, t := range score.Tables(rows) {
		f := figure{t[0].Suite, t[0].Workers}
		name := fmt.Sprintf("%s-%s-%d.svg", base, f.suite, f.workers)
		if err := f.draw(filepath.Join(folder, name), curves(t, score.Others(t, peers))); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, name)
	}
	return out, nil
}

// curves is what a figure shows of a table: auto, the best of the project's other searches, the references, and the peers that are
// more than an indication; the project's first, then the one that ends highest.
func curves(rows, peers []score.Row) []curve {
	var mine, other []curve
	tasks := 0
	for _, r := range rows {
		mine, tasks = add(mine, r, false), max(tasks, r.Tasks)
	}
	for _, r := range peers {
		if !r.Partial(tasks) {
			other = add(other, r, true)
		}
	}
	best := -1
	for i, c := range mine {
		if strings.Contains(c.name, "+") && (best < 0 || c.mean() < mine[best].mean()) {
			best = i
		}
	}
	var out []curve
	for i, c := range mine {
		if i == best || !strings.Contains(c.name, "+") {
			out = append(out, c)
		}
	}
	out = append(out, other...)
	last := func(c curve) float64 { return c.points[len(c.points)-1].Y }
	slices.SortStableFunc(out, func(a, b curve) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(last(b), last(a)))
	})
	return out
}

// rank puts the project's searches first.
func rank(c curve) int {
	if c.own() {
		return 0
	}
	return 1
}

// add puts a row on the curve of its search.
func add(curves []curve, r score.Row, peer bool) []curve {
	i := slices.IndexFunc(curves, func(c curve) bool { return c.name == r.Optimizer })
	if i < 0 {
		i, curves = len(curves), append(curves, curve{name: r.Optimizer, peer: peer})
	}
	c := &curves[i]
	c.points = append(c.points, plotter.XY{X: r.Budget, Y: math.Max(r.Regret, least)})
	c.low, c.high = append(c.low, math.Max(r.Low, least)), append(c.high, math.Max(r.High, least))
	return curves
}

// band is the area of the interval, cut off at a floor; only the project's searches have one, so that bands can be told apart.
func (c curve) band(paint color.Color, floor float64) (*plotter.Polygon, error) {
	var around plotter.XYs
	for i, p := range c.points {
		around = append(around, plotter.XY{X: p.X, Y: math.Max(floor, c.high[i])})
	}
	for i := len(c.points) - 1; i >= 0; i-- {
		around = append(around, plotter.XY{X: c.points[i].X, Y: math.Max(floor, c.low[i])})
	}
	area, err := plotter.NewPolygon(around)
	if err != nil {
		return nil, err
	}
	r, g, b, _ := paint.RGBA()
	area.Color, area.LineStyle.Width = color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 40}, 0
	return area, nil
}

// draw writes the file: broad lines with bands for the project's searches, thin ones for references and peers.
func (f figure) draw(path string, curves []curve) error {
	p, legend := plot.New(), plot.NewLegend()
	p.Title.Text = fmt.Sprintf("%s, %s", f.suite, score.Workers(f.workers))
	p.X.Label.Text, p.Y.Label.Text = "budget", "mean normalized regret"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(2)
	legend.TextStyle.Font.Size = vg.Points(9)
	floor := math.Inf(1) // a band may reach down to nothing, which would leave no room for the curves
	for _, c := range curves {
		for _, at := range c.points {
			floor = math.Min(floor, at.Y/2)
		}
	}
	for i, c := range curves {
		if err := c.draw(p, &legend, i, math.Max(floor, least)); err != nil {
			return err
		}
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
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	return replace(path, b.Bytes())
}

// draw adds the curve to a plot and its legend, in the i-th color; its band reaches down to floor at most.
func (c curve) draw(p *plot.Plot, legend *plot.Legend, i int, floor float64) error {
	line, err := plotter.NewLine(c.points)
	if err != nil {
		return err
	}
	colors := len(plotutil.DefaultColors)
	line.Color, line.Dashes, line.Width = plotutil.Color(i%colors), plotutil.Dashes(i/colors), vg.Points(0.75)
	name := c.name
	if c.peer {
		name += " (recorded)"
	}
	if c.own() {
		line.Width = vg.Points(2.5)
		area, err := c.band(line.Color, floor)
		if err != nil {
			return err
		}
		p.Add(area)
	}
	p.Add(line)
	legend.Add(name, line)
	return nil
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
