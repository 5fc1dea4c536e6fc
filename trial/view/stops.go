package view

import (
	"cmp"
	"slices"
	"strings"

	"automl/trial"
)

// Pruning is the trials that one rule stopped at one rung.
type Pruning struct {
	Rule      string         `json:"rule"`
	At        trial.Resource `json:"at"`
	Trials    []int          `json:"trials"`
	Low       *float64       `json:"low"`       // the lowest of their values there; nil: none was finite
	High      *float64       `json:"high"`      // the highest
	Threshold *float64       `json:"threshold"` // the median of what they were held against; nil: nothing
	Saved     int            `json:"saved"`     // epochs of the search that they did not train any more
}

// prunings is the trials that were stopped, by rule and rung: those that stopped most first.
func prunings(s *trial.State, events []trial.Event) []Pruning {
	out := []Pruning{}
	var thresholds [][]float64
	for _, e := range events {
		d := e.Decision
		if d == nil || d.What != trial.Pruned {
			continue
		}
		rule := ruleOf(d.Reason)
		k := slices.IndexFunc(out, func(p Pruning) bool { return p.Rule == rule && p.At == d.At })
		if k < 0 {
			k = len(out)
			out, thresholds = append(out, Pruning{Rule: rule, At: d.At}), append(thresholds, nil)
		}
		p := &out[k]
		p.Trials = append(p.Trials, d.Trial)
		p.Saved += s.Study.Shape.Units(s.Study.Shape.Full()) - s.Trial(d.Trial).Epochs
		if v := d.Value; v != nil {
			low, high := *v, *v
			if p.Low != nil {
				low, high = min(low, *p.Low), max(high, *p.High)
			}
			p.Low, p.High = &low, &high
		}
		if d.Threshold != nil {
			thresholds[k] = append(thresholds[k], *d.Threshold)
		}
	}
	for k, v := range thresholds {
		if len(v) > 0 {
			slices.Sort(v)
			middle := (v[(len(v)-1)/2] + v[len(v)/2]) / 2
			out[k].Threshold = &middle
		}
	}
	slices.SortStableFunc(out, func(a, b Pruning) int {
		return cmp.Or(cmp.Compare(len(b.Trials), len(a.Trials)), a.At.Compare(b.At))
	})
	return out
}

// ruleOf is the name of the rule that a reason begins with: "fold race" of "fold race after fold 0: ...". The reason itself where no
// rule stopped the trial.
func ruleOf(reason string) string {
	end := len(reason)
	for _, mark := range []string{":", ",", " after fold", " bracket"} {
		if i := strings.Index(reason, mark); i >= 0 {
			end = min(end, i)
		}
	}
	return reason[:end]
}

// Breakage is how often training broke in one way.
type Breakage struct {
	Failure  trial.Failure `json:"failure"`
	Trials   int           `json:"trials"`   // that ended of it
	Attempts int           `json:"attempts"` // that broke, those that were tried again included
	Last     string        `json:"last"`     // the first line of the latest message
}

// breakages is what broke, in the order of trial.Failures; kinds that did not occur are left out.
func breakages(s *trial.State, events []trial.Event) []Breakage {
	found := map[trial.Failure]*Breakage{}
	for _, e := range events {
		d := e.Decision
		if d == nil || d.What != trial.Failed && d.What != trial.Retried || d.Failure == "" {
			continue
		}
		b := found[d.Failure]
		if b == nil {
			b = &Breakage{Failure: d.Failure}
			found[d.Failure] = b
		}
		b.Attempts++
		b.Last, _, _ = strings.Cut(d.Reason, "\n")
	}
	for _, t := range s.Trials {
		if b := found[t.Failure]; b != nil && t.Status == trial.Fail {
			b.Trials++
		}
	}
	out := []Breakage{}
	for _, f := range trial.Failures {
		if b := found[f]; b != nil {
			out = append(out, *b)
		}
	}
	return out
}
