package view

import (
	"fmt"

	"automl/trial"
)

// Probe is the yardstick of a study: what the pretrained model is worth without fine-tuning, and what tuning has gained over it.
type Probe struct {
	Trial int     `json:"trial"`
	Value float64 `json:"value"` // over the folds that Tuned has, too
	Std   float64 `json:"std"`
	Folds int     `json:"folds"`
	Tuned *Tuned  `json:"tuned"` // nil: no other trial is complete yet
}

// Tuned is the best complete trial besides the probe.
type Tuned struct {
	Trial  int     `json:"trial"`
	Value  float64 `json:"value"`  // over the folds that the probe has, too
	Gain   float64 `json:"gain"`   // by how much it is better than the probe; below 0: worse
	Better int     `json:"better"` // in so many of the folds
}

// ProbeOf is the yardstick of a study; nil when there is none, or it is not complete. With several objectives it measures the leading
// one.
func ProbeOf(s *trial.State) *Probe {
	t := s.Probe()
	if t == nil || t.Status != trial.Complete {
		return nil
	}
	if tuned := next(s, t); tuned != nil {
		if c, own, ok := versus(s, tuned, t); ok {
			return &Probe{Trial: t.Number, Value: own.Value, Std: own.Std, Folds: c.Folds, Tuned: &Tuned{tuned.Number, c.Own, c.Gain, c.Better}}
		}
	}
	own, ok := t.Score(s.Study.Objective, s.Study.Shape)
	if !ok {
		return nil
	}
	return &Probe{Trial: t.Number, Value: own.Value, Std: own.Std, Folds: len(own.Folds)}
}

// String is the yardstick for a person.
func (p Probe) String() string {
	switch {
	case p.Tuned == nil:
		return fmt.Sprintf("%.4f without fine-tuning (trial %d, the probe); no other trial is complete", p.Value, p.Trial)
	case p.Tuned.Gain > 0:
		return fmt.Sprintf("tuning gained %.4f over the probe (%.4f -> %.4f), in %d of %d folds", p.Tuned.Gain, p.Value, p.Tuned.Value, p.Tuned.Better, p.Folds)
	}
	return fmt.Sprintf("tuning gained nothing over the probe (%.4f; the best other trial, %d, has %.4f)", p.Value, p.Tuned.Trial, p.Tuned.Value)
}
