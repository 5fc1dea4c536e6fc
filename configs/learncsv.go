package configs

import (
	"math"
	"strings"

	"automl/search"
	"automl/trial"
)

// resultColumns is what the columns of a table of results are.
type resultColumns struct {
	parameters []*search.Parameter // nil: the metric, or something that is ignored
	names      []string
	metric     int
}

// file takes a table of results: a header with names of parameters and the metric, and a configuration a row. An empty cell is a
// parameter that does not exist, or a result that there is none of.
func (l *learner) file() {
	r, unread := openCSV(l.from)
	if unread != "" {
		l.wrong("%s", unread).withHint("name a CSV file, or a study of the data directory")
		return
	}
	columns, ok := l.resultHeader(r)
	for ok && r.next() && len(r.errs) < maxErrors {
		l.result(r, columns)
	}
	l.errs = append(l.errs, r.errs...)
	l.some()
}

// resultHeader takes the first row.
func (l *learner) resultHeader(r *csvReader) (resultColumns, bool) {
	out := resultColumns{metric: -1}
	if !r.first("begin with a row of parameter names and " + l.Objective.Metric) {
		return out, false
	}
	parameters := map[string]*search.Parameter{}
	for i, p := range l.space.Parameters {
		parameters[p.Name] = &l.space.Parameters[i]
	}
	seen := map[string]bool{}
	for i, cell := range r.cells {
		name := strings.TrimSpace(cell)
		if seen[name] && (parameters[name] != nil || name == l.Objective.Metric) {
			r.wrong(i, "the column %s stands twice", shorten(name))
		}
		seen[name] = true
		out.names = append(out.names, name)
		out.parameters = append(out.parameters, parameters[name])
		switch {
		case name == l.Objective.Metric:
			out.parameters[i], out.metric = nil, i
		case parameters[name] == nil:
			l.ignored = append(l.ignored, shorten(name))
		}
	}
	if out.metric < 0 {
		e := r.wrong(0, "there is no column %s, the metric of the objective", l.Objective.Metric)
		if near, ok := nearest(l.Objective.Metric, out.names); ok {
			e.withHint("is it %q? rename the column", near)
		}
	}
	return out, len(r.errs) == 0
}

// result takes a row.
func (l *learner) result(r *csvReader, columns resultColumns) {
	var p trial.Params
	value := math.NaN()
	for i, cell := range r.cells {
		cell = strings.TrimSpace(cell)
		switch q := columns.parameters[i]; {
		case cell == "":
		case i == columns.metric:
			n := plain(cell, place{})
			switch v := n.value.(type) {
			case float64:
				value = v
			case int64:
				value = float64(v)
			default:
				if !strings.EqualFold(cell, "nan") {
					r.wrong(i, "%s is %q, not a number", l.Objective.Metric, shorten(cell)).withHint("leave the cell empty where there is no result")
				}
			}
		case q != nil:
			v := cellValue(*q, cell)
			if _, text := v.(string); text && (q.Kind == search.Float || q.Kind == search.Int) {
				r.wrong(i, "%s is %q, not a number", q.Name, shorten(cell)).withHint("leave the cell empty where there is no %s", q.Name)
			}
			p = append(p, trial.Param{Name: q.Name, Value: v})
		}
	}
	if len(r.errs) == 0 && !math.IsNaN(value) && !math.IsInf(value, 0) {
		l.take(p, value)
	}
}
