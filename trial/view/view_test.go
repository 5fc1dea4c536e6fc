package view_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/trial/view"
)

var start = time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)

// history builds a state event by event.
type history struct {
	t *testing.T
	*trial.State
}

func newHistory(t *testing.T) *history {
	return &history{t, trial.NewState(trial.Study{ID: "k3f9", Name: "demo", Shape: trial.Shape{Folds: 2, Epochs: 3}, Created: start,
		Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}})}
}

func (h *history) apply(e trial.Event) {
	h.t.Helper()
	e.Seq = h.Seq + 1
	if err := h.Apply(e); err != nil {
		h.t.Fatal(err)
	}
}

func (h *history) decide(d trial.Decision) { h.t.Helper(); h.apply(trial.Event{Decision: &d}) }

func (h *history) move(to trial.StudyState, reason string) {
	h.t.Helper()
	h.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: to, Reason: reason})
}

// sample adds a trial, the next one.
func (h *history) sample(p ...trial.Param) int {
	h.t.Helper()
	n := len(h.Trials)
	h.decide(trial.Decision{Trial: n, What: trial.Sampled, Params: p, Origin: trial.FromSampler, Bracket: 1, Reason: "drawn"})
	return n
}

// start adds a trial that a runner works on.
func (h *history) start(p ...trial.Param) int {
	h.t.Helper()
	n := h.sample(p...)
	h.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: h.Study.Shape.Full()})
	h.decide(trial.Decision{Trial: n, What: trial.Started, Attempt: 1, Runner: "box", Run: "r1"})
	return n
}

func (h *history) report(n, fold, epoch int, metrics ...trial.Metric) {
	h.t.Helper()
	h.apply(trial.Event{Report: &trial.Report{Trial: n, Attempt: 1, Fold: fold, Epoch: epoch, Cost: 1.5, Metrics: metrics}})
}

// complete adds a complete trial with the values of one epoch in two folds, which is its second one.
func (h *history) complete(a, b float64) int {
	h.t.Helper()
	n := h.start(trial.Param{Name: "zeta", Value: 2.0}, trial.Param{Name: "alpha", Value: int64(7)})
	h.report(n, 0, 1, acc(0))
	h.report(n, 0, 2, acc(a))
	h.report(n, 0, 3, acc(0.125))
	h.report(n, 1, 1, acc(0))
	h.report(n, 1, 2, acc(b))
	h.report(n, 1, 3, acc(0.125))
	h.decide(trial.Decision{Trial: n, What: trial.Completed, Attempt: 1, Reason: "trained in full"})
	return n
}

func acc(v float64) trial.Metric { return trial.Metric{Name: "acc", Value: v} }

// wantJSON compares what people and programs get.
func wantJSON(t *testing.T, got any, want string) {
	t.Helper()
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
}

func TestBestOf(t *testing.T) {
	h := newHistory(t)
	if b := view.BestOf(h.State, 1); b != nil {
		t.Errorf("the best of nothing is %+v", b)
	}
	h.complete(0.25, 0.25)
	n := h.complete(0.5, 0.75)
	b := view.BestOf(h.State, 0.5)
	if math.Abs(b.Std-0.1767766952966369) > 1e-12 {
		t.Errorf("std %v", b.Std)
	}
	b.Std = 0
	wantJSON(t, b, `{"study":"demo","trial":1,"value":0.625,"std":0,"folds":[{"fold":0,"value":0.5},{"fold":1,"value":0.75}],`+
		`"params":{"zeta":2.0,"alpha":7},"epoch":2,"cost":{"epochs":6,"seconds":9,"gpu_seconds":4.5}}`)

	h.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 2, Phase: trial.Confirm, At: trial.Resource{Fold: 1, Epoch: 3},
		To: trial.Resource{Fold: 2, Epoch: 3}})
	for e := range 3 {
		h.report(n, 2, e+1, acc(0.25))
	}
	h.decide(trial.Decision{Trial: n, What: trial.Confirmed, Attempt: 2})
	h.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 3, Phase: trial.Refit})
	h.decide(trial.Decision{Trial: n, What: trial.Refitted, Attempt: 3, Artifact: "/models/demo"})
	b = view.BestOf(h.State, 1)
	if b.Value != 0.5 || len(b.Folds) != 3 || b.Cost.Epochs != 9 || b.Artifact != "/models/demo" {
		t.Errorf("after confirming and refitting: %+v", b)
	}
}

