package daemon

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// input is one thing that happened to a core from outside: a slot asked, a runner spoke, a person said something.
type input struct {
	now    time.Time
	do     func(*core)
	before int // events on record when it came
}

// restart builds a core from the record up to an input, gives it that input and at most so many further ones, and compares what it
// decides with the record.
func (s *sim) restart(at, inputs int) error {
	in := s.tape[at]
	c, err := newCore(s.c.spec, s.record[:in.before])
	if err != nil {
		return err
	}
	for i := at; i < len(s.tape) && i <= at+inputs; i++ {
		from, to := s.tape[i].before, len(s.record)
		if i+1 < len(s.tape) {
			to = s.tape[i+1].before
		}
		c.now = s.tape[i].now
		s.tape[i].do(c)
		if c.err != nil {
			return fmt.Errorf("restarted after event %d, at event %d: %w", in.before, from, c.err)
		}
		if d := cmp.Diff(s.record[from:to], c.take().events, nanEqual); d != "" {
			return fmt.Errorf("restarted after event %d, it goes on otherwise at event %d:\n%s", in.before, from, d)
		}
	}
	return nil
}

// nanEqual compares events that hold a NaN; no events are no events.
var nanEqual = cmp.Options{
	cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }),
	cmp.FilterValues(func(a, b []trial.Event) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore()),
}

// restartEverywhere restarts at every input for a few inputs, and at a few for all that follow.
func (s *sim) restartEverywhere() {
	s.t.Helper()
	for i := range s.tape {
		inputs := 3
		if i%(len(s.tape)/4+1) == 0 {
			inputs = len(s.tape)
		}
		if err := s.restart(i, inputs); err != nil {
			s.t.Fatal(err)
		}
	}
}

// hardSpec is a small study in which everything is in use: conditions, folds, candidates or not, enqueued points, confirmation and
// refit.
func hardSpec(sampler, scheduler string, candidates bool) Spec {
	s := testSpec()
	s.Study.Shape = trial.Shape{Folds: 2, Epochs: 5}
	s.Folds.K = 2
	s.Sampler = search.Config{Type: sampler, Startup: 4}
	s.Scheduler = schedulers.Config{Type: scheduler, Grace: 1, Startup: 2, Trials: 14}
	s.Confirm = Confirm{Top: 2, Seeds: 1}
	s.Space.Parameters = append(s.Space.Parameters, search.Parameter{Name: "layers", Kind: search.Int, Low: 1, High: 4})
	if candidates {
		for i := range 40 {
			p := trial.Params{{Name: "lr", Value: math.Pow(10, -float64(i%8)/2-0.5)}}
			if i%2 == 0 {
				p = append(p, trial.Param{Name: "opt", Value: "adamw"})
			} else {
				p = append(p, trial.Param{Name: "opt", Value: "sgd"}, trial.Param{Name: "momentum", Value: float64(i) / 41})
			}
			s.Space.Candidates = append(s.Space.Candidates, append(p, trial.Param{Name: "layers", Value: int64(1 + i%4)}))
		}
		s.Enqueue = []trial.Params{s.Space.Candidates[7]}
	} else {
		s.Enqueue = []trial.Params{{{Name: "lr", Value: 0.5}, {Name: "opt", Value: "sgd"}, {Name: "momentum", Value: 0.5}, {Name: "layers", Value: int64(3)}}}
	}
	return s
}

// trouble breaks attempts in all the ways there are: before they train and on the way, at once and for good.
func trouble(seed uint64) func(a trial.Assignment, step int) *trial.Exit {
	kinds := []trial.Failure{trial.OOM, trial.Crash, trial.Timeout, trial.Aborted, trial.Lost}
	return func(a trial.Assignment, step int) *trial.Exit {
		r := rand.New(rand.NewPCG(seed, uint64(a.Trial)<<32|uint64(a.Attempt)<<16|uint64(step)))
		if r.Float64() > 0.1 {
			return nil
		}
		return &trial.Exit{Failure: kinds[r.IntN(len(kinds))], Message: "it broke"}
	}
}

// studies are the kinds of hard studies that are played, and the samplers and schedulers that know them.
var studies = []struct {
	name                 string
	samplers, schedulers []string
	candidates           []bool // of each play
	change               func(*Spec)
}{
	{"one objective", search.Types(), schedulers.Types(), []bool{false, true}, func(*Spec) {}},
	{"fold race", search.Types(), schedulers.Types(), []bool{false}, func(s *Spec) {
		s.Study.Shape, s.Folds.K = trial.Shape{Folds: 3, Epochs: 4}, 3
		s.Scheduler.Race = schedulers.Race{On: true, Risk: 0.5, Audit: 0.3}
		s.Probe = trial.Params{{Name: "head", Value: "solved"}}
	}},
	{"two objectives", search.SeveralTypes(), schedulers.SeveralTypes(), []bool{false}, func(s *Spec) {
		s.Study.Others = []trial.Objective{{Metric: "size", Goal: trial.Minimize}}
		s.Sampler.Objectives = 2
	}},
}

// Whatever the sampler and the scheduler, with and without a fold race: killed at any point, a study goes on as if nothing had
// happened, given the same results in the same order.
func TestEverySearchGoesOnAfterAKill(t *testing.T) {
	if testing.Short() {
		t.Skip("whole searches, many times over")
	}
	for _, study := range studies {
		var raced atomic.Bool
		t.Run(study.name, func(t *testing.T) {
			for _, sampler := range study.samplers {
				for _, scheduler := range study.schedulers {
					t.Run(sampler+"+"+scheduler, func(t *testing.T) {
						t.Parallel()
						for i, candidates := range study.candidates {
							spec := hardSpec(sampler, scheduler, candidates)
							study.change(&spec)
							if playHard(t, spec, i).raced() {
								raced.Store(true)
							}
						}
					})
				}
			}
		})
		if on := study.name == "fold race"; raced.Load() != on {
			t.Errorf("%s: a trial was stopped by a fold race: %v", study.name, raced.Load())
		}
	}
}

// playHard plays a study with failures, values that are not finite and pauses, and restarts it everywhere.
func playHard(t *testing.T, spec Spec, i int) *sim {
	t.Helper()
	s := newSim(t, spec, uint64(i))
	s.exit = trouble(uint64(11 + i))
	s.value = func(a trial.Assignment, fold, epoch int) float64 {
		if a.Trial%6 == 5 {
			return math.NaN()
		}
		return curve(a, fold, epoch)
	}
	s.pauses = true
	s.play(1 + 2*i).restartEverywhere()
	s.mustHaveSeen(trial.Retried, trial.Failed, trial.Confirmed, trial.Completed, trial.Refitted)
	if len(s.decisions(trial.Moved)) < 3 {
		t.Error("nobody paused the study")
	}
	return s
}

// raced tells whether the fold race stopped a trial.
func (s *sim) raced() bool {
	return slices.ContainsFunc(s.decisions(trial.Pruned), func(d trial.Decision) bool { return strings.HasPrefix(d.Reason, schedulers.RaceName) })
}

// mustHaveSeen checks that the study was as hard as it is meant to be.
func (s *sim) mustHaveSeen(all ...trial.What) {
	s.t.Helper()
	for _, what := range all {
		if len(s.decisions(what)) == 0 {
			s.t.Errorf("in the whole study nothing was %s", what)
		}
	}
}
