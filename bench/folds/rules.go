package main

import (
	"slices"

	"automl/schedulers"
)

// rule is a way to stop a trial before it has seen all folds.
type rule struct {
	name string
	race schedulers.Race                 // the project's own rule, as it stands in a study
	stop func(mine, best []float64) bool // else: after a fold, given the values of a trial and those of the incumbent; nil: never
}

var rules = []rule{
	{name: "full"},
	{name: "forgiving", stop: forgiving},
	{name: "aggressive", stop: aggressive},
	{name: "race", race: schedulers.Race{On: true}},
}

// forgiving stops a trial whose mean over its folds so far is worse than the worst fold of the incumbent (Bergman, Purucker and
// Hutter 2024, arXiv 2405.03389).
func forgiving(mine, best []float64) bool { return mean(mine) < slices.Min(best) }

// aggressive stops a trial whose mean over its folds so far is worse than the incumbent's mean over all folds (same paper).
func aggressive(mine, best []float64) bool { return mean(mine) < mean(best) }

// cutter plays a rule that is no part of a scheduler: somebody else who prunes trials.
type cutter struct {
	rule  rule
	table *table
	order []int     // trial number -> configuration
	best  []float64 // values of the incumbent, nil before there is one
}

// cut is told of every epoch in the order of the reports.
func (c *cutter) cut(number, fold, epoch int) bool {
	shape := c.table.shape
	if c.rule.stop == nil || epoch < shape.Epochs {
		return false
	}
	mine := c.table.at(c.order[number], fold+1)
	if fold < shape.Folds-1 {
		return c.best != nil && c.rule.stop(mine, c.best)
	}
	if c.best == nil || mean(mine) > mean(c.best) {
		c.best = mine
	}
	return false
}
