package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// table is rows of cells under a head.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.rows = append(t.rows, row)
}

// print aligns the columns; the last one may be as long as it likes.
func (t *table) print(w io.Writer) {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range append([][]string{t.head}, t.rows...) {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// show prints data in the format of --output: person prints it for a person, rows is its table for csv.
func (a *app) show(data any, person func(), rows *table) error {
	switch a.output {
	case "json":
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(data)
	case "yaml":
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		out, err := yaml.JSONToYAML(text)
		if err != nil {
			return err
		}
		_, err = a.out.Write(out)
		return err
	case "csv":
		w := csv.NewWriter(a.out)
		if err := w.WriteAll(append([][]string{rows.head}, rows.rows...)); err != nil {
			return err
		}
		return w.Error()
	}
	person()
	return nil
}
