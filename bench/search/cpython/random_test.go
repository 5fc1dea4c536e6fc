package cpython

import (
	"slices"
	"testing"
)

// The expected numbers were printed by CPython 3.11.
func TestNumbersOfPython(t *testing.T) {
	r := New(0)
	if a, b := r.Float64(), r.Float64(); a != 0.8444218515250481 || b != 0.7579544029403025 {
		t.Errorf("Random(0).random() gave %v, %v", a, b)
	}
	if v := New(5_000_015_000_003).Float64(); v != 0.5748940850012251 {
		t.Errorf("Random(5000015000003).random() gave %v", v)
	}
	r = FromText("taskset/x/3")
	if a := r.Float64(); a != 0.19743828250753648 {
		t.Errorf("Random('taskset/x/3').random() gave %v", a)
	}
	list := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	if want := []int{0, 4, 5, 2, 6, 3, 9, 8, 1, 7}; !slices.Equal(list, want) {
		t.Errorf("shuffle gave %v, want %v", list, want)
	}
	var drawn []int
	for range 8 {
		drawn = append(drawn, r.IntN(5))
	}
	if want := []int{4, 2, 4, 3, 3, 3, 3, 1}; !slices.Equal(drawn, want) {
		t.Errorf("choice drew %v, want %v", drawn, want)
	}
	for range 2000 { // several turns of the state
		r.Float64()
	}
	if v := r.Float64(); v != 0.9990143024261057 {
		t.Errorf("after 2000 numbers random() gave %v", v)
	}
}
