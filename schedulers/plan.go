package schedulers

import (
	"slices"

	"automl/trial"
)

// Plan is a table of brackets. With a budget of trials it is exact: without failures, values that are not finite and folds that
// end early, a search trains just these epochs; with early ends it trains fewer. A trial that fails, or reaches its rung
// without a finite value, gives its place to another, whose epochs come on top.
type Plan struct {
	Brackets []BracketPlan `json:"brackets"`
	Epochs   int           `json:"epochs"`  // all rungs of all brackets together
	Full     int           `json:"full"`    // the same trials without pruning
	AtMost   bool          `json:"at_most"` // how many trials are stopped, and when, depends on their values: the epochs are the most there can be
	Repeats  bool          `json:"repeats"` // no budget of trials: the table is one round of an unlimited search, as a picture of its proportions
}

// BracketPlan is the rungs of a bracket.
type BracketPlan struct {
	Bracket int        `json:"bracket"` // from 1
	Rungs   []RungPlan `json:"rungs"`
}

// RungPlan is one rung: how many trials are meant to reach it, and what that costs beyond the rung below.
type RungPlan struct {
	At     trial.Resource `json:"at"`
	Trials int            `json:"trials"`
	Epochs int            `json:"epochs"`
}

// Trials is how many trials the plan starts.
func (p Plan) Trials() int {
	n := 0
	for _, b := range p.Brackets {
		n += b.Rungs[0].Trials
	}
	return n
}

// Fraction is the planned cost as a part of what the same trials would cost without pruning; 1 for an empty plan.
func (p Plan) Fraction() float64 {
	if p.Full == 0 {
		return 1
	}
	return float64(p.Epochs) / float64(p.Full)
}

// add appends a bracket with so many trials on each of its rungs.
func (p *Plan) add(b *bracket, sizes []int) {
	out := BracketPlan{Bracket: b.number}
	below := trial.Resource{}
	for i, size := range sizes {
		at := b.rungs[i].at
		cost := size * (b.shape.Units(at) - b.shape.Units(below))
		out.Rungs = append(out.Rungs, RungPlan{At: at, Trials: size, Epochs: cost})
		p.Epochs += cost
		below = at
	}
	p.Full += sizes[0] * b.shape.Units(b.shape.Full())
	p.Brackets = append(p.Brackets, out)
}

// bound is the plan of a bracket in which every one of n trials may be trained in full; 0 is no limit.
func bound(b *bracket, n int) Plan {
	p := Plan{AtMost: true, Repeats: n == 0}
	p.add(b, slices.Repeat([]int{max(1, n)}, len(b.rungs)))
	return p
}

// sizes is how many of n trials reach each rung: every rung keeps 1/eta of the one below, rounded down, and at least one trial,
// so that there is always a winner.
func sizes(n, rungs, eta int) []int {
	out := make([]int, rungs)
	for i := range out {
		out[i] = n
		n = max(1, n/eta)
	}
	return out
}
