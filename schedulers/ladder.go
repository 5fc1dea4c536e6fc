package schedulers

import "automl/trial"

// Ladder is the rungs of a study, rising: the resources at which trials are compared. The last is always Shape.Full.
type Ladder []trial.Resource

// NewLadder builds the rungs of a shape in integers alone (a floating-point logarithm says that log(1000)/log(10) is
// 2.999...). Inside the first fold they lie at grace, grace*eta, grace*eta^2, ... and at its end; beyond it where 1, eta,
// eta^2, ... and at last all folds are finished. Grace is cut to the epochs there are; eta must be at least 2.
//
// 5 folds of 20 epochs with a grace of 3 and eta 3 give (0,3) (0,9) (0,20) (2,20) (4,20).
func NewLadder(s trial.Shape, grace, eta int) Ladder {
	var out Ladder
	for e := max(1, grace); e < s.Epochs; e *= eta {
		out = append(out, trial.Resource{Fold: 0, Epoch: e})
	}
	for folds := 1; folds < s.Folds; folds *= eta {
		out = append(out, trial.Resource{Fold: folds - 1, Epoch: s.Epochs})
	}
	return append(out, s.Full())
}
