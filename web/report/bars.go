package report

import (
	"fmt"
	"html/template"
	"slices"

	"automl/trial/view"
)

// importance is a bar a parameter: what it causes alone, and together with others.
func importance(r view.Report) template.HTML {
	if r.Importance == nil {
		return ""
	}
	all := r.Importance.Parameters
	all = all[:min(15, len(all))]
	const row, left, right = 28, 116, 136
	p := newPicture(half, float64(row*len(all)+10), "importance of the parameters")
	for i, q := range all {
		at := float64(row*i + 6)
		width := float64(half - left - right)
		title := fmt.Sprintf("%s: alone %s, with others %s of the variance", q.Parameter, percent(q.Main), percent(q.Total))
		p.text("label", left-10, at+14, "end", q.Parameter)
		p.rect("bartotal", left, at, width*q.Total, 18, title)
		p.rect("bar", left, at, width*q.Main, 18, title)
		p.text("tick", left+width*q.Total+8, at+13, "start", percent(q.Main)+" alone, "+percent(q.Total))
	}
	return p.done()
}

// folds is a row a trial, of the best: the value of each fold, and of all.
func folds(r view.Report) template.HTML {
	all := complete(r)
	all = all[:min(ranked, len(all))]
	if len(all) == 0 || r.Shape.Folds < 2 {
		return ""
	}
	var values []float64
	for _, t := range all {
		values = append(values, t.Folds...)
	}
	const row = 30
	p := newPicture(half, float64(row*len(all)+marginTop+marginBottom), "values of the folds of the best trials")
	const left = 72
	x := newScale(slices.Min(values), slices.Max(values), false, left, half-marginRight-116)
	bottom := p.height - marginBottom
	for _, t := range x.ticks(8) {
		p.line("grid", x.at(t.value), marginTop, x.at(t.value), bottom)
		p.text("tick", x.at(t.value), bottom+16, "middle", t.label)
	}
	p.text("name", (left+half-marginRight-116)/2, p.height-6, "middle", r.Objectives[0].Metric)
	for i, t := range all {
		at := float64(marginTop + row*i + row/2)
		p.text("label", left-14, at+4, "end", fmt.Sprintf("trial %d", t.Trial.Trial))
		p.line("axis", x.at(slices.Min(t.Folds)), at, x.at(slices.Max(t.Folds)), at)
		for f, v := range t.Folds {
			class, what := "full", fmt.Sprintf("fold %d", f)
			if f >= r.Shape.Folds {
				class, what = "fresh", fmt.Sprintf("fresh fold %d", f)
			}
			p.dot(class, x.at(v), at, 4, what+": "+value(v))
		}
		p.line("mean", x.at(*t.Value), at-9, x.at(*t.Value), at+9)
		p.text("tick", half-marginRight-108, at+4, "start", spread(*t.Value, t.Std, len(t.Folds)))
	}
	return p.done()
}