func TestStatusOf(t *testing.T) {
	h := newHistory(t)
	wantJSON(t, view.StatusOf(h.State, nil, view.Known{GPUs: 1}, start), `{"study":"demo","id":"k3f9","state":"RUNNING",`+
		`"trials":{"complete":0,"fail":0,"paused":0,"pruned":0,"running":0,"waiting":0},"epochs":{"run":0,"full":0},"best":null,`+
		`"runners":[],"started":"2026-02-03T04:00:00Z","eta":null}`)

	h.complete(0.5, 0.75)
	h.sample()
	h.start()
	paused, pruned, failed := h.start(), h.start(), h.start()
	h.decide(trial.Decision{Trial: paused, What: trial.Paused, Attempt: 1})
	h.decide(trial.Decision{Trial: pruned, What: trial.Pruned})
	h.decide(trial.Decision{Trial: failed, What: trial.Failed, Failure: trial.NaN, Reason: "diverged"})
	h.move(trial.StudyDraining, "the budget is spent")
	got := view.StatusOf(h.State, []view.Runner{{SilentSeconds: 2}}, view.Known{GPUs: 1}, start)
	want := map[string]int{"waiting": 1, "running": 1, "paused": 1, "complete": 1, "pruned": 1, "fail": 1}
	if d := cmp.Diff(want, got.Trials); d != "" {
		t.Errorf("trials (-want +got):\n%s", d)
	}
	if got.Epochs != (view.Epochs{Run: 6, Full: 36}) || got.Best == nil || got.Best.Trial != 0 || len(got.Runners) != 1 ||
		got.State != "DRAINING" || got.Reason != "the budget is spent" {
		t.Errorf("status %+v", got)
	}
}

// What the sweep document says of slots holds until it is changed.
func TestStatusHasTheClaim(t *testing.T) {
	h := newHistory(t)
	share, priority, workers, changed := 2.0, 1, 4, 7
	doc := view.Known{Claim: trial.Claim{Share: &share, Priority: &priority, Workers: &workers}}
	h.decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: trial.StudyRunning, Params: trial.Claim{Workers: &changed}.Params()})
	got := view.StatusOf(h.State, nil, doc, start).Claim
	wantJSON(t, got, `{"share":2,"priority":1,"workers":7}`)
	if text := view.ClaimText(got); text != "share 2, priority 1, at most 7 trials at once" {
		t.Errorf("%q", text)
	}
	if text := view.ClaimText(trial.Claim{}); text != "share 1, priority 0, as many trials at once as there are slots" {
		t.Errorf("%q", text)
	}
}

func TestETA(t *testing.T) {
	h := newHistory(t)
	h.complete(0.5, 0.75) // 6 epochs
	runners := []view.Runner{{}}
	at := func(planned int, now time.Time) *time.Time {
		return view.StatusOf(h.State, runners, view.Known{Planned: planned}, now).ETA
	}
	if got, want := at(18, start.Add(time.Minute)), start.Add(3*time.Minute); got == nil || !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("18 epochs planned: %v, want %v", got, want)
	}
	for _, planned := range []int{0, 1, 6} { // unknown, or all of them are trained
		if got := at(planned, start.Add(time.Minute)); got != nil {
			t.Errorf("%d epochs planned: %v", planned, got)
		}
	}
	runners = nil
	if got := at(18, start.Add(time.Minute)); got != nil {
		t.Errorf("nobody works on it, and it ends at %v", got)
	}
	runners = []view.Runner{{}}
	h.move(trial.StudyPaused, "")
	if got := at(18, start.Add(time.Minute)); got != nil {
		t.Errorf("a paused study ends at %v", got)
	}
}

