package sim_test

import (
	"hash/fnv"
	"reflect"
	"strings"
	"testing"
	"time"

	"automl/bench/search/harnesstest"
	"automl/bench/search/sim"
	"automl/schedulers"
	"automl/search"
	"automl/search/daemon"
	"automl/trial"
)

// house drives the daemon's own engine.
type house struct {
	t       *testing.T
	metric  string
	engine  *daemon.Engine
	running map[int]trial.Key
	now     time.Time
}

func newHouse(t *testing.T, p sim.Problem, sampler, scheduler string) *house {
	t.Helper()
	name := p.Task.Suite + "/" + p.Task.Name
	hash := fnv.New64a()
	hash.Write([]byte(name + "/4"))
	e, err := daemon.NewEngine(daemon.Spec{External: true, Space: p.Task.Space, Sampler: search.Config{Type: sampler},
		Scheduler: schedulers.Config{Type: scheduler}, Study: trial.Study{ID: "bench", Name: name, Seed: hash.Sum64(),
			Objective: p.Task.Objective, Shape: trial.Shape{Folds: 1, Epochs: p.Task.Epochs}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, metric: p.Task.Objective.Metric, engine: e, running: map[int]trial.Key{}, now: time.Unix(0, 0)}
}

func (h *house) Ask() (sim.Job, sim.Answer) {
	a, reply := h.engine.Ask(h.now)
	if reply != trial.ReplyWork {
		return sim.Job{}, map[trial.Reply]sim.Answer{trial.ReplyWait: sim.Wait, trial.ReplyOver: sim.Over}[reply]
	}
	h.running[a.Trial] = a.Key()
	return sim.Job{Trial: a.Trial, Params: a.Params, From: a.From.Epoch, To: a.To.Epoch}, sim.Work
}

func (h *house) Tell(number, epoch int, value, seconds float64) trial.Verb {
	h.now = h.now.Add(time.Duration(seconds * float64(time.Second)))
	verb, _ := h.engine.Tell(h.now, h.running[number], []trial.Report{{Epoch: epoch, Cost: seconds,
		Metrics: trial.Metrics{{Name: h.metric, Value: value}}}}, nil)
	if _, err := h.engine.Take(); err != nil {
		h.t.Fatal(err)
	}
	return verb
}

// TestSameAsDaemon checks that what is measured here is what the daemon does: its engine makes the same run, step by step.
func TestSameAsDaemon(t *testing.T) {
	for _, sampler := range search.Types() {
		for _, scheduler := range schedulers.Types() {
			maker, err := sim.Parse(sampler + "+" + scheduler)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"conditional/optimizers", "analytic/branin"} {
				suite, task, _ := strings.Cut(name, "/")
				p := sim.Problem{Task: harnesstest.LoadTask(t, suite, task), Workers: 3, Seed: 4}
				want := run(t, p, func(p sim.Problem) (sim.Optimizer, error) { return newHouse(t, p, sampler, scheduler), nil })
				if got := run(t, p, maker); !reflect.DeepEqual(got.Trace, want.Trace) || got.Trials != want.Trials {
					t.Errorf("%s+%s on %s: %d trials, the daemon makes %d; or the incumbents differ", sampler, scheduler, name, got.Trials,
						want.Trials)
				}
			}
		}
	}
}
