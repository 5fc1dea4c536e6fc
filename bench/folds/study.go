package main

import (
	"math"
	"math/rand/v2"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// outcome is what a rule made of one study.
type outcome struct {
	saved  float64 // share of the fold-epochs of full cross-validation that were not trained
	missed bool    // no configuration with the table's best value was trained in full
	regret float64 // the table's best value less that of the best complete trial
}

// play runs a study over all configurations of a table in a random order, which the seed decides: fold by fold, all epochs, with
// the scheduler fifo and the rule.
func play(t *table, r rule, workers int, seed uint64) (outcome, *simulate.Game, error) {
	rng := rand.New(rand.NewPCG(seed, 1))
	order, t := rng.Perm(len(t.values)), t.reorder(rng.Perm(t.shape.Folds))
	config := schedulers.Config{Type: "fifo", Trials: len(order), Race: r.race}
	study := trial.Study{ID: "bench", Name: t.name, Seed: seed, Objective: objective, Shape: t.shape}
	if _, err := schedulers.New(config, trial.NewState(study)); err != nil {
		return outcome{}, nil, err
	}
	c := &cutter{rule: r, table: t, order: order}
	game, err := simulate.Play(func(s *trial.State) schedulers.Scheduler {
		sched, _ := schedulers.New(config, s) // it was made before
		return sched
	}, study, simulate.World{
		Workers: workers,
		Value:   func(n, fold, epoch int) float64 { return t.values[order[n]][fold][epoch-1] },
		Cut:     c.cut,
	})
	if err != nil {
		return outcome{}, nil, err
	}
	found := math.Inf(-1)
	for _, q := range game.State.Trials {
		if q.Status == trial.Complete {
			found = max(found, t.scores[order[q.Number]])
		}
	}
	return outcome{saved: 1 - float64(game.State.EpochsRun())/float64(game.State.EpochsFull()), missed: found < t.best-1e-9,
		regret: t.best - found}, game, nil
}
