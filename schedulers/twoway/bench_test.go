package twoway_test

import (
	"math/rand/v2"
	"testing"

	"automl/schedulers/twoway"
)

// BenchmarkFit is what the end of a fold costs late in a study of 10,000 trials of which a fifth have two folds or more.
func BenchmarkFit(b *testing.B) {
	rows, _ := draw(rand.New(rand.NewPCG(1, 1)), 10_000, 5, 0.02, 0.01)
	for i := range rows {
		if i%5 != 0 {
			rows[i] = rows[i][:1]
		}
	}
	for b.Loop() {
		panel, _ := twoway.Better(rows, 5)
		best := make([][]float64, len(panel))
		for i, n := range panel {
			best[i] = rows[n]
		}
		twoway.Fit(best, 5)
	}
}
