package data

import (
	"fmt"

	"automl/trial"
)

// Check reads everything the spec names and finds every fault that training would find: in the files, and in cutting their rows
// into the folds of the plan. It takes as long as reading the files.
func Check(task string, spec trial.DataSpec, plan trial.FoldPlan) (*Table, error) {
	if plan.K < 1 {
		return nil, &Error{Field: fieldFolds, Msg: fmt.Sprintf("%d folds are none", plan.K), Hint: "k: 5"}
	}
	t, err := Read(task, spec, plan)
	if err != nil {
		return nil, err
	}
	if err := t.checkImages(); err != nil {
		return nil, err
	}
	if spec.Test != "" {
		test, err := ReadTest(task, spec, t)
		if err != nil {
			return nil, err
		}
		if err := test.checkImages(); err != nil {
			return nil, err
		}
	}
	return t, t.checkFolds(plan)
}

// checkFolds finds a class that a stratified fold would have no row of, and rows or groups too few for the folds.
func (t *Table) checkFolds(plan trial.FoldPlan) error {
	parts := plan.K
	if parts == 1 {
		parts = 2 // a hold-out needs a row on either side
	}
	if plan.Split == trial.Stratified && t.splits == nil && t.Kind == trial.Classification {
		rows := make([]int, len(t.Classes))
		for _, y := range t.Y {
			rows[y]++
		}
		for c, n := range rows {
			if n < parts {
				hint := "fewer folds, more rows, or leave the class out"
				if 2*len(t.Classes) > t.Rows() {
					hint = fmt.Sprintf("the label has %d classes in %d rows: is it the right column? numbers are learned by a regression", len(t.Classes), t.Rows())
				}
				return &Error{Field: fieldFolds, File: t.File, Hint: hint,
					Msg: fmt.Sprintf("class %q has %d rows, too few for %d folds", t.Classes[c], n, parts)}
			}
		}
	}
	if _, err := plan.Draw(t.Keys, 0); err != nil {
		return &Error{Field: fieldFolds, File: t.File, Msg: err.Error(), Err: err, Hint: "fewer folds or more rows"}
	}
	return nil
}
