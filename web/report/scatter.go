package report

import (
	"fmt"
	"html/template"
	"slices"

	"automl/trial"
	"automl/trial/view"
)

// rates is the value of each trial against its learning rate, or where there is none against the most important number; the colour is
// its freeze strategy, or the most important parameter that is no number.
type rates struct {
	x, colour string // parameters; colour may be empty
	log       bool
	groups    []string // the values of colour, in the order they are listed
	trials    []view.Reported
}

// Parameters that the picture is about where they are searched.
const (
	learningRate = "lr"
	strategy     = "freeze." + trial.FreezeStrategy
)

func ratesOf(r view.Report) (q rates, ok bool) {
	all := valued(r)
	q.x, q.colour = axis(r, all, learningRate, true), axis(r, all, strategy, false)
	if q.x == "" {
		return q, false
	}
	low, high := 0.0, 0.0
	for _, t := range all {
		v, has := number(t.Params, q.x)
		if !has {
			continue
		}
		if len(q.trials) == 0 {
			low, high = v, v
		}
		low, high = min(low, v), max(high, v)
		q.trials = append(q.trials, t)
		if g := q.group(t); !slices.Contains(q.groups, g) {
			q.groups = append(q.groups, g)
		}
	}
	q.log = low > 0 && high/low > 30
	slices.SortFunc(q.groups, func(a, b string) int { return place(a) - place(b) })
	return q, len(q.trials) > 1
}

// place is where a freeze strategy stands among all.
func place(group string) int { return slices.Index(trial.Strategies, trial.Strategy(group)) }

// axis is the parameter to show: the wanted one where trials differ in it, else of those of its kind that differ the most important.
func axis(r view.Report, all []view.Reported, wanted string, numeric bool) string {
	differing := map[string]bool{}
	seen := map[string]any{}
	var order []string
	for _, t := range all {
		for _, p := range t.Params {
			if _, text := p.Value.(string); text == numeric {
				continue
			}
			if was, known := seen[p.Name]; !known {
				seen[p.Name], order = p.Value, append(order, p.Name)
			} else if was != p.Value {
				differing[p.Name] = true
			}
		}
	}
	if differing[wanted] {
		return wanted
	}
	if r.Importance != nil {
		for _, q := range r.Importance.Parameters {
			if differing[q.Parameter] {
				return q.Parameter
			}
		}
	}
	for _, name := range order {
		if differing[name] {
			return name
		}
	}
	return ""
}

func number(p trial.Params, name string) (float64, bool) {
	v, ok := p.Get(name)
	switch v := v.(type) {
	case float64:
		return v, ok
	case int64:
		return float64(v), ok
	}
	return 0, false
}

// group is the value of colour; the empty one where the trial has none.
func (q rates) group(t view.Reported) string {
	if v, ok := t.Params.Get(q.colour); ok {
		return trial.FormatValue(v)
	}
	return ""
}

// shades is how many groups have a colour of their own; the rest share the last one.
const shades = 8

func (q rates) picture(r view.Report) template.HTML {
	o := r.Objectives[0]
	xs, ys := make([]float64, len(q.trials)), make([]float64, len(q.trials))
	for i, t := range q.trials {
		xs[i], _ = number(t.Params, q.x)
		ys[i] = *t.Value
	}
	p := newPicture(wide, high+60, fmt.Sprintf("%s against %s", o.Metric, q.x))
	low, top := domain(ys, o)
	x, y := p.acrossX(slices.Min(xs), slices.Max(xs), q.log), p.acrossY(low, top)
	p.axes(x, y, q.x, o.Metric)
	probe(p, r, y)
	for i, t := range q.trials {
		class := fmt.Sprintf("%s s%d", mark(t, r), min(slices.Index(q.groups, q.group(t)), shades-1))
		p.dot("point "+class, x.at(xs[i]), y.at(ys[i]), 5, titleOf(t))
	}
	return p.done()
}

// tradeoff is the values of two objectives, and the front.
func tradeoff(r view.Report) template.HTML {
	if len(r.Objectives) < 2 || r.Status.Best == nil {
		return ""
	}
	var all []view.Reported
	var xs, ys []float64
	for _, t := range r.Trials {
		if len(t.Trial.Objectives) > 1 && t.State == string(trial.Complete) {
			all, xs, ys = append(all, t), append(xs, t.Trial.Objectives[1].Value), append(ys, t.Trial.Objectives[0].Value)
		}
	}
	if len(all) == 0 {
		return ""
	}
	front := map[int]bool{}
	for _, m := range r.Status.Best.Front {
		front[m.Trial] = true
	}
	p := newPicture(wide, high, r.Objectives[0].Metric+" against "+r.Objectives[1].Metric)
	x, y := p.acrossX(slices.Min(xs), slices.Max(xs), false), p.acrossY(slices.Min(ys), slices.Max(ys))
	p.axes(x, y, r.Objectives[1].Metric, r.Objectives[0].Metric)
	for i, t := range all {
		class := "part"
		if front[t.Trial.Trial] {
			class = "full"
		}
		if t.Trial.Trial == r.Status.Best.Trial {
			class = "winner"
		}
		p.dot(class, x.at(xs[i]), y.at(ys[i]), 4.5, titleOf(t))
	}
	return p.done()
}
