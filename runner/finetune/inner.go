package finetune

import (
	"automl/runner/finetune/probe"
	"automl/trial"
)

// innerParts is how many folds the training rows of a fold are cut into, to choose a penalty on.
const innerParts = 3

// innerFolds cuts the training rows of a fold in the way the study cuts all rows, so that groups stay together and classes keep their
// shares. Where rows name their folds, the names cut the training rows, too; where that leaves no two, they are cut at random. None
// when there are too few rows.
func innerFolds(plan trial.FoldPlan, keys []string, rows []int) []probe.Fold {
	own, names := make([]string, len(rows)), map[string]bool{}
	for i, row := range rows {
		own[i] = keys[row]
		names[own[i]] = true
	}
	plan.K = innerParts
	if plan.Split == trial.Fixed {
		delete(names, "")
		if plan.K = len(names); plan.K < 2 {
			plan.K, plan.Split = innerParts, trial.Plain
		}
	}
	out := make([]probe.Fold, plan.K)
	for i := range out {
		var err error
		if out[i].Train, out[i].Valid, err = plan.Fold(own, i); err != nil || len(out[i].Train) == 0 || len(out[i].Valid) == 0 {
			return nil
		}
	}
	return out
}
