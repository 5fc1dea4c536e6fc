package data

import (
	"cmp"
	"slices"
	"strconv"

	"automl/trial"
)

// heldOut is the split key of the rows of a validation file; the others have none.
const heldOut = "validation"

// quantiles is how many parts of equally many rows a regression's numbers are cut into, for folds that have their share of each.
const quantiles = 10

// setKeys chooses what folds are drawn by: the split column where there is one, otherwise what is learned.
func (t *Table) setKeys() {
	switch {
	case t.valid > 0:
		t.Keys = make([]string, t.Rows())
		for row := t.Rows() - t.valid; row < t.Rows(); row++ {
			t.Keys[row] = heldOut
		}
	case t.splits != nil:
		t.Keys = t.splits
	case t.Kind == trial.Generation:
		t.Keys = make([]string, t.Rows()) // all alike
	case t.Kind == trial.Regression:
		t.Keys = quantileKeys(t.Numbers)
	case t.Kind == trial.MultiLabel:
		t.Keys = markKeys(t.Marks, len(t.Classes))
	default:
		t.Keys = t.Labels
	}
}

// quantileKeys are "0" for the rows of the lowest tenth, to "9" for the highest. Equal numbers have equal keys: the one of the
// first of them.
func quantileKeys(numbers []float64) []string {
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(numbers[a], numbers[b]) })
	out := make([]string, len(numbers))
	first := 0
	for i, row := range order {
		if numbers[row] != numbers[order[first]] {
			first = i
		}
		out[row] = strconv.Itoa(first * quantiles / len(numbers))
	}
	return out
}

// markKeys are the same for rows with the same labels.
func markKeys(marks []bool, labels int) []string {
	out := make([]string, len(marks)/labels)
	key := make([]byte, labels)
	for row := range out {
		for i, yes := range marks[row*labels : (row+1)*labels] {
			key[i] = '0'
			if yes {
				key[i] = '1'
			}
		}
		out[row] = string(key)
	}
	return out
}
