package train

import (
	"slices"
	"testing"
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
	labels := []int32{10, 11, 12, 13, 14}
	b := newBatch(3, 1)
	if n := b.fill(rowNumber{}, []int{4, 2, 0, 1}, labels, 0); n != 3 || !slices.Equal(b.x, []float32{4, 2, 0}) || !slices.Equal(b.y, []int32{14, 12, 10}) {
		t.Errorf("%d rows: %v %v", n, b.x, b.y)
	}
	if n := b.fill(rowNumber{}, []int{4, 2, 0, 1}, labels, 3); n != 1 || b.x[0] != 1 || !slices.Equal(b.y, []int32{11, -1, -1}) {
		t.Errorf("%d rows: %v %v", n, b.x, b.y)
	}
}
