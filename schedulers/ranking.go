package schedulers

import (
	"cmp"
	"slices"

	"automl/trial/pareto"
)

// entry is the value of a trial at a rung.
type entry struct {
	number int
	value  float64   // of the leading objective
	key    float64   // less is better: the loss, or with several objectives the place that rerank gave
	losses []float64 // in each objective, turned so that less is better; finite
	text   string    // the values for a person
	curve  []float64 // on the way to the rung, once growth has asked for it
}

// ranking is entries from the best to the worst; ties go to the lower trial number. It never holds a value that is not finite.
type ranking []*entry

func compare(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.number, b.number))
}

// rank is how many entries are better than e.
func (r ranking) rank(e *entry) int {
	i, _ := slices.BinarySearchFunc(r, e, compare)
	return i
}

func (r *ranking) add(e *entry) { *r = slices.Insert(*r, r.rank(e), e) }

func (r *ranking) remove(e *entry) {
	if i, found := slices.BinarySearchFunc(*r, e, compare); found {
		*r = slices.Delete(*r, i, i+1)
	}
}

// rerank orders a rung anew after an entry came or went, where there are several objectives: by non-dominated sorting, then by
// crowding, as in NSGA-II, which is how multi-objective successive halving ranks (Schmucker et al. 2021, arXiv:2106.12639). The
// place of an entry then depends on all others.
func (r *rung) rerank() {
	if len(r.board) == 0 || len(r.board[0].losses) < 2 {
		return
	}
	slices.SortFunc(r.board, func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
	y := make([][]float64, len(r.board))
	for i, e := range r.board {
		y[i] = e.losses
	}
	for place, i := range pareto.ByCrowding(y) {
		r.board[i].key = float64(place)
	}
	slices.SortFunc(r.board, compare)
	slices.SortFunc(r.waiting, compare)
}
