package simulate

import (
	"cmp"
	"slices"

	"automl/schedulers"
	"automl/trial"
)

// Expectation is what a search took when it was played with made-up curves. It is an estimate: real curves may be easier or harder
// to tell apart, and fail.
type Expectation struct {
	Searches int            `json:"searches"` // that were played
	Epochs   int            `json:"epochs"`   // on average
	Least    int            `json:"least"`    // epochs of the shortest search
	Most     int            `json:"most"`     // and of the longest
	Rungs    []RungExpected `json:"rungs"`    // rising: the rungs and, with a fold race, the ends of folds
}

// RungExpected is one resource: how many trials get so far on average, and the epochs beyond the one below.
type RungExpected struct {
	At     trial.Resource `json:"at"`
	Trials float64        `json:"trials"`
	Epochs float64        `json:"epochs"`
}

const (
	most   = 1000 // trials of a search that is played
	enough = 150  // trials after which no further search is played
)

// Expect plays some searches of a study, at most so many. False where there is nothing to be estimated, because the plan is exact or has no end, or
// too much, because the study has more than a thousand trials.
func Expect(c schedulers.Config, study trial.Study, searches int) (Expectation, bool, error) {
	study = trial.Study{Shape: study.Shape, Others: study.Others, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}}
	c, err := c.Resolve(study)
	if err != nil {
		return Expectation{}, false, err
	}
	first, err := schedulers.New(c, trial.NewState(study))
	if err != nil {
		return Expectation{}, false, err
	}
	plan := first.Plan()
	if !plan.AtMost || plan.Repeats || plan.Trials() > most {
		return Expectation{}, false, nil
	}
	out := Expectation{Searches: min(searches, 1+(enough-1)/plan.Trials())}
	for _, at := range stations(c, study.Shape) {
		out.Rungs = append(out.Rungs, RungExpected{At: at})
	}
	for i := range out.Searches {
		if err := out.play(c, study, uint64(i)); err != nil {
			return Expectation{}, false, err
		}
	}
	out.Epochs = (out.Epochs + out.Searches/2) / out.Searches
	for i := range out.Rungs {
		out.Rungs[i].Trials /= float64(out.Searches)
		out.Rungs[i].Epochs /= float64(out.Searches)
	}
	return out, true, nil
}

// stations are where trials are counted: the rungs, and with a fold race the end of each fold.
func stations(c schedulers.Config, s trial.Shape) []trial.Resource {
	at := schedulers.NewLadder(s, c.Grace, c.Eta)
	if c.Race.On {
		for f := range s.Folds {
			at = append(at, trial.Resource{Fold: f, Epoch: s.Epochs})
		}
	}
	slices.SortFunc(at, func(a, b trial.Resource) int { return cmp.Compare(s.Units(a), s.Units(b)) })
	return slices.Compact(at)
}

// play plays one search and adds it up.
func (x *Expectation) play(c schedulers.Config, study trial.Study, seed uint64) error {
	curves := newCurves(study.Shape, seed)
	study.Seed = seed
	c.Forecaster = oracle{curves}
	var failed error
	g, err := Play(func(s *trial.State) schedulers.Scheduler {
		sched, err := schedulers.New(c, s)
		failed = err
		return sched
	}, study, World{Workers: 1, Value: curves.loss})
	if err := cmp.Or(failed, err); err != nil {
		return err
	}
	epochs := g.State.EpochsRun()
	x.Epochs += epochs
	if x.Most = max(x.Most, epochs); x.Least == 0 || epochs < x.Least {
		x.Least = epochs
	}
	for _, t := range g.State.Trials {
		done, below := study.Shape.Units(t.Done), 0
		for i := range x.Rungs {
			r := &x.Rungs[i]
			at := study.Shape.Units(r.At)
			if done >= at {
				r.Trials++
			}
			r.Epochs += float64(max(0, min(done, at)-below))
			below = at
		}
	}
	return nil
}
