package main

import (
	"fmt"

	"automl/trial/view"
)

// shownClasses is up to how many classes a confusion matrix is printed in whole; of more, the most frequent mistakes are.
const (
	shownClasses  = 12
	shownMistakes = 10
)

// printConfusion prints what the classes were taken for, if that is known.
func (a *app) printConfusion(c *view.ConfusionMatrix) {
	switch {
	case c == nil:
		return
	case len(c.Classes) > shownClasses:
		rows := &table{head: []string{"class", "taken for", "rows", "of"}}
		for _, m := range c.Mistakes(shownMistakes) {
			rows.add(m.Class, m.Taken, m.Rows, m.Of)
		}
		fmt.Fprintf(a.out, "\nthe most frequent mistakes, over all folds:\n")
		rows.print(a.out)
		return
	}
	rows := &table{head: append([]string{"class"}, c.Classes...)}
	for i, counts := range c.Counts {
		row := []any{c.Classes[i]}
		for _, n := range counts {
			row = append(row, n)
		}
		rows.add(row...)
	}
	fmt.Fprintf(a.out, "\nwhat the rows of each class were taken for, over all folds:\n")
	rows.print(a.out)
}
