package search

import (
	"automl/search/ehvi"
	"automl/search/gp"
	"automl/trial"
)

// Split shows the division of trials into good and bad to the tests.
func Split(space Space, s *trial.State, least, good int) (g, b, pending []int) {
	h := newHistory(space)
	h.sync(s)
	h.score(s)
	return h.split(s, least, func(int) int { return good })
}

// Observations shows what a Gaussian process is told of a study to the tests.
func Observations(space Space, s *trial.State) gp.Observations {
	h := newHistory(space)
	h.sync(s)
	h.score(s)
	o, _, _ := h.observations(s, s.Seq)
	return o
}

// SeveralObservations shows what the models of several objectives are told of a study to the tests.
func SeveralObservations(space Space, s *trial.State) ehvi.Observations {
	e := NewEHVI(Config{}, space)
	e.history.sync(s)
	e.values.sync(s)
	return e.observations(s)
}

// BestOfSeveral shows the order of parents to the tests.
func BestOfSeveral(s *trial.State, n int) []int {
	var v vectors
	v.sync(s)
	return v.best(s, n)
}
