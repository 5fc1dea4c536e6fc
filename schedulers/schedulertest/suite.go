package schedulertest

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// Run plays many random searches with the scheduler that newScheduler makes and checks the rules in rules.go after each. The
// shape of the study, the objective and the world are drawn; what goes wrong (failures, lost attempts, values that are not
// finite, folds that end early, trials that somebody else prunes) too.
func Run(t *testing.T, newScheduler func(*trial.State) schedulers.Scheduler) {
	t.Helper()
	run(t, newScheduler, func(*rapid.T) []trial.Objective { return nil }, true)
}

// RunFree is Run for a scheduler that does not go by the ranks on the rungs alone: one that foresees how trials will end, or
// stops them between rungs.
func RunFree(t *testing.T, newScheduler func(*trial.State) schedulers.Scheduler) {
	t.Helper()
	run(t, newScheduler, func(*rapid.T) []trial.Objective { return nil }, false)
}

// RunSeveral is Run for studies with several objectives.
func RunSeveral(t *testing.T, newScheduler func(*trial.State) schedulers.Scheduler) {
	t.Helper()
	run(t, newScheduler, func(t *rapid.T) []trial.Objective {
		others := []trial.Objective{{Metric: "latency", Goal: trial.Minimize}, {Metric: "recall", Goal: trial.Maximize, Folds: trial.Worst}}
		return others[:rapid.IntRange(1, len(others)).Draw(t, "further objectives")]
	}, true)
}

func run(t *testing.T, newScheduler func(*trial.State) schedulers.Scheduler, others func(*rapid.T) []trial.Objective, ranked bool) {
	t.Helper()
	t.Run("nothing goes wrong", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { check(t, newScheduler, others(t), ranked, troubles{}) })
	})
	t.Run("folds end early", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { check(t, newScheduler, others(t), ranked, troubles{last: chance(t, "last")}) })
	})
	t.Run("everything goes wrong", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			check(t, newScheduler, others(t), ranked, troubles{last: chance(t, "last"), nan: chance(t, "nan"),
				fail: chance(t, "fail"), cut: chance(t, "cut")})
		})
	})
}

// troubles is how often things go wrong, each as a probability of an epoch.
type troubles struct{ last, nan, fail, cut float64 }

func chance(t *rapid.T, label string) float64 {
	return rapid.SampledFrom([]float64{0, 0.02, 0.1, 0.4}).Draw(t, label)
}

func check(t *rapid.T, newScheduler func(*trial.State) schedulers.Scheduler, others []trial.Objective, ranked bool, tr troubles) {
	study := trial.Study{ID: "s", Name: "s", Others: others,
		Shape: trial.Shape{Folds: rapid.IntRange(1, 5).Draw(t, "folds"), Epochs: rapid.IntRange(1, 12).Draw(t, "epochs")},
		Objective: trial.Objective{Metric: "loss",
			Goal:  rapid.SampledFrom([]trial.Goal{trial.Minimize, trial.Maximize}).Draw(t, "goal"),
			Folds: rapid.SampledFrom([]trial.Aggregate{trial.Mean, trial.Worst}).Draw(t, "aggregate")}}
	w := world(t, tr)
	if newScheduler(trial.NewState(study)).Plan().Repeats {
		w.Drain = rapid.IntRange(1, 30).Draw(t, "drain")
	}
	g, err := simulate.Play(newScheduler, study, w)
	if err != nil {
		t.Fatalf("after event %d: %v", g.State.Seq, err)
	}
	for _, rule := range rules {
		if rule.ranked && !ranked {
			continue
		}
		if err := rule.holds(g); err != nil {
			t.Errorf("%s: %v", rule.name, err)
		}
	}
	if err := g.Replay(newScheduler); err != nil {
		t.Errorf("replaying the record: %v", err)
	}
	if tr == (troubles{}) {
		if err := exact(g); err != nil {
			t.Errorf("the plan is exact: %v", err)
		}
		if err := neverSorry(g); err != nil && ranked && len(others) == 0 {
			t.Errorf("nobody is pruned who might have gone on: %v", err)
		}
	}
}

// world draws what trainers do. Everything comes from a seed and where it happens, so it does not depend on the order of events.
func world(t *rapid.T, tr troubles) simulate.World {
	seed := rapid.Uint64().Draw(t, "seed")
	levels := rapid.SampledFrom([]float64{3, 1000}).Draw(t, "levels") // few different values: many ties
	draw := func(salt, number, a, b int) float64 {
		return rand.New(rand.NewPCG(seed, uint64(salt)<<48|uint64(number)<<24|uint64(a)<<12|uint64(b))).Float64()
	}
	kinds := []trial.Failure{trial.Crash, trial.OOM, trial.NaN, trial.Lost}
	return simulate.World{
		Workers: rapid.IntRange(1, 6).Draw(t, "workers"),
		Value: func(n, fold, epoch int) float64 {
			if draw(1, n, fold, epoch) < tr.nan || draw(2, n, fold, 0) < tr.nan {
				return math.NaN()
			}
			return math.Floor((draw(3, n, 0, 0) + draw(4, n, fold, epoch)/4) * levels)
		},
		Other: func(i, n, fold, epoch int) float64 {
			if draw(11+i, n, fold, epoch) < tr.nan {
				return math.NaN()
			}
			return math.Floor((draw(21+i, n, 0, 0) + draw(31+i, n, fold, epoch)/4) * levels)
		},
		Cut:  func(n, fold, epoch int) bool { return draw(10, n, fold, epoch) < tr.cut },
		Last: func(n, fold, epoch int) bool { return draw(5, n, fold, epoch) < tr.last },
		Fail: func(n, attempt, fold, epoch int) trial.Failure {
			if draw(6, n, attempt, fold<<5|epoch) >= tr.fail {
				return ""
			}
			return kinds[int(draw(7, n, attempt, 0)*float64(len(kinds)))]
		},
		Lose:    func(n, attempt int) int { return int(draw(8, n, attempt, 0) * 3) },
		Seconds: func(n int) float64 { return 0.5 + math.Floor(draw(9, n, 0, 0)*4)/4 },
	}
}
