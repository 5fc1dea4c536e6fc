// Package view is what people and programs see of a study: the shapes that the command line prints as JSON and the HTTP API
// answers with, made from a state alone. Their JSON is a contract.
package view

import (
	"fmt"
	"math"
	"strings"
	"time"

	"automl/trial"
)

// Best is the winner of a study.
type Best struct {
	Study    string       `json:"study"`
	Trial    int          `json:"trial"`
	Value    float64      `json:"value"`
	Std      float64      `json:"std"`
	Folds    []Fold       `json:"folds"`
	Params   trial.Params `json:"params"`
	Epoch    int          `json:"epoch"`
	Cost     Cost         `json:"cost"`
	Artifact string       `json:"artifact,omitempty"`
	Probe    *Probe       `json:"probe,omitempty"` // what the value is held against; nil: there is no yardstick
	Several               // with several objectives, where Value is that of the leading one
}

// Several is what a study with several objectives has besides its winner. It is empty, and not in the JSON, with one.
type Several struct {
	Objectives  []ObjectiveValue `json:"objectives,omitempty"`  // what the winner is worth in each
	Front       []Member         `json:"front,omitempty"`       // the trials that no other one beats, by the leading objective
	Hypervolume *float64         `json:"hypervolume,omitempty"` // that the front dominates up to Reference
	Reference   []float64        `json:"reference,omitempty"`   // a value for each objective; see trial.State.Hypervolume
}

// ObjectiveValue is the value of a trial in one objective.
type ObjectiveValue struct {
	Metric string     `json:"metric"`
	Goal   trial.Goal `json:"goal"`
	Value  float64    `json:"value"`
	Std    float64    `json:"std"`
}

// Member is a trial of the front, with its values at the end of the search's folds.
type Member struct {
	Trial      int              `json:"trial"`
	Epoch      int              `json:"epoch"`
	Objectives []ObjectiveValue `json:"objectives"`
	Params     trial.Params     `json:"params"`
}

// Fold is the value of one fold at the best epoch.
type Fold struct {
	Fold  int     `json:"fold"`
	Value float64 `json:"value"`
}

// Cost is what a trial took.
type Cost struct {
	Epochs     int     `json:"epochs"`
	Seconds    float64 `json:"seconds"`
	GPUSeconds float64 `json:"gpu_seconds"`
}

// BestOf is the winner so far; nil when no trial is complete. gpus is how many GPUs a trial holds.
func BestOf(s *trial.State, gpus float64) *Best {
	t := s.Best()
	if t == nil {
		return nil
	}
	score, _ := t.Score(s.Study.Objective, s.Study.Shape)
	b := &Best{Study: s.Study.Name, Trial: t.Number, Value: score.Value, Std: score.Std, Folds: []Fold{}, Params: t.Params,
		Epoch: score.Epoch, Artifact: t.Artifact, Probe: ProbeOf(s),
		Cost: Cost{Epochs: t.Epochs + t.Extra, Seconds: t.Seconds, GPUSeconds: t.Seconds * gpus}}
	for f, v := range score.Folds {
		b.Folds = append(b.Folds, Fold{f, v})
	}
	if len(s.Study.Others) > 0 {
		b.Several = severalOf(s, t)
	}
	return b
}

// severalOf is the front of a study whose winner is t.
func severalOf(s *trial.State, t *trial.Trial) Several {
	scores, _ := t.Scores(s.Study)
	out := Several{Objectives: objectivesOf(s.Study, scores)}
	for _, m := range s.Front() {
		scores, _ := m.ScoresAt(s.Study, s.Study.Shape.Full())
		out.Front = append(out.Front, Member{Trial: m.Number, Epoch: scores[0].Epoch, Objectives: objectivesOf(s.Study, scores), Params: m.Params})
	}
	volume, reference := s.Hypervolume()
	out.Hypervolume, out.Reference = &volume, reference
	return out
}

// objectivesOf is what a trial is worth; nil without values.
func objectivesOf(s trial.Study, scores []trial.Score) []ObjectiveValue {
	var out []ObjectiveValue
	for i, score := range scores {
		o := s.Objectives()[i]
		out = append(out, ObjectiveValue{o.Metric, o.Goal, score.Value, score.Std})
	}
	return out
}

