package schedulers_test

import (
	"fmt"
	"testing"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

const benchTrials = 10_000

// large plays a search of 10,000 trials; unlimited ones end by draining.
func large(b *testing.B, c schedulers.Config) *simulate.Game {
	b.Helper()
	study := trial.Study{ID: "s", Name: "s", Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize},
		Shape: trial.Shape{Folds: 3, Epochs: 9}}
	g, err := simulate.Play(maker(b, c), study, simulate.World{Workers: 8, Drain: benchTrials,
		Value: func(n, fold, epoch int) float64 { return float64((n*7919+epoch*31+fold)%10007) / float64(epoch) }})
	if err != nil {
		b.Fatal(err)
	}
	return g
}

// BenchmarkRecord applies the record of a search of 10,000 trials, the state's part included, and asks Next after every event.
func BenchmarkRecord(b *testing.B) {
	for _, c := range []schedulers.Config{
		{Type: "asha", Grace: 1},
		{Type: "asha", Grace: 1, Trials: benchTrials},
		{Type: "pasha", Grace: 1, Trials: benchTrials},
		{Type: "hyperband", Grace: 1, Trials: benchTrials},
	} {
		b.Run(fmt.Sprintf("%s budget %d", c.Type, c.Trials), func(b *testing.B) {
			g := large(b, c)
			for b.Loop() {
				state := trial.NewState(g.State.Study)
				sched := maker(b, c)(state)
				for _, e := range g.Events {
					if err := state.Apply(e); err != nil {
						b.Fatal(err)
					}
					sched.Apply(e)
					sched.Next()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(g.Events)), "ns/event")
		})
	}
}

// BenchmarkNext asks Next in the middle of a search, with some 5,000 trials paused.
func BenchmarkNext(b *testing.B) {
	c := schedulers.Config{Type: "hyperband", Grace: 1}
	g := large(b, c)
	state := trial.NewState(g.State.Study)
	sched := maker(b, c)(state)
	for _, e := range g.Events[:len(g.Events)/2] {
		if err := state.Apply(e); err != nil {
			b.Fatal(err)
		}
		sched.Apply(e)
	}
	for b.Loop() {
		sched.Next()
	}
}
