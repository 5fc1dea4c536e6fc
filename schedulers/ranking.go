package schedulers

import (
	"cmp"
	"slices"
)

// entry is the value of a trial at a rung.
type entry struct {
	number int
	value  float64
	loss   float64 // value, turned so that less is better; finite
}

// ranking is entries from the best to the worst; ties go to the lower trial number. It never holds a value that is not finite.
type ranking []entry

func compare(a, b entry) int {
	return cmp.Or(cmp.Compare(a.loss, b.loss), cmp.Compare(a.number, b.number))
}

// rank is how many entries are better than e.
func (r ranking) rank(e entry) int {
	i, _ := slices.BinarySearchFunc(r, e, compare)
	return i
}

func (r *ranking) add(e entry) { *r = slices.Insert(*r, r.rank(e), e) }

func (r *ranking) remove(e entry) {
	if i, found := slices.BinarySearchFunc(*r, e, compare); found {
		*r = slices.Delete(*r, i, i+1)
	}
}
