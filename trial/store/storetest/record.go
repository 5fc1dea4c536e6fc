package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"automl/trial"
)

// Study is a small study with the given id.
func Study(id string) trial.Study {
	return trial.Study{
		ID: id, Name: "study " + id, Document: json.RawMessage(fmt.Sprintf(`{"name":"study %s"}`, id)), Digest: "d" + id, Seed: 7,
		Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}, Shape: trial.Shape{Folds: 3, Epochs: 4}, Created: stamp,
	}
}

// Record draws a record that the study allows: whatever event comes next, if its state accepts it.
func Record(rt *rapid.T, s trial.Study, length int) []trial.Event {
	state := trial.NewState(s)
	var out []trial.Event
	for range length {
		e := trial.Event{Seq: state.Seq + 1, Time: times.Draw(rt, "time")}
		if len(state.Trials) > 0 && rapid.IntRange(0, 2).Draw(rt, "kind") > 0 {
			e.Report = drawReport(rt, state)
		} else {
			e.Decision = drawDecision(rt, state)
		}
		if state.Apply(e) == nil {
			out = append(out, e)
		}
	}
	return out
}

// Diff compares records, floats bit by bit but for NaN, which has one value.
func Diff(want, got []trial.Event) string {
	same := cmp.Comparer(func(a, b float64) bool {
		return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
	})
	return cmp.Diff(want, got, same, cmpopts.EquateEmpty())
}

var (
	times  = rapid.Map(rapid.Int64Range(1, math.MaxInt64/2), func(ns int64) time.Time { return time.Unix(0, ns).UTC() })
	floats = rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 1),
		rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1, math.MaxFloat64, 5e-324}))
	finite = rapid.Float64()
	names  = rapid.SampledFrom([]string{"acc", "acc", "acc", "loss", "", "é\x00\"'"})
	values = rapid.OneOf(rapid.Map(finite, toAny[float64]), rapid.Map(rapid.Int64(), toAny[int64]),
		rapid.Map(rapid.StringMatching(`[a-z"'\\<é]*`), toAny[string]), rapid.Map(rapid.Bool(), toAny[bool]),
		rapid.SampledFrom([]any{3.0, 1e21, int64(math.MaxInt64)}))
)

func toAny[T any](v T) any { return v }

func drawReport(rt *rapid.T, s *trial.State) *trial.Report {
	r := &trial.Report{
		Trial:   rapid.IntRange(0, len(s.Trials)-1).Draw(rt, "trial"),
		Attempt: rapid.IntRange(1, 3).Draw(rt, "attempt"),
		Fold:    rapid.IntRange(0, s.Study.Shape.Folds).Draw(rt, "fold"),
		Epoch:   rapid.IntRange(1, s.Study.Shape.Epochs).Draw(rt, "epoch"),
		Cost:    rapid.Float64Range(0, 1e6).Draw(rt, "cost"),
		Last:    rapid.IntRange(0, 5).Draw(rt, "last") == 0,
	}
	if rapid.Bool().Draw(rt, "cached") {
		r.Cache = &trial.CacheUse{Hits: rapid.IntRange(0, 1<<40).Draw(rt, "hits"), Misses: rapid.IntRange(0, 9).Draw(rt, "misses"),
			Saved: rapid.Float64Range(0, 1e9).Draw(rt, "saved")}
	}
	if rapid.Bool().Draw(rt, "measured") {
		r.Usage = &trial.Usage{Memory: rapid.Int64Range(0, 1<<50).Draw(rt, "memory"), GPUBusy: rapid.Float64Range(0, 1).Draw(rt, "busy"),
			GPUTrials: rapid.Float64Range(0, 8).Draw(rt, "trials")}
	}
	if rapid.Bool().Draw(rt, "confused") {
		r.Confusion = trial.NewConfusion([][]int{{rapid.IntRange(0, 9).Draw(rt, "right"), 1}, {0, 300}}, []string{"no", "yes \"'"})
	}
	for range rapid.IntRange(0, 3).Draw(rt, "metrics") {
		r.Metrics = append(r.Metrics, trial.Metric{Name: names.Draw(rt, "metric"), Value: floats.Draw(rt, "value")})
	}
	return r
}

func drawDecision(rt *rapid.T, s *trial.State) *trial.Decision {
	d := &trial.Decision{
		Trial: rapid.IntRange(0, len(s.Trials)).Draw(rt, "trial"),
		What: rapid.SampledFrom([]trial.What{trial.Sampled, trial.Promoted, trial.Assigned, trial.Started, trial.Paused,
			trial.Pruned, trial.Audited, trial.Completed, trial.Failed, trial.Retried, trial.Confirmed, trial.Refitted, trial.Manifest,
			trial.Moved}).Draw(rt, "what"),
		Reason:  rapid.SampledFrom([]string{"", "because", "it's\nlate"}).Draw(rt, "reason"),
		Bracket: rapid.IntRange(0, 3).Draw(rt, "bracket"),
		At:      drawResource(rt, "at"),
		To:      drawResource(rt, "to"),
		Origin:  rapid.SampledFrom([]trial.Origin{"", trial.FromSampler, trial.FromUser}).Draw(rt, "origin"),
		Phase:   rapid.SampledFrom([]trial.Phase{trial.Search, trial.Search, trial.Confirm, trial.Refit}).Draw(rt, "phase"),
		Failure: rapid.SampledFrom([]trial.Failure{"", trial.OOM, trial.NaN, trial.Crash, trial.Timeout, trial.Lost,
			trial.Aborted, trial.Signal, trial.Processes, trial.Protocol}).Draw(rt, "failure"),
		Runner: "box", Run: "run-1", Artifact: rapid.SampledFrom([]string{"", "/models/1"}).Draw(rt, "artifact"),
		Hash: "cafe", Value: drawOptional(rt, "value"), Threshold: drawOptional(rt, "threshold"),
	}
	if t := s.Trial(d.Trial); t != nil {
		d.Attempt = t.Attempts
	}
	switch d.What {
	case trial.Sampled:
		d.Trial, d.Params = len(s.Trials), drawParams(rt)
	case trial.Assigned:
		d.Attempt++
	case trial.Manifest:
		d.Trial = trial.NoTrial
	case trial.Moved:
		d.Trial = trial.NoTrial
		d.Study = rapid.SampledFrom([]trial.StudyState{trial.StudyRunning, trial.StudyDraining, trial.StudyPaused,
			trial.StudyDone, trial.StudyStopped}).Draw(rt, "study")
	}
	return d
}

func drawResource(rt *rapid.T, label string) trial.Resource {
	return trial.Resource{Fold: rapid.IntRange(0, 3).Draw(rt, label+" fold"), Epoch: rapid.IntRange(0, 4).Draw(rt, label+" epoch")}
}

func drawOptional(rt *rapid.T, label string) *float64 {
	if rapid.Bool().Draw(rt, label+" given") {
		return nil
	}
	v := floats.Draw(rt, label)
	return &v
}

func drawParams(rt *rapid.T) trial.Params {
	out := trial.Params{}
	for i := range rapid.IntRange(0, 4).Draw(rt, "parameters") {
		out = append(out, trial.Param{Name: fmt.Sprintf("p%d.é\"", i), Value: values.Draw(rt, "parameter")})
	}
	return out
}