// Status is how a study stands.
type Status struct {
	Study   string         `json:"study"`
	ID      string         `json:"id"`
	State   string         `json:"state"`
	Reason  string         `json:"reason,omitempty"`
	Trials  map[string]int `json:"trials"`
	Epochs  Epochs         `json:"epochs"`
	Best    *Best          `json:"best"`
	Audit   *Audit         `json:"audit,omitempty"`
	Claim   trial.Claim    `json:"claim,omitzero"` // to the runners' slots, as it stands
	Runners []Runner       `json:"runners"`
	Started time.Time      `json:"started"`
	ETA     *time.Time     `json:"eta"`
}

// Audit is how often stopping trials early was wrong, as far as is known from those that ran on to find out.
type Audit struct {
	Audited int     `json:"audited"` // trials that a rule would have stopped
	Judged  int     `json:"judged"`  // those of them that were trained in full
	Wrong   int     `json:"wrong"`   // those of Judged that beat the incumbent they were held against
	Rate    float64 `json:"rate"`    // Wrong of Judged, with its 95% interval
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// AuditOf is the audit of a study; nil when no trial was audited.
func AuditOf(s *trial.State) *Audit {
	a := s.Audit()
	if a.Audited == 0 {
		return nil
	}
	out := &Audit{Audited: a.Audited, Judged: a.Judged, Wrong: a.Wrong}
	out.Rate, out.Low, out.High = a.Rate()
	return out
}

// String is the audit for a person.
func (a Audit) String() string {
	text := fmt.Sprintf("of %d audited trials that the race would have stopped, %d would have beaten the incumbent", a.Judged, a.Wrong)
	if a.Judged > 0 {
		text += fmt.Sprintf(" (%.0f%%; 95%% interval %.0f%% to %.0f%%)", 100*a.Rate, 100*a.Low, 100*a.High)
	}
	if more := a.Audited - a.Judged; more > 0 {
		text += fmt.Sprintf("; of %d more the end is not known", more)
	}
	return text
}

// Epochs is what was trained in the search, and what the same trials would have cost without pruning.
type Epochs struct {
	Run  int `json:"run"`
	Full int `json:"full"`
}

// Runner is a runner as the daemon knows it.
type Runner struct {
	trial.RunnerInfo
	SilentSeconds float64 `json:"silent_seconds"` // since it was last heard of
}

// Known is what the sweep document of a study says, and not its record.
type Known struct {
	GPUs    float64     // that one trial holds
	Planned int         // epochs of the whole study; 0: unknown
	Claim   trial.Claim // to the runners' slots

	External bool // its trainers ask for work; it needs no runner
}

// StatusOf is how a study stands, given the runners of its daemon.
func StatusOf(s *trial.State, runners []Runner, doc Known, now time.Time) Status {
	if runners == nil {
		runners = []Runner{}
	}
	q := Status{Study: s.Study.Name, ID: s.Study.ID, State: string(s.Status), Reason: s.Reason, Trials: map[string]int{},
		Epochs: Epochs{s.EpochsRun(), s.EpochsFull()}, Best: BestOf(s, doc.GPUs), Audit: AuditOf(s), Claim: s.Claim.Over(doc.Claim),
		Runners: runners, Started: s.Study.Created}
	if len(runners) > 0 || doc.External && s.Open() > 0 { // else nobody works on it
		q.ETA = eta(s, doc.Planned, now)
	}
	c := s.Counts()
	for _, st := range trial.Statuses {
		q.Trials[StatusName(st)] = c[st]
	}
	return q
}

// StatusName is the key of a trial state in Status.Trials.
func StatusName(st trial.Status) string { return strings.ToLower(string(st)) }

// eta is when the planned epochs will be trained at the speed so far; nil when that is not known, or all of them are.
func eta(s *trial.State, planned int, now time.Time) *time.Time {
	run := s.EpochsRun()
	if s.Status != trial.StudyRunning || run == 0 || planned <= run {
		return nil
	}
	per := now.Sub(s.Study.Created) / time.Duration(run)
	at := now.Add(per * time.Duration(planned-run)).UTC().Truncate(time.Second)
	return &at
}

// Trial is one trial.
type Trial struct {
	Trial      int              `json:"trial"`
	State      string           `json:"state"`
	Value      *float64         `json:"value"`
	Std        float64          `json:"std"`
	BestEpoch  int              `json:"best_epoch,omitempty"` // the one that the value is read at
	Folds      []Fold           `json:"folds,omitempty"`      // what the value is made of
	Objectives []ObjectiveValue `json:"objectives,omitempty"` // with several: what it is worth in each
	Params     trial.Params     `json:"params"`
	Origin     trial.Origin     `json:"origin"`
	Bracket    int              `json:"bracket"`
	Done       trial.Resource   `json:"done"`
	Epochs     int              `json:"epochs"`
	Seconds    float64          `json:"seconds"`
	Cache      *trial.CacheUse  `json:"cache,omitempty"` // of the activations of frozen blocks; nil: none were cached
	Usage      *TrialUsage      `json:"usage,omitempty"` // of its machine; nil: it was not measured
	Reason     string           `json:"reason"`
	Curves     []Curve          `json:"curves,omitempty"`
	Confusion  *ConfusionMatrix `json:"confusion,omitempty"` // of one trial alone, if it is one of the best
}

// TrialUsage is what a trial took of its machine: the most of memory that was seen, and means over the time of its epochs.
type TrialUsage struct {
	trial.Usage
	Slowdown float64 `json:"slowdown,omitempty"` // how much longer an epoch took beside other trials on its GPU than alone; 0: not known
}

// String is the usage for a person.
func (u TrialUsage) String() string {
	const gib = 1 << 30
	text := fmt.Sprintf("%.2f GiB of memory at most", float64(u.Memory)/gib)
	if u.GPUTrials == 0 {
		return text
	}
	text += fmt.Sprintf("; GPU %.0f%% busy with %.1f trials on it", 100*u.GPUBusy, u.GPUTrials)
	if u.GPUMemory > 0 {
		text += fmt.Sprintf(", %.2f GiB of its memory at most", float64(u.GPUMemory)/gib)
	}
	if u.Slowdown > 0 {
		text += fmt.Sprintf("; an epoch beside other trials took %.2f times as long as one alone", u.Slowdown)
	}
	return text
}

// Curve is one metric of one fold by epoch; an epoch without a finite value is null.
type Curve struct {
	Fold   int        `json:"fold"`
	Metric string     `json:"metric"`
	Values []*float64 `json:"values"`
}

// TrialOf is one trial without its curves.
func TrialOf(s *trial.State, t *trial.Trial) Trial {
	v := Trial{Trial: t.Number, State: string(t.Status), Params: t.Params, Origin: t.Origin, Bracket: t.Bracket, Done: t.Done,
		Epochs: t.Epochs + t.Extra, Seconds: t.Seconds, Reason: t.Reason}
	if use := t.Cache; use != (trial.CacheUse{}) {
		v.Cache = &use
	}
	if t.Usage != (trial.UsageSum{}) {
		v.Usage = &TrialUsage{t.Usage.Usage, t.Usage.Slowdown()}
	}
	if score, ok := t.Score(s.Study.Objective, s.Study.Shape); ok {
		v.Value, v.Std, v.BestEpoch = &score.Value, score.Std, score.Epoch
		for f, value := range score.Folds {
			v.Folds = append(v.Folds, Fold{f, value})
		}
	}
	if len(s.Study.Others) > 0 {
		scores, _ := t.Scores(s.Study)
		v.Objectives = objectivesOf(s.Study, scores)
	}
	return v
}

// CurvesOf is every curve of a trial, metric by metric.
func CurvesOf(t *trial.Trial) []Curve {
	out := []Curve{}
	for _, m := range t.Metrics() {
		for f := range t.Folds(m) {
			c := Curve{Fold: f, Metric: m, Values: []*float64{}}
			for _, v := range t.Curve(m, f) {
				p := &v
				if math.IsNaN(v) || math.IsInf(v, 0) {
					p = nil
				}
				c.Values = append(c.Values, p)
			}
			out = append(out, c)
		}
	}
	return out
}
