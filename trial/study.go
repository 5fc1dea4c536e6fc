package trial

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// Goal is the direction of an objective.
type Goal string

// The two directions.
const (
	Minimize Goal = "minimize"
	Maximize Goal = "maximize"
)

// Aggregate is how the folds of a trial become its value.
type Aggregate string

// The aggregates over folds.
const (
	Mean   Aggregate = "mean"
	Median Aggregate = "median"
	Worst  Aggregate = "worst"
)

// Objective is what a study optimizes: a metric, a direction, and how the folds are put together.
type Objective struct {
	Metric string    `json:"metric"`
	Goal   Goal      `json:"goal"`
	Folds  Aggregate `json:"folds,omitempty"` // empty means Mean
}

// Better reports whether a is strictly better than b. A value that is not finite is never better, and any finite one beats it.
func (o Objective) Better(a, b float64) bool {
	return o.Loss(a) < o.Loss(b)
}

// Loss turns a value into one to minimize; a value that is not finite becomes +Inf, the worst.
func (o Objective) Loss(v float64) float64 {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return math.Inf(1)
	case o.Goal == Maximize:
		return -v
	}
	return v
}

// Combine is the aggregate of one value a fold; NaN when there is none or one is not finite.
func (o Objective) Combine(folds []float64) float64 {
	if len(folds) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range folds {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return math.NaN()
		}
		sum += v
	}
	switch o.Folds {
	case Median:
		sorted, n := slices.Sorted(slices.Values(folds)), len(folds)
		return (sorted[(n-1)/2] + sorted[n/2]) / 2
	case Worst:
		if o.Goal == Maximize {
			return slices.Min(folds)
		}
		return slices.Max(folds)
	}
	return sum / float64(len(folds))
}

// StudyState says where a study stands.
type StudyState string

// The states of a study. Done and Stopped are final.
const (
	StudyRunning  StudyState = "RUNNING"
	StudyDraining StudyState = "DRAINING" // no new trials; what runs, and what may be promoted, is finished
	StudyPaused   StudyState = "PAUSED"
	StudyDone     StudyState = "DONE"
	StudyStopped  StudyState = "STOPPED"
)

// Over reports whether nothing will ever be handed out again.
func (s StudyState) Over() bool { return s == StudyDone || s == StudyStopped }

// Study is one search, as it was submitted. Everything that changes lies in its record.
type Study struct {
	ID        string          // short, unique in a data directory
	Name      string          // unique in a data directory
	Document  json.RawMessage // the whole sweep document as canonical JSON
	Digest    string          // SHA-256 of Document in hex: two submissions with the same digest are the same study
	Seed      uint64          // every random draw of the study derives from it
	Objective Objective       // what is optimized; with Others, the one that leads
	Others    []Objective     // the further objectives; none: there is one
	Shape     Shape           // the full ladder
	Created   time.Time       // UTC
}

// MaxObjectives is how many objectives a study may have: with more, nearly every trial is on the front.
const MaxObjectives = 4

// Objectives is everything that is optimized, the leading objective first.
func (s Study) Objectives() []Objective {
	return append([]Objective{s.Objective}, s.Others...)
}

// Validate checks what must hold whatever the sweep file says.
func (s Study) Validate() error {
	all := s.Objectives()
	if len(all) > MaxObjectives {
		return fmt.Errorf("study %s: %d objectives are more than %d", s.Name, len(all), MaxObjectives)
	}
	for i, o := range all {
		switch {
		case o.Metric == "":
			return fmt.Errorf("study %s: the objective has no metric", s.Name)
		case o.Goal != Minimize && o.Goal != Maximize:
			return fmt.Errorf("study %s: the goal is %q, neither minimize nor maximize", s.Name, o.Goal)
		case slices.ContainsFunc(all[:i], func(p Objective) bool { return p.Metric == o.Metric }):
			return fmt.Errorf("study %s: two objectives have the metric %s", s.Name, o.Metric)
		}
	}
	switch {
	case s.ID == "" || s.Name == "":
		return fmt.Errorf("a study needs an id and a name")
	case s.Shape.Folds < 1 || s.Shape.Epochs < 1:
		return fmt.Errorf("study %s: %d folds of %d epochs make no ladder", s.Name, s.Shape.Folds, s.Shape.Epochs)
	}
	return nil
}
