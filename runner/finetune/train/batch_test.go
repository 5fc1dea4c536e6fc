package train

import (
	"slices"
	"testing"

	"automl/trial"
)

// rowNumber is a source whose input is the row's number.
type rowNumber struct{}

func (rowNumber) Size() int                    { return 1 }
func (rowNumber) Write(dst []float32, row int) { dst[0] = float32(row) }

func TestOrder(t *testing.T) {
	rows := []int{3, 5, 8, 13, 21, 34, 55, 89}
	a := order(rows, 1, 2, 3, 4)
	sorted := slices.Clone(a)
	slices.Sort(sorted)
	if !slices.Equal(sorted, rows) {
		t.Errorf("%v is no order of %v", a, rows)
	}
	if !slices.Equal(a, order(rows, 1, 2, 3, 4)) {
		t.Error("the same epoch has two orders")
	}
	for _, b := range [][]int{order(rows, 2, 2, 3, 4), order(rows, 1, 1, 3, 4), order(rows, 1, 2, 4, 4), order(rows, 1, 2, 3, 5)} {
		if slices.Equal(a, b) {
			t.Error("two epochs, folds, trials or seeds have the same order")
		}
	}
}

func TestGoalOfRows(t *testing.T) {
	var g goal
	classes := &Target{Kind: trial.Classification, Outputs: 20, Labels: []int32{10, 11, 12, 13, 14}}
	if classes.goal([]int{4, 2, 0}, &g); !slices.Equal(g.labels, []int32{14, 12, 10}) || len(g.values) > 0 {
		t.Errorf("classes %v", g)
	}
	labels := &Target{Kind: trial.MultiLabel, Outputs: 2, Marks: []bool{true, false, true, true, false, false}}
	if labels.goal([]int{2, 1}, &g); !slices.Equal(g.values, []float32{0, 0, 1, 1}) || len(g.labels) > 0 {
		t.Errorf("labels %v", g)
	}
	numbers := &Target{Kind: trial.Regression, Outputs: 1, Numbers: []float64{1e9 + 1, 1e9 + 3}, Mean: 1e9 + 2, Std: 2}
	if numbers.goal([]int{0}, &g); !slices.Equal(g.values, []float32{-0.5}) {
		t.Errorf("numbers %v", g)
	}
}

func TestRowsOfABatch(t *testing.T) {
	f := newFixed(rowNumber{}, 3)
	if x := f.write([]int{4, 2}); !slices.Equal(x[:2], []float32{4, 2}) {
		t.Errorf("rows 4 and 2 are %v", x)
	}
}
