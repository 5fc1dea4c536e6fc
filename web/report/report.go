package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"time"

	"automl/trial"
	"automl/trial/view"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var style string

//go:embed page.md
var pageMarkdown string

// functions are what both pages format with.
var functions = map[string]any{
	"value": value, "known": known, "spread": spread, "percent": percent, "part": part, "valueOf": valueOf, "numbers": numbers,
	"duration": view.Duration, "counted": view.Counted, "params": view.ParamsText, "format": trial.FormatValue, "lower": strings.ToLower,
	"from": from, "objectives": objectives, "goal": goal,
	"time": func(t time.Time) string { return t.Local().Format("2006-01-02 15:04") },
	"safe": func(s string) template.CSS { return template.CSS(s) }, //nolint:gosec // the style of this package
	"cell": func(s string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) },
}

var (
	asHTML     = template.Must(template.New("page").Funcs(functions).Parse(pageHTML))
	asMarkdown = texttemplate.Must(texttemplate.New("page").Funcs(functions).Parse(pageMarkdown))
)

// mostRows is how many trials the table of a page has; a longer one is of no use to a person, and the record has them all.
const mostRows = 300

// page is a report with what is drawn of it.
type page struct {
	view.Report
	Style      string
	Winner     *view.Reported
	Plain      trial.Params  // of the winner, without its freeze schedule
	Refitted   trial.Metrics // what the refitted winner is worth in the objectives on the test file, where there is one
	Ranked     []view.Reported
	Left       int // trials that Ranked leaves out
	Colour, X  string
	Groups     []string
	Grid       *grid
	Mistakes   []view.Mistake
	Matrix     *matrix
	Saved      int // epochs that pruned trials did not train
	History    template.HTML
	Curves     template.HTML
	Rates      template.HTML
	Importance template.HTML
	FoldsOf    template.HTML
	Tradeoff   template.HTML
}

// Sizes of a confusion matrix: up to so many classes it is shown in whole, of more the most frequent mistakes are.
const (
	shownClasses  = 12
	shownMistakes = 10
)

func newPage(r view.Report) page {
	p := page{Report: r, Style: style, History: history(r), Curves: curves(r), Importance: importance(r), FoldsOf: folds(r), Tradeoff: tradeoff(r)}
	p.Ranked = order(r)
	if len(p.Ranked) > mostRows {
		p.Left = len(p.Ranked) - mostRows
		p.Ranked = p.Ranked[:mostRows]
	}
	if b := r.Status.Best; b != nil {
		p.Winner = &r.Trials[b.Trial]
		p.Plain, _ = view.Plain(b.Params)
		p.Refitted = view.Tested(r.Objectives, r.Refit)
	}
	if q, ok := ratesOf(r); ok {
		g := q.grid(r.Objectives[0])
		p.X, p.Colour, p.Groups, p.Rates, p.Grid = q.x, q.colour, q.groups, q.picture(r), &g
	}
	for _, q := range r.Pruned {
		p.Saved += q.Saved
	}
	if c := r.Confusion; c != nil && len(c.Classes) > shownClasses {
		p.Mistakes = c.Mistakes(shownMistakes)
	} else if c != nil {
		p.Matrix = matrixOf(c)
	}
	return p
}

// order is all trials: the complete ones by their value, then the others by how far they came.
func order(r view.Report) []view.Reported {
	out := complete(r)
	rest := r.Trials
	for _, state := range trial.Statuses {
		for _, t := range rest {
			if t.State == string(state) && (state != trial.Complete || t.Value == nil) {
				out = append(out, t)
			}
		}
	}
	return out
}

// HTML writes the report as one file that a browser shows without anything else, on a light or a dark page as it is set.
func HTML(w io.Writer, r view.Report) error { return asHTML.Execute(w, newPage(r)) }

// Markdown writes the report as text, with tables in place of the pictures.
func Markdown(w io.Writer, r view.Report) error { return asMarkdown.Execute(w, newPage(r)) }

// matrix is a confusion matrix with how dark each cell is.
type matrix struct {
	Classes []string
	Rows    []matrixRow
}

type matrixRow struct {
	Class string
	Cells []matrixCell
	Right string // share of the class that was recognized
}

type matrixCell struct {
	Count int
	Own   bool // the class itself
	Level int  // 0 to 9: its share of the class
}

func matrixOf(c *view.ConfusionMatrix) *matrix {
	m := &matrix{Classes: c.Classes}
	for i, counts := range c.Counts {
		sum := 0
		for _, n := range counts {
			sum += n
		}
		row := matrixRow{Class: c.Classes[i], Right: part(counts[i], sum)}
		for j, n := range counts {
			level := 9 * n / max(sum, 1)
			if n > 0 && level == 0 {
				level = 1
			}
			row.Cells = append(row.Cells, matrixCell{n, i == j, level})
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}
