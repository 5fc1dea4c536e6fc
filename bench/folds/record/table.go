package main

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// header are the columns of a table.
var header = []string{"config", "fold", "epoch", "value"}

// keys are the configurations and folds there are, in order.
func (c curves) keys() [][2]int {
	out := make([][2]int, 0, len(c))
	for at := range c {
		out = append(out, at)
	}
	slices.SortFunc(out, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return out
}

// writeTable writes all configurations and folds, which the journal must have. The same curves give the same bytes; the comment
// of the gzip file is the id of the recording. The file is there in whole or not at all.
func writeTable(path, id string, j *journal, configs, k int) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".table-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	z.Comment = id
	out := csv.NewWriter(z)
	rows := [][]string{header}
	for config := range configs {
		for fold := range k {
			for i, v := range j.curves[[2]int{config, fold}] {
				rows = append(rows, []string{strconv.Itoa(config), strconv.Itoa(fold), strconv.Itoa(i + 1), format(v)})
			}
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// readTable reads what writeTable wrote; nothing when there is no such file.
func readTable(path string) (c curves, id string, err error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return curves{}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], header) {
		return nil, "", fmt.Errorf("%s has not the columns %v", path, header)
	}
	out := curves{}
	for n, row := range rows[1:] {
		config, err1 := strconv.Atoi(row[0])
		fold, err2 := strconv.Atoi(row[1])
		value, err3 := strconv.ParseFloat(row[3], 64)
		if err := cmp.Or(err1, err2, err3); err != nil {
			return nil, "", fmt.Errorf("%s row %d: %w", path, n+2, err)
		}
		at := [2]int{config, fold}
		out[at] = append(out[at], value)
	}
	return out, z.Comment, nil
}
