package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"automl/bench/search/score"
)

// autoName is the search of a sweep file that says nothing about it.
const autoName = "auto"

// scaleFrom is the least budget at which numbers of workers are compared: before, a search with many workers has hardly had an
// answer to learn from.
const scaleFrom = 10

// pairTable compares auto with another search, run by run.
func pairTable(pairs []score.Pair, other string) string {
	if len(pairs) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s against %s, run by run\n\nThe mean difference in regret between runs on the same task with the same seed "+
		"and number of workers, below 0 where %s is better, and its 95%% bootstrap interval over these pairs.\n\n"+
		"| suite | workers | budget | pairs | %s | %s | difference | interval | |\n|---|---|---|---|---|---|---|---|---|\n",
		autoName, other, autoName, autoName, other)
	worse := 0
	for _, p := range pairs {
		word := "even"
		switch {
		case p.Runs < score.FewPairs:
			word = "too few pairs to tell"
		case p.Worse():
			word = "**worse beyond the interval**"
			worse++
		case p.Better():
			word = "better"
		}
		fmt.Fprintf(&b, "| %s | %d | %gx | %d | %.4f | %.4f | %+.4f | %+.4f to %+.4f | %s |\n", p.Suite, p.Workers, p.Budget, p.Runs, p.A, p.B,
			p.Difference(), p.Low, p.High, word)
	}
	fmt.Fprintf(&b, "\nWorse beyond the interval in %d of %d.\n", worse, len(pairs))
	return b.String()
}

// scaleTable is what more workers cost each search.
func scaleTable(all []score.Scaling) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n## More workers\n\nRegret with several workers divided by that with one, at the same budget from %dx on, on the same "+
		"tasks with the same seeds. 1 means that nothing is lost by training at the same time.\n\n", scaleFrom)
	for _, suite := range distinct(all, func(s score.Scaling) string { return s.Suite }) {
		mine := slices.DeleteFunc(slices.Clone(all), func(s score.Scaling) bool { return s.Suite != suite })
		b.WriteString(scalesOf(suite, mine))
	}
	return b.String()
}

// column is a number of workers and a budget.
type column struct {
	workers int
	budget  float64
}

// scalesOf is the table of one suite: a row for each search.
func scalesOf(suite string, all []score.Scaling) string {
	columns := distinct(all, func(s score.Scaling) column { return column{s.Workers, s.Budget} })
	text := fmt.Sprintf("\n| %s |", suite)
	for _, c := range columns {
		text += fmt.Sprintf(" %s, %gx |", score.Workers(c.workers), c.budget)
	}
	text += "\n" + strings.Repeat("|---", len(columns)+1) + "|\n"
	for _, name := range distinct(all, func(s score.Scaling) string { return s.Optimizer }) {
		text += "| " + name + " |"
		for _, c := range columns {
			i := slices.IndexFunc(all, func(s score.Scaling) bool { return s.Optimizer == name && column{s.Workers, s.Budget} == c })
			switch {
			case i < 0:
				text += " |"
			case math.IsNaN(all[i].Ratio()): // nothing to divide by
				text += fmt.Sprintf(" 0 to %.4f |", all[i].Many)
			default:
				text += fmt.Sprintf(" %.2f |", all[i].Ratio())
			}
		}
		text += "\n"
	}
	return text
}

// distinct is the different values of a field, in the order they come.
func distinct[T any, K comparable](all []T, field func(T) K) []K {
	var out []K
	for _, x := range all {
		if !slices.Contains(out, field(x)) {
			out = append(out, field(x))
		}
	}
	return out
}
