package schedulers_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// beside is a search with a probe as trial 0: what another search records is recorded here, too, one number higher.
type beside struct {
	t     *testing.T
	state *trial.State
	sched schedulers.Scheduler
}

func (b *beside) push(e trial.Event) {
	b.t.Helper()
	e.Seq = b.state.Seq + 1
	if err := b.state.Apply(e); err != nil {
		b.t.Fatal(err)
	}
	b.sched.Apply(e)
}

func (b *beside) shifted(e trial.Event) {
	b.t.Helper()
	if e.Report != nil {
		r := *e.Report
		r.Trial++
		e.Report = &r
	} else if d := *e.Decision; d.Trial != trial.NoTrial {
		d.Trial++
		e.Decision = &d
	}
	b.push(e)
}

// bare is an answer without words, and with the numbers of trials that another search has.
func bare(a schedulers.Action, shift int) string {
	switch v := a.(type) {
	case schedulers.Start:
		v.Reason = ""
		a = v
	case schedulers.Promote:
		v.Reason = ""
		v.Trial -= shift
		a = v
	case schedulers.Prune:
		v.Reason = ""
		v.Trial -= shift
		a = v
	case schedulers.Finish:
		v.Reason = ""
		a = v
	}
	return fmt.Sprintf("%T%+v", a, a)
}

// TestProbeDisturbsNothing holds every scheduler to its word about probes: with one that is better than all, it says of the other
// trials what it says without, and lets the probe run to its end.
func TestProbeDisturbsNothing(t *testing.T) {
	study := trial.Study{ID: "s", Name: "s", Seed: 3, Shape: trial.Shape{Folds: 3, Epochs: 9}, Objective: trial.Objective{Metric: "m", Goal: trial.Maximize}}
	for _, kind := range schedulers.Types() {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
				config := schedulers.Config{Type: kind, Trials: 20, Grace: 1, Startup: 2}
				world := simulate.World{Workers: 1 + int(seed), Value: func(n, fold, epoch int) float64 {
					return rand.New(rand.NewPCG(seed, uint64(n))).Float64() + float64(fold)/50 + float64(epoch)/20
				}, Fail: func(n, attempt, _, epoch int) trial.Failure {
					if n%7 == 3 && epoch == 3 && attempt < 3 {
						return trial.Crash
					}
					return ""
				}}
				g, err := simulate.Play(maker(t, config), study, world)
				if err != nil {
					t.Fatal(err)
				}
				b := &beside{t: t, state: trial.NewState(study)}
				b.sched = maker(t, config)(b.state)
				b.push(trial.Event{Decision: &trial.Decision{What: trial.Sampled, Origin: trial.FromProbe}})
				full := study.Shape.Full()
				if at := b.sched.Target(0); at != full {
					t.Fatalf("the probe is to run to %s", at)
				}
				b.push(trial.Event{Decision: &trial.Decision{What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: full}})
				b.push(trial.Event{Decision: &trial.Decision{What: trial.Started, Attempt: 1, Run: "r"}})
				plain := trial.NewState(study)
				alone := maker(t, config)(plain)
				for i, e := range g.Events {
					if fold := i - 12; fold >= 0 && fold < study.Shape.Folds {
						b.push(trial.Event{Report: &trial.Report{Attempt: 1, Fold: fold, Epoch: 1, Last: true, Metrics: trial.Metrics{{Name: "m", Value: 9}}}})
						if v := b.sched.Verdict(0); (v.Verb == trial.Stop) != (b.state.Trial(0).Done == full) {
							t.Fatalf("fold %d of the probe: %+v", fold, v)
						}
					}
					if i == 20 {
						b.push(trial.Event{Decision: &trial.Decision{What: trial.Completed, Attempt: 1}})
					}
					if err := plain.Apply(e); err != nil {
						t.Fatal(err)
					}
					alone.Apply(e)
					b.shifted(e)
					want, got := bare(alone.Next(), 0), bare(b.sched.Next(), 1)
					if want != got && i >= 20 { // while the probe runs, a scheduler may wait for it at the end
						t.Fatalf("event %d: %s, with a probe %s", e.Seq, want, got)
					}
					if e.Report == nil {
						continue
					}
					v, w := alone.Verdict(e.Report.Trial), b.sched.Verdict(e.Report.Trial+1)
					v.Reason, w.Reason = "", ""
					if fmt.Sprint(v) != fmt.Sprint(w) {
						t.Fatalf("event %d: %+v, with a probe %+v", e.Seq, v, w)
					}
				}
			})
		}
	}
}
