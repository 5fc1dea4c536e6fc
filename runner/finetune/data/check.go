package data

import (
	"fmt"

	"automl/trial"
)

// Check reads everything the spec names and finds every fault that training would find, except those of the folds. It
// takes as long as reading the files.
func Check(spec trial.DataSpec) error { return check(spec, trial.FoldPlan{}) }

// CheckFolds is Check, and finds out whether the rows can be cut into the folds of the plan.
func CheckFolds(spec trial.DataSpec, plan trial.FoldPlan) error {
	if plan.K < 1 {
		return &Error{Field: fieldFolds, Msg: fmt.Sprintf("%d folds are none", plan.K), Hint: "k: 5"}
	}
	return check(spec, plan)
}

func check(spec trial.DataSpec, plan trial.FoldPlan) error {
	t, err := Read(spec, plan.Column)
	if err != nil {
		return err
	}
	if spec.Test != "" {
		if _, err := ReadTest(spec, t); err != nil {
			return err
		}
	}
	if plan.K == 0 {
		return nil
	}
	return t.checkFolds(plan)
}

// checkFolds finds a class that a stratified fold would have no row of, and rows or groups too few for the folds.
func (t *Table) checkFolds(plan trial.FoldPlan) error {
	parts := plan.K
	if parts == 1 {
		parts = 2 // a hold-out needs a row on either side
	}
	if plan.Split == trial.Stratified && !t.keyed {
		rows := make([]int, len(t.Classes))
		for _, y := range t.Y {
			rows[y]++
		}
		for c, n := range rows {
			if n < parts {
				return &Error{Field: fieldFolds, File: t.File, Hint: "fewer folds, more rows, or leave the class out",
					Msg: fmt.Sprintf("class %q has %d rows, too few for %d folds", t.Classes[c], n, parts)}
			}
		}
	}
	if _, err := plan.Draw(t.Keys, 0); err != nil {
		return &Error{Field: fieldFolds, File: t.File, Msg: err.Error(), Err: err, Hint: "fewer folds or more rows"}
	}
	return nil
}
