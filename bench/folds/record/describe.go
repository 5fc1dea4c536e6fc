package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// near is how far below the best a configuration still is a good one.
const near = 0.05

// describe writes a Markdown table of what the tables of a folder hold: the means over folds at the last epoch, and how far the
// folds of one good configuration lie apart.
func describe(folder string, out io.Writer) error {
	files, err := filepath.Glob(filepath.Join(folder, "*_k*.csv.gz"))
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "| table | configurations | best | median | good ones | deviation between folds |\n|---|---|---|---|---|---|")
	for _, file := range files {
		c, _, err := readTable(file)
		if err != nil {
			return err
		}
		means, deviations := c.last()
		best, good := slices.Max(means), []float64(nil)
		for i, m := range means {
			if m >= best-near {
				good = append(good, deviations[i])
			}
		}
		fmt.Fprintf(out, "| `%s` | %d | %.4f | %.4f | %d | %.4f |\n", strings.TrimSuffix(filepath.Base(file), ".csv.gz"),
			len(means), best, median(means), len(good), median(good))
	}
	return nil
}

// last is the mean and the standard deviation over folds at the last epoch, for each configuration.
func (c curves) last() (means, deviations []float64) {
	folds := map[int][]float64{}
	for _, at := range c.keys() {
		curve := c[at]
		folds[at[0]] = append(folds[at[0]], curve[len(curve)-1])
	}
	for config := range len(folds) {
		mean, deviation := stat.MeanStdDev(folds[config], nil)
		means, deviations = append(means, mean), append(deviations, deviation)
	}
	return means, deviations
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
