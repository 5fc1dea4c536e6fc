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
	Scheduler  schedulers.Config // Trials is the budget in trials, without the probe
	Folds      trial.FoldPlan
	Trainer    trial.TrainerSpec
	Resources  trial.Resources
	Probe      trial.Params   // runs before everything, trained in full, as the yardstick of the study; nil: there is none
	Enqueue    []trial.Params // run next
	Claim      trial.Claim    // to the slots of the runners, as the document has it; complete but in tests
	End        time.Time      // zero: no time budget
	GPUSeconds float64        // zero: no budget of GPU time
	Confirm    Confirm
	External   bool // whoever calls Ask and Tell trains; runners get none of it
	Refit      bool // train the winner on all data at the end
}

// spending is the budget as the sampler needs it.
func (s Spec) spending() search.Spending {
	out := search.Spending{Trials: s.trials(), GPUSeconds: s.GPUSeconds, GPUShare: s.Resources.GPUShare()}
	if !s.End.IsZero() {
		out.Seconds = s.End.Sub(s.Study.Created).Seconds()
	}
	return out
}

// trials is the budget in trials, the probe included; 0: there is none.
func (s Spec) trials() int {
	if s.Probe == nil || s.Scheduler.Trials == 0 {
		return s.Scheduler.Trials
	}
	return s.Scheduler.Trials + 1
}

// given is a trial that nobody has to propose.
type given struct {
	params trial.Params
	origin trial.Origin
}

// given is the trials that a study begins with, in their order.
func (s Spec) given() []given {
	var out []given
	if s.Probe != nil {
		out = append(out, given{s.Probe, trial.FromProbe})
	}
	for _, p := range s.Enqueue {
		out = append(out, given{p, trial.FromUser})
	}
	return out
}

// decision makes a trial of it. Its place among the others is not looked at for the probe, which is compared with none on the way.
func (g given) decision(number, bracket int, reason string) trial.Decision {
	d := trial.Decision{Trial: number, What: trial.Sampled, Bracket: bracket, Params: g.params, Origin: g.origin, Reason: reason}
	if g.origin == trial.FromProbe {
		d.Bracket, d.Reason = 0, "the probe: what the pretrained model is worth without fine-tuning, which the trials after it have to beat"
	}
	return d
}

// Confirm says how the best trials are checked before one is handed over.
type Confirm struct {
	Top   int // how many of the best; 0: none
	Seeds int // how many fresh draws of all folds each
}

// Decode turns the document of a stored study back into a Spec.
type Decode func(trial.Study) (Spec, error)
