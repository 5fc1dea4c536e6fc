package view

import (
	"math"
	"strings"
	"time"

	"automl/trial"
)

// Report is a study as a whole: what came of it, how sure that is, and what it took.
type Report struct {
	Status     Status             `json:"status"`
	Objectives []trial.Objective  `json:"objectives"` // the leading one first
	Shape      trial.Shape        `json:"shape"`
	Seed       uint64             `json:"seed"`
	Made       time.Time          `json:"made"`     // the report
	Evidence   *Evidence          `json:"evidence"` // for the winner, which is status.best; nil: no trial is complete
	Confusion  *ConfusionMatrix   `json:"confusion,omitempty"`
	Refit      trial.Metrics      `json:"refit,omitempty"` // what the refitted winner measured, on the test file too
	Importance *trial.Importances `json:"importance"`      // nil: too few trials say anything
	Pruned     []Pruning          `json:"pruned"`          // by rule and rung
	Failures   []Breakage         `json:"failures"`        // by kind
	Cost       StudyCost          `json:"cost"`
	Trials     []Reported         `json:"trials"` // all, by number
}

// Reported is a trial with its learning curve.
type Reported struct {
	Trial
	Freeze string     `json:"freeze,omitempty"` // its typed freeze schedule in words
	Folds  []float64  `json:"folds"`            // what Value is the aggregate of, at its best epoch
	Curve  []*float64 `json:"curve"`            // by epoch, over those folds, of the leading objective; null where there is no finite value
}

// Evidence is what speaks for the winner.
type Evidence struct {
	Search   Sample      `json:"search"`    // over the folds of the search
	Fresh    *Sample     `json:"fresh"`     // over the fresh folds of its confirmation; nil: it was not confirmed
	RunnerUp *Comparison `json:"runner_up"` // the next complete trial; nil: there is none
}

// Sample is what folds measured.
type Sample struct {
	Value float64   `json:"value"`
	Std   float64   `json:"std"` // sample standard deviation; 0 with one fold
	Folds []float64 `json:"folds"`
}

// StudyCost is what a study took.
type StudyCost struct {
	Epochs                    // of the search
	Confirm    int            `json:"confirm"`     // epochs of the confirming folds
	Wall       float64        `json:"wall"`        // seconds on the clock, from its creation to its end, or to the report
	Seconds    float64        `json:"seconds"`     // of training, all trials together
	GPUSeconds float64        `json:"gpu_seconds"` //
	Cache      trial.CacheUse `json:"cache"`
}

// ReportOf is the report of a study from its state and its whole record. gpus is how many GPUs a trial holds; importance may be nil.
func ReportOf(s *trial.State, events []trial.Event, status Status, gpus float64, importance *trial.Importances, now time.Time) Report {
	r := Report{Status: status, Objectives: s.Study.Objectives(), Shape: s.Study.Shape, Seed: s.Study.Seed, Made: now.UTC().Truncate(time.Second),
		Importance: importance, Pruned: prunings(s, events), Failures: breakages(s, events), Cost: costOf(s, gpus, now), Trials: []Reported{}}
	for _, t := range s.Trials {
		r.Trials = append(r.Trials, reported(s, t))
	}
	if best := s.Best(); best != nil {
		r.Evidence, r.Confusion, r.Refit = evidenceOf(s, best), ConfusionOf(s, best), best.Refit()
	}
	return r
}

func reported(s *trial.State, t *trial.Trial) Reported {
	r := Reported{Trial: TrialOf(s, t), Folds: []float64{}, Curve: []*float64{}}
	_, r.Freeze = Plain(t.Params)
	o := s.Study.Objective
	score, ok := t.Score(o, s.Study.Shape)
	if !ok {
		return r
	}
	r.Folds = score.Folds
	longest := 0
	for f := range score.Folds {
		longest = max(longest, len(t.Curve(o.Metric, f)))
	}
	for e := range longest {
		folds := make([]float64, len(score.Folds))
		for f := range folds {
			curve := t.Curve(o.Metric, f)
			folds[f] = curve[min(e, len(curve)-1)]
		}
		r.Curve = append(r.Curve, finite(o.Combine(folds)))
	}
	return r
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func evidenceOf(s *trial.State, best *trial.Trial) *Evidence {
	o, shape := s.Study.Objective, s.Study.Shape
	score, _ := best.Score(o, shape)
	k := min(shape.Folds, len(score.Folds))
	out := &Evidence{Search: sampleOf(o, score.Folds[:k])}
	if fresh := score.Folds[k:]; len(fresh) > 0 {
		q := sampleOf(o, fresh)
		out.Fresh = &q
	}
	if other := next(s, best); other != nil {
		if c, _, ok := versus(s, best, other); ok {
			out.RunnerUp = &c
		}
	}
	return out
}

func sampleOf(o trial.Objective, folds []float64) Sample {
	return Sample{Value: o.Combine(folds), Std: trial.Std(folds), Folds: folds}
}

func costOf(s *trial.State, gpus float64, now time.Time) StudyCost {
	c := StudyCost{Epochs: Epochs{s.EpochsRun(), s.EpochsFull()}, Cache: s.Cache(), Wall: now.Sub(s.Study.Created).Seconds()}
	if s.Status.Over() {
		c.Wall = s.Since.Sub(s.Study.Created).Seconds()
	}
	for _, t := range s.Trials {
		c.Confirm, c.Seconds = c.Confirm+t.Extra, c.Seconds+t.Seconds
	}
	c.GPUSeconds = c.Seconds * gpus
	return c
}

// Tested is, of what a refitted model measured, its worth in the objectives on the test file: test_accuracy of val_accuracy. Empty without
// one.
func Tested(objectives []trial.Objective, measured trial.Metrics) trial.Metrics {
	var out trial.Metrics
	for _, o := range objectives {
		name := "test_" + strings.TrimPrefix(o.Metric, "val_")
		if v, ok := measured.Get(name); ok {
			out = append(out, trial.Metric{Name: name, Value: v})
		}
	}
	return out
}
