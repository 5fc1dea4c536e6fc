package search

import "automl/trial"

// Split shows the division of trials into good and bad to the tests.
func Split(space Space, s *trial.State, least, good int) (g, b, pending []int) {
	h := newHistory(space)
	h.sync(s)
	h.score(s)
	return h.split(s, least, func(int) int { return good })
}
