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

func TestLastBatchIsPadded(t *testing.T) {
	classes := &Target{Kind: trial.Classification, Outputs: 20, Labels: []int32{10, 11, 12, 13, 14}}
	b := newBatch(3, 1, classes)
	if rows := b.fill(rowNumber{}, []int{4, 2, 0, 1}, classes, 0); len(rows) != 3 || !slices.Equal(b.x, []float32{4, 2, 0}) || !slices.Equal(b.labels, []int32{14, 12, 10}) {
		t.Errorf("rows %v: %v %v", rows, b.x, b.labels)
	}
	if rows := b.fill(rowNumber{}, []int{4, 2, 0, 1}, classes, 3); len(rows) != 1 || b.x[0] != 1 || !slices.Equal(b.labels, []int32{11, -1, -1}) {
		t.Errorf("rows %v: %v %v", rows, b.x, b.labels)
	}
	labels := &Target{Kind: trial.MultiLabel, Outputs: 2, Marks: []bool{true, false, true, true, false, false}}
	b = newBatch(2, 1, labels)
	if b.fill(rowNumber{}, []int{0, 2, 1}, labels, 1); !slices.Equal(b.values, []float32{0, 0, 1, 1}) {
		t.Errorf("labels %v", b.values)
	}
	numbers := &Target{Kind: trial.Regression, Outputs: 1, Numbers: []float64{1e9 + 1, 1e9 + 3}, Mean: 1e9 + 2, Std: 2}
	b = newBatch(2, 1, numbers)
	if rows := b.fill(rowNumber{}, []int{1, 0}, numbers, 1); len(rows) != 1 || b.values[0] != -0.5 {
		t.Errorf("rows %v, numbers %v", rows, b.values)
	}
}
