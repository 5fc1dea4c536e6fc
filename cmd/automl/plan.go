package main

import (
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
	"automl/trial/view"
)

// played is how many searches an estimate rests on at most.
const played = 5

// forecast is what is known of a sweep before anything runs.
type forecast struct {
	schedulers.Plan
	Expected *simulate.Expectation `json:"expected,omitempty"` // an estimate; nil: the plan is exact, or nothing can be said
}

func (a *app) planCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "plan SWEEP.yaml|SCRIPT.py",
		Short: "Print the brackets, rungs, trials and epochs of a sweep before anything runs",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			sweep, err := a.loadSweep(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := a.rehearse(c.Context(), sweep); err != nil {
				return err
			}
			study, err := newStudy(sweep)
			if err != nil {
				return err
			}
			plan, err := forecastOf(study, played)
			if err != nil {
				return err
			}
			rows := planTable(plan.Plan)
			return a.show(plan, func() { a.printPlan(study, plan, rows) }, rows)
		},
	}
}

// forecastOf is what the scheduler of a study intends to do, with an estimate from so many played searches at most.
func forecastOf(study trial.Study, searches int) (forecast, error) {
	spec, err := decode(study)
	if err != nil {
		return forecast{}, err
	}
	sched, err := schedulers.New(spec.Scheduler, trial.NewState(study))
	if err != nil {
		return forecast{}, err
	}
	out := forecast{Plan: sched.Plan()}
	x, known, err := simulate.Expect(spec.Scheduler, study, searches)
	if known {
		out.Expected = &x
	}
	return out, err
}

// epochsOf is how many epochs a study is expected to take; 0 when that is not known beforehand.
func epochsOf(study trial.Study) int {
	f, err := forecastOf(study, 1)
	switch {
	case err != nil || f.Repeats:
		return 0
	case f.Expected != nil:
		return f.Expected.Epochs
	}
	return f.Plan.Epochs
}

// remembered asks f once for each study.
func remembered[T any](f func(trial.Study) T) func(trial.Study) T {
	var known sync.Map // of func() T, by study
	return func(s trial.Study) T {
		once, _ := known.LoadOrStore(s.ID, sync.OnceValue(func() T { return f(s) }))
		return once.(func() T)()
	}
}

func (a *app) printPlan(study trial.Study, plan forecast, rows *table) {
	fmt.Fprintf(a.out, "%s: %s of %s\n\n", study.Name, view.Counted(study.Shape.Folds, "fold"), view.Counted(study.Shape.Epochs, "epoch"))
	rows.print(a.out)
	whole, least := "in all", ""
	if plan.Repeats {
		whole = "in one round, as often as the budget lasts"
	}
	if plan.AtMost {
		least = "at most "
	}
	fmt.Fprintf(a.out, "\n%s%d epochs %s; without pruning the same trials would take %d (%.0f%%)\n", least, plan.Plan.Epochs, whole, plan.Full,
		100*plan.Fraction())
	if x := plan.Expected; x != nil {
		fmt.Fprintf(a.out, "\nThat is a bound. An estimate: about %d epochs (%.0f%%), %d to %d in %s, played with made-up curves\nthat rank trials as those of fine-tuning do:\n\n",
			x.Epochs, 100*float64(x.Epochs)/float64(plan.Full), x.Least, x.Most, searches(x.Searches))
		expectedTable(*x).print(a.out)
	}
}

func searches(n int) string {
	if n == 1 {
		return "1 search"
	}
	return fmt.Sprintf("%d searches", n)
}

func planTable(p schedulers.Plan) *table {
	t := &table{head: []string{"bracket", "rung", "fold", "epoch", "trials", "epochs"}}
	for _, b := range p.Brackets {
		for i, r := range b.Rungs {
			t.add(b.Bracket, b.Bracket+i, r.At.Fold, r.At.Epoch, r.Trials, r.Epochs)
		}
	}
	return t
}

func expectedTable(x simulate.Expectation) *table {
	t := &table{head: []string{"fold", "epoch", "trials expected", "epochs expected"}}
	for _, r := range x.Rungs {
		t.add(r.At.Fold, r.At.Epoch, fmt.Sprintf("%.1f", r.Trials), fmt.Sprintf("%.0f", r.Epochs))
	}
	return t
}
