package metric

import (
	"cmp"
	"math"
	"slices"
)

// descending returns the row numbers by falling score. A NaN counts as lowest.
func descending(score []float64) []int {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	return order
}

// ties walks through runs of equal scores in an order that descending made.
func ties(score []float64, order []int, each func(run []int)) {
	for at := 0; at < len(order); {
		end := at + 1
		for end < len(order) && score[order[end]] == score[order[at]] {
			end++
		}
		each(order[at:end])
		at = end
	}
}

// rocAUC is the area under the curve of true over false positive rate: the share of pairs of a positive and a negative row that
// the score puts in the right order, equal scores counting half. NaN without a row of either kind.
func rocAUC(score []float64, positive func(row int) bool) float64 {
	var seen, area, negatives float64 // seen: positives with a higher score
	ties(score, descending(score), func(run []int) {
		up := 0.0
		for _, row := range run {
			if positive(row) {
				up++
			}
		}
		down := float64(len(run)) - up
		area += down * (seen + up/2)
		seen += up
		negatives += down
	})
	if seen == 0 || negatives == 0 {
		return math.NaN()
	}
	return area / (seen * negatives)
}

// averagePrecision is the sum over thresholds of the precision times the recall won there. NaN without a row of either kind.
func averagePrecision(score []float64, positive func(row int) bool) float64 {
	var seen, rows, sum float64
	ties(score, descending(score), func(run []int) {
		up := 0.0
		for _, row := range run {
			if positive(row) {
				up++
			}
		}
		seen += up
		rows += float64(len(run))
		sum += up * seen / rows
	})
	if seen == 0 || seen == rows {
		return math.NaN()
	}
	return sum / seen
}

// columns is the mean over the columns of scores (rows x k) of a ranking metric, without those where it is NaN.
func columns(scores []float64, k int, of func(score []float64, positive func(row int) bool) float64, positive func(row, column int) bool) float64 {
	score := make([]float64, len(scores)/k)
	sum, n := 0.0, 0.0
	for c := range k {
		for row := range score {
			score[row] = scores[row*k+c]
		}
		if v := of(score, func(row int) bool { return positive(row, c) }); !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / n
}

// ranks are 1 for the largest value, 2 for the next and so on; equal values share the mean of theirs.
func ranks(v []float64) []float64 {
	out := make([]float64, len(v))
	before := 0
	ties(v, descending(v), func(run []int) {
		for _, row := range run {
			out[row] = float64(before) + float64(len(run)+1)/2
		}
		before += len(run)
	})
	return out
}
