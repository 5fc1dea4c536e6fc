package metric

import (
	"math"
	"slices"

	"automl/trial"
)

// worst is the mean of a value over the rows of the group for which that is worst (Sagawa et al. 2020).
func worst(groups []int32, rows int, of func(row int) float64, goal trial.Goal) float64 {
	if rows == 0 {
		return math.NaN()
	}
	k := int(slices.Max(groups)) + 1
	sum, n := make([]float64, k), make([]float64, k)
	for row := range rows {
		sum[groups[row]] += of(row)
		n[groups[row]]++
	}
	out := math.NaN()
	for g := range k {
		if n[g] == 0 {
			continue
		}
		if v := sum[g] / n[g]; math.IsNaN(out) || (goal == trial.Maximize) == (v < out) {
			out = v
		}
	}
	return out
}
