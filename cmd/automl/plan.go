package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"automl/schedulers"
)

func (a *app) planCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "plan SWEEP.yaml",
		Short: "Print the brackets, rungs, trials and epochs of a sweep before anything runs",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			sweep, err := loadSweep(args[0])
			if err != nil {
				return err
			}
			study, err := newStudy(sweep)
			if err != nil {
				return err
			}
			plan, err := planOf(study)
			if err != nil {
				return err
			}
			rows := planTable(plan)
			return a.show(plan, func() {
				fmt.Fprintf(a.out, "%s: %s of %s\n\n", study.Name, counted(study.Shape.Folds, "fold"), counted(study.Shape.Epochs, "epoch"))
				rows.print(a.out)
				atMost := ""
				if plan.AtMost {
					atMost = "at most "
				}
				fmt.Fprintf(a.out, "\n%s%d epochs in all; without pruning the same trials would take %d (%.0f%%)\n", atMost, plan.Epochs, plan.Full,
					100*plan.Fraction())
			}, rows)
		},
	}
}

func planTable(p schedulers.Plan) *table {
	t := &table{head: []string{"bracket", "rung", "fold", "epoch", "trials", "epochs"}}
	for _, b := range p.Brackets {
		for i, r := range b.Rungs {
			t.add(b.Bracket, i, r.At.Fold, r.At.Epoch, r.Trials, r.Epochs)
		}
	}
	return t
}
