package sim_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"automl/bench/search/harnesstest"
	"automl/bench/search/sim"
	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// script is an optimizer that hands out given jobs and writes down what happens.
type script struct {
	jobs      []sim.Job
	decisions map[[2]int]trial.Verb // of a trial and an epoch
	told      [][2]int
}

func (s *script) Ask() (sim.Job, sim.Answer) {
	if len(s.jobs) == 0 {
		return sim.Job{}, sim.Wait
	}
	j := s.jobs[0]
	s.jobs = s.jobs[1:]
	return j, sim.Work
}

func (s *script) Tell(number, epoch int, _, _ float64) trial.Verb {
	s.told = append(s.told, [2]int{number, epoch})
	v, known := s.decisions[[2]int{number, epoch}]
	if !known {
		v = trial.Continue
	}
	return v
}

func play(t *testing.T, s *script, workers, epochs int) (*sim.Result, error) {
	t.Helper()
	task := harnesstest.LoadTask(t, "flat", "flat")
	return sim.Run(sim.Problem{Task: task, Workers: workers}, func(sim.Problem) (sim.Optimizer, error) { return s, nil }, epochs)
}

var point = trial.Params{{Name: "lr", Value: 0.1}, {Name: "dropout", Value: 0.1}, {Name: "layers", Value: int64(2)},
	{Name: "optimizer", Value: "sgd"}}

// TestPauseAndResume checks that a paused trial goes on from where it stopped, at no extra cost.
func TestPauseAndResume(t *testing.T) {
	s := &script{jobs: []sim.Job{{0, point, 0, 9}, {1, point, 0, 3}, {0, point, 2, 4}}, decisions: map[[2]int]trial.Verb{{0, 2}: trial.Pause}}
	r, err := play(t, s, 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][2]int{{0, 1}, {0, 2}, {1, 1}, {1, 2}, {1, 3}, {0, 3}, {0, 4}}; !reflect.DeepEqual(s.told, want) {
		t.Errorf("told %v, want %v", s.told, want)
	}
	if r.Epochs != 7 || r.Seconds != 7 || r.Trials != 2 || r.Ended != sim.Idle {
		t.Errorf("%d epochs in %v s, %d trials, %s", r.Epochs, r.Seconds, r.Trials, r.Ended)
	}
}

// TestWorkersShareTheTime checks that four workers need a quarter of the time, and that the budget is what they train together.
func TestWorkersShareTheTime(t *testing.T) {
	var jobs []sim.Job
	for i := range 8 {
		jobs = append(jobs, sim.Job{Trial: i, Params: point, To: 9})
	}
	s := &script{jobs: jobs}
	r, err := play(t, s, 4, 1000)
	if err != nil || r.Epochs != 72 || r.Seconds != 18 {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = play(t, &script{jobs: jobs}, 4, 30)
	if err != nil || r.Epochs != 30 || r.Ended != sim.Spent {
		t.Errorf("a budget of 30: %d epochs, %s, %v", r.Epochs, r.Ended, err)
	}
}

// TestBadJobsAreRefused checks that an optimizer cannot train what was not trained up to there, or too far.
func TestBadJobsAreRefused(t *testing.T) {
	for _, j := range []sim.Job{{0, point, 1, 9}, {0, point, 0, 28}, {0, point, 0, 0}} {
		if _, err := play(t, &script{jobs: []sim.Job{j}}, 1, 100); err == nil || !strings.Contains(err.Error(), "bad job") {
			t.Errorf("job %+v gives %v", j, err)
		}
	}
}

// TestEveryCombination plays all samplers with all schedulers on spaces of every kind, and checks that the budget is counted
// right, that the same seed gives the same run, and that another seed gives another one.
func TestEveryCombination(t *testing.T) {
	for _, sampler := range search.Types() {
		for _, scheduler := range schedulers.Types() {
			name := sampler + "+" + scheduler
			maker, err := sim.Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, suite := range []string{"noise/noise", "conditional/optimizers"} {
				kind, task, _ := strings.Cut(suite, "/")
				p := sim.Problem{Task: harnesstest.LoadTask(t, kind, task), Workers: 3, Seed: 4}
				a, b := run(t, p, maker), run(t, p, maker)
				p.Seed = 5
				c := run(t, p, maker)
				if !reflect.DeepEqual(a.Trace, b.Trace) || reflect.DeepEqual(a.Trace, c.Trace) {
					t.Errorf("%s on %s: the trace is not a function of the seed", name, suite)
				}
				if a.Epochs != 200 || len(a.Tell) != 200 || a.Ended != sim.Spent {
					t.Errorf("%s on %s: %d epochs, %d told, %s", name, suite, a.Epochs, len(a.Tell), a.Ended)
				}
			}
		}
	}
}

func run(t *testing.T, p sim.Problem, m sim.Maker) *sim.Result {
	t.Helper()
	r, err := sim.Run(p, m, 200)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestNobodyIsIdle checks that with a search that always has work the workers train all the time.
func TestNobodyIsIdle(t *testing.T) {
	for _, name := range []string{"random+fifo", "random+asha", "random+hyperband", "random"} {
		maker, err := sim.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		p := sim.Problem{Task: harnesstest.LoadTask(t, "flat", "flat"), Workers: 5, Seed: 1}
		if r := run(t, p, maker); r.Seconds != 40 {
			t.Errorf("%s: 200 epochs of one second on 5 workers took %v s, want 40", name, r.Seconds)
		}
	}
}

// TestCandidatesOfEngine checks that the project's search trains every candidate at most once, and ends when none is left.
func TestCandidatesOfEngine(t *testing.T) {
	task := harnesstest.LoadTask(t, "taskset", "patch32_GRU64_avg_bs128")
	short := *task
	short.Space.Candidates = task.Space.Candidates[:20]
	for _, name := range []string{"tpe+fifo", "random+asha"} {
		maker, err := sim.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sim.Run(sim.Problem{Task: &short, Workers: 2}, maker, 100_000)
		if err != nil || r.Trials != 20 || r.Ended != sim.Done {
			t.Errorf("%s: %d trials, %s, %v", name, r.Trials, r.Ended, err)
		}
		best := math.Inf(1)
		for _, c := range short.Space.Candidates {
			curve, err := task.Curve(c, 0)
			if err != nil {
				t.Fatal(err)
			}
			for e := 1; e <= curve.Len(); e++ {
				v, _ := curve.At(e)
				best = min(best, v)
			}
		}
		if name == "tpe+fifo" && r.BestValue != best {
			t.Errorf("%s: all candidates were trained, but the best is %v and not %v", name, r.BestValue, best)
		}
	}
}

// TestParse checks names and settings.
func TestParse(t *testing.T) {
	for _, name := range append(sim.Standard(), "tpe+hyperband", "tpe:startup=20:gamma=0.2+asha:grace=1:eta=4",
		"grid:points=7+median:startup=3", "tpe:max_good=9:candidates=30+hyperband:brackets=2:trials=40") {
		if _, err := sim.Parse(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "tpe", "tpe+", "nobody+fifo", "tpe+nobody", "tpe:gamma=2+fifo", "tpe:startup=x+fifo", "tpe+asha:grce=1",
		"tpe:type=gp+fifo", "tpe+asha:eta=1", "grid:points=0x+fifo"} {
		if _, err := sim.Parse(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
