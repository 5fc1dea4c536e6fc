package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"automl/bench/search/score"
)

// preface explains the tables to a reader who has seen nothing else.
const preface = `# How well the searches search

Mean normalized regret (average rank) at multiples of the epochs of a full run; of the black-box suites, at numbers of trials.
0 is the best value there is; 1 the worst one or, in the black-box suites, the median one. Made by ` + "`go run ./bench/search`" + `,
whose documentation says what the suites and the rules are. Ranks are among the searches measured here, on the tasks that all of
them ran. Rows marked (recorded) are other libraries and reference searches, measured earlier in another harness with the same
tasks and rules; those with fewer tasks or seeds than the rest are an indication and no more.
`

// report writes the tables: to standard output, or to the file of -out with the rows and plots beside it.
func report(o options, folder string, runs []score.Run, out io.Writer) error {
	rows := score.Table(runs)
	peers, err := recorded(folder, rows)
	if err != nil {
		return err
	}
	text := score.Markdown(rows, peers) + byTask(rows, runs)
	if o.out == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	base := strings.TrimSuffix(o.out, ".md")
	plots, err := plotAll(base, rows, peers)
	if err != nil {
		return err
	}
	for _, p := range plots {
		text += fmt.Sprintf("\n![regret over budget](%s)\n", filepath.Base(p))
	}
	var table bytes.Buffer
	if err := score.Write(&table, rows); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(o.out, []byte(preface+text), 0o644), os.WriteFile(base+".csv", table.Bytes(), 0o644))
}

// byTask is where each search is strong and weak: on each task, in the middle and at the end.
func byTask(rows []score.Row, runs []score.Run) string {
	text := "\n## By task\n"
	type table struct {
		suite   string
		workers int
	}
	var done []table
	for _, r := range rows {
		t := table{r.Suite, r.Workers}
		if slices.Contains(done, t) {
			continue
		}
		done = append(done, t)
		var budgets []float64
		for _, q := range rows {
			if q.Suite == r.Suite && q.Workers == r.Workers && !slices.Contains(budgets, q.Budget) {
				budgets = append(budgets, q.Budget)
			}
		}
		middle, last := budgets[len(budgets)/2], budgets[len(budgets)-1]
		if middle != last {
			text += score.ByTask(runs, r.Suite, r.Workers, middle)
		}
		text += score.ByTask(runs, r.Suite, r.Workers, last)
	}
	return text
}

// recorded is what other searches scored on the suites of the rows.
func recorded(folder string, rows []score.Row) ([]score.Row, error) {
	if folder == "" {
		return nil, nil
	}
	var out []score.Row
	var done []string
	for _, r := range rows {
		if slices.Contains(done, r.Suite) {
			continue
		}
		done = append(done, r.Suite)
		peers, err := score.Read(filepath.Join(folder, "results", r.Suite+".csv"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		out = append(out, peers...)
	}
	return out, nil
}
