package search

import (
	"cmp"
	"slices"

	"automl/trial"
)

// What somebody knows beforehand is trusted at first, as if trustTrials trials had agreed with it; then as far as the trials do.
const (
	trustTrials  = 5
	trustRanked  = 128 // trials that are looked at, evenly over the study
	enoughTau    = 0.5 // rank correlation at which it is trusted in full: the trials are noisy, and mostly good ones
	leastTrusted = 0.05
)

// trust is how far the trials of a study agree with a forecast of their losses, from 0 to 1: Kendall's rank correlation, shrunk
// towards full trust. Like the weights of RGPE (Feurer et al. 2018, arXiv:1802.02219), it looks at ranks alone.
func (h *history) trust(s *trial.State, forecast func(x []float64) float64) float64 {
	numbers := h.ranked(s)
	ahead, n := make([]float64, len(numbers)), float64(len(numbers))
	for k, i := range numbers {
		ahead[k] = forecast(h.records[i].x)
	}
	share := min((trustTrials+n*tau(ahead)/enoughTau)/(trustTrials+n), 1)
	if share < leastTrusted {
		return 0
	}
	return share
}

// ranked is the numbers of trials that have a value, best first: at most trustRanked of them.
func (h *history) ranked(s *trial.State) []int {
	var numbers []int
	for i := range h.records {
		if r := &h.records[i]; r.x != nil && r.scored() {
			numbers = append(numbers, i)
		}
	}
	n := len(numbers)
	level := h.level(s.Study.Shape, min(n, max(len(h.codec.dims)+1, n/5)))
	numbers = thin(numbers, trustRanked)
	ranks := make([]rank, len(numbers))
	for k, i := range numbers {
		ranks[k] = h.records[i].rank(s, i, level)
	}
	slices.SortFunc(ranks, func(a, b rank) int {
		if a.before(b) {
			return -1
		}
		return 1 // no two are equal
	})
	for k, r := range ranks {
		numbers[k] = r.number
	}
	return numbers
}

// tau is Kendall's rank correlation of values with their positions; 0 of less than two.
func tau(v []float64) float64 {
	sum, pairs := 0, 0
	for i := range v {
		for j := range i {
			sum += cmp.Compare(v[i], v[j])
			pairs++
		}
	}
	return float64(sum) / float64(max(pairs, 1))
}
