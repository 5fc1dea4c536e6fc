package daemon

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/trial/view"
)

func point(name string, value any, more ...any) trial.Params {
	p := trial.Params{{Name: name, Value: value}}
	for i := 0; i < len(more); i += 2 {
		p = append(p, trial.Param{Name: more[i].(string), Value: more[i+1]})
	}
	return p
}

func numbers(out []view.Enqueued) (all, fresh []int) {
	for _, e := range out {
		all = append(all, e.Trial)
		if e.New {
			fresh = append(fresh, e.Trial)
		}
	}
	return all, fresh
}

func TestEnqueuedTrialsRunNextAndSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		spec := externalSpec("tpe")
		spec.Enqueue = []trial.Params{point("lr", 1e-3, "opt", "adamw"), point("lr", 2e-3, "opt", "adamw")}
		store.studies = append(store.studies, spec.Study)
		h := newHouseWith(t, store, spec)
		first, _, err := h.d.Ask(t.Context(), "study", trial.Lease{}) // the sweep's own first
		if err != nil || !first.Params.Equal(spec.Enqueue[0]) {
			t.Fatal(first.Params, err)
		}
		points := []trial.Params{point("lr", 5e-3, "opt", "adamw"), point("opt", "sgd"), point("opt", "sgd"), point("opt", "adamw", "lr", 2e-3)}
		out, err := h.d.Enqueue(t.Context(), "study", points)
		if err != nil {
			t.Fatal(err)
		}
		if all, fresh := numbers(out); !cmp.Equal(all, []int{2, 3, 4, 1}) || !cmp.Equal(fresh, []int{2, 3, 4}) {
			t.Errorf("trials %v, new %v", all, fresh)
		}
		if out[1].Params.Equal(out[2].Params) || out[1].Params.Text("opt", "") != "sgd" || out[1].Params.Float("momentum", -1) < 0 {
			t.Errorf("filled in as %v and %v", out[1].Params, out[2].Params)
		}
		again, err := h.d.Enqueue(t.Context(), "s1", points) // an answer that was lost
		for i := range out {
			out[i].New = false
		}
		if d := cmp.Diff(out, again); err != nil || d != "" {
			t.Error(err, d)
		}
		h.stop()
		h = newHouseWith(t, store, spec)
		defer h.stop()
		time.Sleep(time.Second)
		for i, e := range []trial.Params{spec.Enqueue[1], out[0].Params, out[1].Params, out[2].Params} {
			a, _, err := h.d.Ask(t.Context(), "study", trial.Lease{})
			if err != nil || a.Trial != i+1 || !a.Params.Equal(e) {
				t.Errorf("trial %d has %v, not %v; %v", a.Trial, a.Params, e, err)
			}
		}
		if next, _, _ := h.d.Ask(t.Context(), "study", trial.Lease{}); next.Trial != 5 || h.trial(5).Origin != trial.FromSampler || h.trial(2).Origin != trial.FromUser {
			t.Errorf("then trial %d", next.Trial)
		}
	})
}

func TestWhatCannotBeEnqueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		spec := externalSpec("tpe")
		spec.Scheduler.Trials = 3
		store.studies = append(store.studies, spec.Study)
		h := newHouseWith(t, store, spec)
		defer h.stop()
		good := point("lr", 1e-3)
		for _, c := range []struct {
			study     string
			points    []trial.Params
			code      trial.Code
			text, tip string
		}{
			{"study", nil, trial.Invalid, "no configuration", "lr"},
			{"study", []trial.Params{good, point("lrr", 1.)}, trial.Invalid, "configuration 2 of 2: parameter lrr", "lr, opt, momentum"},
			{"study", []trial.Params{point("lr", 7.)}, trial.Invalid, "the configuration: parameter lr", ""},
			{"study", []trial.Params{point("opt", "adamw", "momentum", .5)}, trial.Invalid, "exists only when opt is", "leave it out"},
			{"study", []trial.Params{good, point("lr", 2e-3), point("lr", 3e-3), point("lr", 4e-3)}, trial.Conflict, "room for 3 more", ""},
			{"other", []trial.Params{good}, trial.NotFound, "no study", "automl list"},
		} {
			_, err := h.d.Enqueue(t.Context(), c.study, c.points)
			if trial.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) || !strings.Contains(trial.HintOf(err), c.tip) {
				t.Errorf("%v: %v (%s)", c.points, err, trial.HintOf(err))
			}
		}
		if n := len(store.events["s1"]); n != 0 {
			t.Errorf("%d events came of what was refused", n)
		}
		if err := h.d.Stop(t.Context(), "study"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.d.Enqueue(t.Context(), "study", []trial.Params{good}); trial.CodeOf(err) != trial.Conflict {
			t.Errorf("a study that is over: %v", err)
		}
	})
}

// Trials may be enqueued at any moment, with any scheduler and any number of programs, and the study still ends well.
func TestEnqueueAtAnyMoment(t *testing.T) {
	for _, scheduler := range []string{"fifo", "asha", "hyperband", "median"} {
		spec := externalSpec("tpe")
		spec.Scheduler.Type = scheduler
		p := newProgram(t, spec, 11)
		source := rand.New(rand.NewPCG(2, 2))
		asked := 0
		for p.step(3) {
			if source.IntN(8) == 0 && len(p.e.State().Trials) < 20 {
				p.e.c.now = p.now
				if _, err := p.e.c.enqueue([]trial.Params{point("lr", source.Float64())}); err != nil {
					t.Fatal(err)
				}
				asked++
				p.take()
			}
		}
		s, mine := p.e.State(), 0
		for _, tr := range s.Trials {
			if tr.Origin == trial.FromUser {
				mine++
			}
			if !tr.Status.Terminal() || tr.Attempts == 0 {
				t.Errorf("%s: trial %d is %s after %d attempts", scheduler, tr.Number, tr.Status, tr.Attempts)
			}
		}
		if s.Status != trial.StudyDone || len(s.Trials) != 24 || mine != asked || asked == 0 {
			t.Errorf("%s: %s with %d trials, %d of %d enqueued", scheduler, s.Status, len(s.Trials), mine, asked)
		}
	}
}
