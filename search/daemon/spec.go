package daemon

import (
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// Spec is a study as the core needs it: what the sweep document says, in the terms of the domain.
type Spec struct {
	Study      trial.Study
	Space      search.Space
	Sampler    search.Config
	Scheduler  schedulers.Config // Trials is the budget in trials
	Folds      trial.FoldPlan
	Trainer    trial.TrainerSpec
	Resources  trial.Resources
	Enqueue    []trial.Params // run first
	Workers    int            // most attempts out at once; 0: as many as there are slots
	End        time.Time      // zero: no time budget
	GPUSeconds float64        // zero: no budget of GPU time
	Confirm    Confirm
	External   bool // whoever calls Ask and Tell trains; runners get none of it
	Refit      bool // train the winner on all data at the end
}

// spending is the budget as the sampler needs it.
func (s Spec) spending() search.Spending {
	out := search.Spending{Trials: s.Scheduler.Trials, GPUSeconds: s.GPUSeconds, GPUShare: s.Resources.GPUShare()}
	if !s.End.IsZero() {
		out.Seconds = s.End.Sub(s.Study.Created).Seconds()
	}
	return out
}

// Confirm says how the best trials are checked before one is handed over.
type Confirm struct {
	Top   int // how many of the best; 0: none
	Seeds int // how many fresh draws of all folds each
}

// Decode turns the document of a stored study back into a Spec.
type Decode func(trial.Study) (Spec, error)
