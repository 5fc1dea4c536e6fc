package schedulers_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"automl/schedulers"
	"automl/schedulers/schedulertest"
	"automl/trial"
)

// suite is the one for a type of scheduler.
func suite(kind string) func(*testing.T, func(*trial.State) schedulers.Scheduler) {
	if kind == schedulers.Auto || kind == "freezethaw" {
		return schedulertest.RunFree
	}
	return schedulertest.Run
}

// TestConformanceOfEveryType covers a type that nobody has listed below.
func TestConformanceOfEveryType(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of searches")
	}
	for _, kind := range schedulers.Types() {
		for _, trials := range []int{0, 22} {
			t.Run(fmt.Sprintf("%s trials %d", kind, trials), func(t *testing.T) {
				t.Parallel()
				suite(kind)(t, maker(t, schedulers.Config{Type: kind, Trials: trials, Grace: 1}))
			})
		}
	}
}

func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of searches")
	}
	for _, c := range []schedulers.Config{
		{Type: "fifo", Trials: 7},
		{Type: "asha", Trials: 20},
		{Type: "asha", Trials: 19, Eta: 2, Grace: 1},
		{Type: "asha", Grace: 2},
		{Type: "hyperband", Trials: 1, Grace: 1},
		{Type: "hyperband", Trials: 25, Grace: 1},
		{Type: "hyperband", Trials: 40, Eta: 2, Grace: 1, Brackets: 2},
		{Type: "hyperband", Eta: 4, Grace: 1},
		{Type: "pasha", Trials: 40, Eta: 2, Grace: 1},
		{Type: "pasha", Eta: 2, Grace: 1},
		{Type: "pasha", Trials: 60, Eta: 2, Grace: 1, Percentile: 100},
		{Type: "auto", Trials: 15},
		{Type: "median", Trials: 20, Grace: 1},
		{Type: "median", Trials: 25, Grace: 2, Startup: 1},
		{Type: "median", Grace: 1, Startup: 2},
		{Type: "fifo", Trials: 20, Race: schedulers.Race{On: true, Risk: 0.5, Audit: 0.2}},
		{Type: "asha", Trials: 25, Grace: 1, Race: schedulers.Race{On: true, Risk: 0.5, Audit: 0.2}},
		{Type: "asha", Race: schedulers.Race{On: true}},
		{Type: "pasha", Trials: 30, Eta: 2, Grace: 1, Race: schedulers.Race{On: true, Risk: 0.5, Audit: 0.2}},
		{Type: "hyperband", Trials: 30, Eta: 2, Grace: 1, Race: schedulers.Race{On: true, Risk: 0.9}},
		{Type: "median", Trials: 20, Grace: 2, Startup: 1, Race: schedulers.Race{On: true, Audit: 1}},
	} {
		t.Run(fmt.Sprintf("%s trials %d eta %d", c.Type, c.Trials, c.Eta)+race(c), func(t *testing.T) {
			t.Parallel()
			suite(c.Type)(t, where(t, c))
		})
	}
}

// TestConformanceOfForecasts has freezethaw go by forecasts that are right, wrong and missing.
func TestConformanceOfForecasts(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of searches")
	}
	for _, c := range []schedulers.Config{
		{Type: "freezethaw", Trials: 14, Grace: 1, Forecaster: dice(0.2)},
		{Type: "freezethaw", Grace: 2, Forecaster: dice(0.2), Race: schedulers.Race{On: true, Risk: 0.5, Audit: 0.2}},
	} {
		t.Run(fmt.Sprintf("trials %d", c.Trials)+race(c), func(t *testing.T) {
			t.Parallel()
			schedulertest.RunFree(t, where(t, c))
		})
	}
}

// dice is forecasts that are drawn from the number of the event and of the trial. With this probability nothing is known.
type dice float64

func (d dice) Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast {
	r := rand.New(rand.NewPCG(uint64(s.Seq), 3))
	look := func() trial.Outlook {
		o := trial.Outlook{Known: r.Float64() >= float64(d), Mean: r.NormFloat64(), Var: r.ExpFloat64()}
		left := o.Var
		for range rungs {
			left *= r.Float64()
			o.Left = append(o.Left, left)
		}
		return o
	}
	out := trial.Forecast{Known: r.Float64() >= float64(d), Fresh: look()}
	for range numbers {
		out.Trials = append(out.Trials, look())
	}
	return out
}

func TestConformanceSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of searches")
	}
	for _, c := range []schedulers.Config{
		{Type: "fifo", Trials: 7},
		{Type: "asha", Trials: 19, Eta: 2, Grace: 1},
		{Type: "asha", Grace: 2},
		{Type: "hyperband", Trials: 25, Grace: 1},
		{Type: "auto", Trials: 15},
	} {
		t.Run(fmt.Sprintf("%s trials %d eta %d", c.Type, c.Trials, c.Eta), func(t *testing.T) {
			t.Parallel()
			schedulertest.RunSeveral(t, maker(t, c))
		})
	}
}

func race(c schedulers.Config) string {
	if c.Race.On {
		return " race"
	}
	return ""
}

// where makes the scheduler without the race where there is none: the suite draws all kinds of studies.
func where(t *testing.T, c schedulers.Config) func(*trial.State) schedulers.Scheduler {
	return func(s *trial.State) schedulers.Scheduler {
		c := c
		c.Race.On = c.Race.On && s.Study.Shape.Folds > 1 && s.Study.Objective.Folds == trial.Mean
		return maker(t, c)(s)
	}
}
