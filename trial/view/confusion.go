package view

import (
	"cmp"
	"slices"

	"automl/trial"
)

// ConfusionMatrix is what the rows of each class were taken for, in cross-validation: every row was predicted by a network that had not
// seen it.
type ConfusionMatrix struct {
	Classes []string `json:"classes"`
	Counts  [][]int  `json:"counts"` // row: class, column: what it was taken for
}

// ConfusionOf is the confusion matrix of a trial; nil where there is none: the task has no classes, or too many, or the trial is none
// of the best.
func ConfusionOf(s *trial.State, t *trial.Trial) *ConfusionMatrix {
	counts, names := t.Confusion(s.Study)
	if counts == nil || len(names) != len(counts) {
		return nil
	}
	return &ConfusionMatrix{Classes: names, Counts: counts}
}

// Mistake is how often one class was taken for another.
type Mistake struct {
	Class, Taken string
	Rows, Of     int // Of is the rows of the class
}

// Mistakes are the n most frequent, equal ones in the order of the classes.
func (c *ConfusionMatrix) Mistakes(n int) []Mistake {
	var all []Mistake
	for i, row := range c.Counts {
		of := 0
		for _, v := range row {
			of += v
		}
		for j, v := range row {
			if i != j && v > 0 {
				all = append(all, Mistake{c.Classes[i], c.Classes[j], v, of})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Mistake) int { return cmp.Compare(b.Rows, a.Rows) })
	return all[:min(n, len(all))]
}
