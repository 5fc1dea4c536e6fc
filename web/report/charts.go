package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"automl/trial"
	"automl/trial/view"
)

// Sizes of the pictures, and how much is drawn on one.
const (
	wide       = 1040
	half       = 480 // of a picture beside another
	high       = 340
	mostPoints = 3000 // trials on one picture, evenly over the study
	mostFaint  = 150  // learning curves behind those of the best
	named      = 6    // learning curves with a colour of their own
	ranked     = 8    // trials whose folds are drawn
)

// complete is the trials that count as results: the winner, then the others by their value.
func complete(r view.Report) []view.Reported {
	o := r.Objectives[0]
	var out []view.Reported
	for _, t := range r.Trials {
		if t.State == string(trial.Complete) && t.Value != nil {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b view.Reported) int {
		switch best := r.Status.Best; {
		case best != nil && (a.Trial.Trial == best.Trial) != (b.Trial.Trial == best.Trial):
			if a.Trial.Trial == best.Trial {
				return -1
			}
			return 1
		case o.Better(*a.Value, *b.Value):
			return -1
		case o.Better(*b.Value, *a.Value):
			return 1
		}
		return 0
	})
	return out
}

// thin is at most n of the items, evenly, the last one included.
func thin[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out := make([]T, n)
	for i := range out {
		out[i] = all[(i+1)*len(all)/n-1]
	}
	return out
}

// valued is the trials with a value.
func valued(r view.Report) []view.Reported {
	var out []view.Reported
	for _, t := range r.Trials {
		if t.Value != nil {
			out = append(out, t)
		}
	}
	return thin(out, mostPoints)
}

// domain is the values to show: all of those that are not far behind the rest, so that a few trials that failed to learn do not squeeze
// the others. What lies outside is drawn at the edge.
func domain(values []float64, o trial.Objective) (low, high float64) {
	losses := make([]float64, len(values))
	for i, v := range values {
		losses[i] = o.Loss(v)
	}
	slices.Sort(losses)
	n := len(losses)
	best, middle, worst := losses[0], losses[n/2], losses[n-1]
	worst = min(worst, max(losses[n-1-n/10], best+3*(middle-best)))
	a, b := o.Loss(best), o.Loss(worst) // a loss is a value, or its negative
	return min(a, b), max(a, b)
}

// mark is the class of a trial's dot.
func mark(t view.Reported, r view.Report) string {
	switch {
	case r.Status.Best != nil && t.Trial.Trial == r.Status.Best.Trial:
		return "winner"
	case t.State == string(trial.Complete):
		return "full"
	}
	return "part"
}

// history is the value of each trial in the order they were made, and the best complete one so far.
func history(r view.Report) template.HTML {
	all := valued(r)
	if len(all) == 0 {
		return ""
	}
	o := r.Objectives[0]
	values := make([]float64, len(all))
	for i, t := range all {
		values[i] = *t.Value
	}
	p := newPicture(wide, high, "value of each trial, and the best so far")
	low, top := domain(values, o)
	x, y := p.acrossX(0, float64(max(1, r.Trials[len(r.Trials)-1].Trial.Trial)), false), p.acrossY(low, top)
	x.whole = true
	p.axes(x, y, "trial", o.Metric)
	probe(p, r, y)
	var steps []float64
	best := math.NaN()
	for _, t := range all {
		if t.State != string(trial.Complete) || !math.IsNaN(best) && !o.Better(*t.Value, best) {
			continue
		}
		at := x.at(float64(t.Trial.Trial))
		if !math.IsNaN(best) {
			steps = append(steps, at, y.at(best))
		}
		best = *t.Value
		steps = append(steps, at, y.at(best))
	}
	if len(steps) > 0 {
		p.path("best", append(steps, wide-marginRight, y.at(best)), "best complete trial so far")
	}
	for _, t := range all {
		p.dot(mark(t, r), x.at(float64(t.Trial.Trial)), y.at(*t.Value), 4, titleOf(t))
	}
	return p.done()
}

// probe draws the yardstick, if there is one.
func probe(p *picture, r view.Report, y scale) {
	if r.Status.Best == nil || r.Status.Best.Probe == nil {
		return
	}
	at := y.at(r.Status.Best.Probe.Value)
	p.line("probe", marginLeft, at, p.width-marginRight, at)
	p.text("probetext", p.width-marginRight-4, at+15, "end", "probe "+value(r.Status.Best.Probe.Value))
}

// curves is the learning curves: the best complete trials by name, the others behind them.
func curves(r view.Report) template.HTML {
	o := r.Objectives[0]
	best := slices.DeleteFunc(complete(r), func(t view.Reported) bool { return len(t.Curve) < 2 }) // a probe has no curve
	best = best[:min(named, len(best))]
	var values []float64
	for _, t := range r.Trials {
		for _, v := range t.Curve {
			if v != nil {
				values = append(values, *v)
			}
		}
	}
	if len(values) == 0 || r.Shape.Epochs < 2 {
		return ""
	}
	const legend = 92
	p := newPicture(wide, high+40, "learning curves")
	low, top := domain(values, o)
	x := newScale(1, float64(r.Shape.Epochs), false, marginLeft, wide-marginRight-legend)
	y := p.acrossY(low, top)
	x.whole = true
	p.axes(x, y, "epoch", o.Metric)
	for _, t := range thin(r.Trials, mostFaint) {
		p.curve("faint", t, x, y)
	}
	for i := len(best) - 1; i >= 0; i-- { // the best lies on top
		p.curve(fmt.Sprintf("curve s%d", i), best[i], x, y)
	}
	for i, t := range best {
		at := float64(marginTop + 12 + 20*i)
		p.line(fmt.Sprintf("curve s%d", i), wide-legend-4, at-4, wide-legend+14, at-4)
		p.text("tick", wide-legend+20, at, "start", fmt.Sprintf("trial %d", t.Trial.Trial))
	}
	return p.done()
}

func (p *picture) curve(class string, t view.Reported, x, y scale) {
	var points []float64
	for e, v := range t.Curve {
		if v != nil {
			points = append(points, x.at(float64(e+1)), y.at(*v))
		}
	}
	switch len(points) {
	case 0:
		return
	case 2: // one epoch
		p.dot(class, points[0], points[1], 2.5, titleOf(t))
		return
	}
	p.path(class, points, titleOf(t))
}
