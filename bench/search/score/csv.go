package score

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// columns is the header of the CSV files, as the Python harness writes it.
const columns = "suite,workers,optimizer,budget,regret,low,high,rank,tasks,rank_tasks,seeds,ask_p50_ms,ask_p99_ms,tell_p50_ms," +
	"tell_p99_ms,optimizer_seconds,cut_off"

// numbers is the fields of a row behind the columns from budget on.
func (r *Row) numbers() []*float64 {
	return []*float64{&r.Budget, &r.Regret, &r.Low, &r.High, &r.Rank, nil, nil, nil, &r.Ask.P50, &r.Ask.P99, &r.Tell.P50,
		&r.Tell.P99, &r.OwnSeconds}
}

// counts is the columns that are whole numbers; they stand before ask_p50_ms.
func (r *Row) counts() []*int { return []*int{&r.Tasks, &r.RankTasks, &r.Seeds} }

// Write writes rows as CSV.
func Write(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	if err := out.Write(strings.Split(columns, ",")); err != nil {
		return err
	}
	for _, r := range rows {
		fields := []string{r.Suite, strconv.Itoa(r.Workers), r.Optimizer}
		counts := r.counts()
		for _, v := range r.numbers() {
			if v == nil {
				fields, counts = append(fields, strconv.Itoa(*counts[0])), counts[1:]
			} else {
				fields = append(fields, strconv.FormatFloat(math.Round(*v*1e6)/1e6, 'f', -1, 64))
			}
		}
		if err := out.Write(append(fields, "0")); err != nil { // no run is ever cut off
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Read reads rows that Write or the Python harness has written.
func Read(path string) ([]Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 || !slices.Equal(lines[0], strings.Split(columns, ",")) {
		return nil, fmt.Errorf("%s: the columns must be %s", path, columns)
	}
	var out []Row
	for n, line := range lines[1:] {
		r, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", path, n+2, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func parse(line []string) (Row, error) {
	r := Row{Suite: line[0], Optimizer: line[2]}
	var err error
	if r.Workers, err = strconv.Atoi(line[1]); err != nil {
		return r, err
	}
	counts := r.counts()
	for i, v := range r.numbers() {
		if v == nil {
			if *counts[0], err = strconv.Atoi(line[3+i]); err != nil {
				return r, err
			}
			counts = counts[1:]
		} else if *v, err = strconv.ParseFloat(line[3+i], 64); err != nil {
			return r, err
		}
	}
	return r, nil
}
