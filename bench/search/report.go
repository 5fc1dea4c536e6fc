package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"automl/bench/search/score"
)

// preface explains the tables to a reader who has seen nothing else.
const preface = `# How well the searches search

Made by ` + "`go run ./bench/search`" + `, whose documentation says what the suites are and by which rules they are played.

Every search is given the same budget: a multiple of the epochs of one full run, which all workers train together; in the black-box
suites (tabular, tabular_mean), a number of trials. **Regret** is how far the best value found is from the best there is: 0 is the
best value, 1 the worst one or, in the black-box suites, the median one. Each cell is the mean over tasks of the mean over seeds, in
parentheses its 95% bootstrap interval over tasks, then the average rank (#) among the searches of the table that ran all tasks.
Times are those a search takes to decide: ask is one suggestion, s per run is all of it.

Rows marked (recorded) are other libraries and reference searches, measured earlier in another harness with the same tasks and
rules; only their means were kept, so they have no rank. Those marked partial ran fewer tasks than the suite has, or fewer than
five seeds: an indication and no more.
`

// report writes the tables: to standard output, or to the file of -out with the rows and plots beside it.
func report(o options, folder string, runs []score.Run, out io.Writer) error {
	rows := score.Table(runs)
	peers, err := recorded(folder, rows)
	if err != nil {
		return err
	}
	targets, err := readTargets(targetFile)
	if err != nil {
		return err
	}
	text := targetTable(targets, rows) + pairTable(score.Paired(runs, autoName, o.against), o.against) + scaleTable(score.Scale(runs, scaleFrom)) +
		"\n## Tables\n" + score.Markdown(rows, peers) + byTask(rows, runs)
	if o.out == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	base := strings.TrimSuffix(o.out, ".md")
	plots, err := plotAll(filepath.Join(filepath.Dir(o.out), "img"), filepath.Base(base), rows, peers)
	if err != nil {
		return err
	}
	text += "\n## Plots\n\nBands are the 95% intervals of the table. The best of the project's other searches is the one of the least mean regret.\n"
	for _, p := range plots {
		text += fmt.Sprintf("\n![regret over budget](img/%s)\n", p)
	}
	var table bytes.Buffer
	if err := score.Write(&table, rows); err != nil {
		return err
	}
	return errors.Join(replace(o.out, []byte(preface+text)), replace(base+".csv", table.Bytes()))
}

// byTask is where each search is strong and weak with one worker: on each task, in the middle and at the end.
func byTask(rows []score.Row, runs []score.Run) string {
	text := "\n## By task, 1 worker\n"
	for _, t := range score.Tables(rows) {
		if t[0].Workers != 1 {
			continue
		}
		budgets := score.Budgets(t)
		middle, last := budgets[len(budgets)/2], budgets[len(budgets)-1]
		if middle != last {
			text += score.ByTask(runs, t[0].Suite, t[0].Workers, middle)
		}
		text += score.ByTask(runs, t[0].Suite, t[0].Workers, last)
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