func TestTrialOf(t *testing.T) {
	h := newHistory(t)
	n := h.start()
	h.report(n, 0, 1, acc(math.NaN()))
	wantJSON(t, view.TrialOf(h.State, h.Trial(n)), `{"trial":0,"state":"RUNNING","value":null,"std":0,"params":{},"origin":"sampler",`+
		`"bracket":1,"done":{"fold":0,"epoch":1},"epochs":1,"seconds":1.5,"reason":"drawn"}`)
	n = h.complete(0.5, 0.5)
	wantJSON(t, view.TrialOf(h.State, h.Trial(n)), `{"trial":1,"state":"COMPLETE","value":0.5,"std":0,"best_epoch":2,"folds":[{"fold":0,"value":0.5},{"fold":1,"value":0.5}],"params":{"zeta":2.0,"alpha":7},`+
		`"origin":"sampler","bracket":1,"done":{"fold":1,"epoch":3},"epochs":6,"seconds":9,"reason":"trained in full"}`)
}

func TestTrialOfCache(t *testing.T) {
	h := newHistory(t)
	n := h.start()
	for epoch, use := range []trial.CacheUse{{Misses: 30}, {Hits: 30, Saved: 1.25}} {
		h.apply(trial.Event{Report: &trial.Report{Trial: n, Attempt: 1, Epoch: epoch + 1, Metrics: trial.Metrics{acc(0.5)}, Cache: &use}})
	}
	want := trial.CacheUse{Hits: 30, Misses: 30, Saved: 1.25}
	if got := view.TrialOf(h.State, h.Trial(n)).Cache; got == nil || *got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	text, err := json.Marshal(view.TrialOf(h.State, h.Trial(n)).Cache)
	if err != nil || string(text) != `{"hits":30,"misses":30,"saved_seconds":1.25}` {
		t.Errorf("%s, %v", text, err)
	}
}

// TestValuesStandAlone: the value of one trial is not that of the next.
func TestValuesStandAlone(t *testing.T) {
	h := newHistory(t)
	h.complete(0.5, 0.5)
	h.complete(0.25, 0.25)
	a, b := view.TrialOf(h.State, h.Trial(0)), view.TrialOf(h.State, h.Trial(1))
	if *a.Value != 0.5 || *b.Value != 0.25 {
		t.Errorf("values %v and %v", *a.Value, *b.Value)
	}
}

func TestCurvesOf(t *testing.T) {
	h := newHistory(t)
	n := h.start()
	wantJSON(t, view.CurvesOf(h.Trial(n)), `[]`)
	h.report(n, 0, 1, trial.Metric{Name: "loss", Value: math.Inf(1)}, acc(math.NaN()))
	h.report(n, 0, 3, trial.Metric{Name: "loss", Value: math.Inf(-1)}, acc(0.5))
	h.report(n, 1, 1, acc(0.25))
	wantJSON(t, view.CurvesOf(h.Trial(n)), `[{"fold":0,"metric":"loss","values":[null,null,null]},`+
		`{"fold":0,"metric":"acc","values":[null,null,0.5]},{"fold":1,"metric":"acc","values":[0.25]}]`)
}

func TestStatusName(t *testing.T) {
	for _, st := range trial.Statuses {
		if got := view.StatusName(st); got == "" || got == string(st) {
			t.Errorf("%s is named %q", st, got)
		}
	}
}

func TestAuditOf(t *testing.T) {
	h := newHistory(t)
	h.complete(0.5, 0.5)
	if a := view.AuditOf(h.State); a != nil {
		t.Errorf("nothing was audited, but %s", a)
	}
	bar := 0.5
	for _, v := range []float64{0.25, 0.75} {
		n := len(h.Trials)
		h.complete(v, v)
		h.Trials[n].Audit = &trial.Decision{Threshold: &bar}
	}
	h.decide(trial.Decision{Trial: h.start(), What: trial.Audited, Attempt: 1, Threshold: &bar, Reason: "would have been stopped"})
	a := view.AuditOf(h.State)
	want := "of 2 audited trials that the race would have stopped, 1 would have beaten the incumbent (50%; 95% interval 9% to 91%); " +
		"of 1 more the end is not known"
	if a == nil || a.String() != want {
		t.Errorf("got %v\nwant %s", a, want)
	}
	a.Low, a.High = 0, 1
	wantJSON(t, a, `{"audited":3,"judged":2,"wrong":1,"rate":0.5,"low":0,"high":1}`)
}
