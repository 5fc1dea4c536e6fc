package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"automl/trial"
)

func (a *app) claimCmd() *cobra.Command {
	var share float64
	var priority, workers int
	c := &cobra.Command{
		Use:   "claim STUDY",
		Short: "Change share, priority or most trials at once of a study that runs; what is not given stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var to trial.Claim
			for name, set := range map[string]func(){"share": func() { to.Share = &share }, "priority": func() { to.Priority = &priority }, "workers": func() { to.Workers = &workers }} {
				if c.Flags().Changed(name) {
					set()
				}
			}
			if err := to.Validate(); err != nil {
				return usage(err)
			}
			d, err := a.client()
			if err != nil {
				return err
			}
			now, err := d.Change(c.Context(), args[0], to)
			if err != nil {
				return err
			}
			rows := &table{}
			var row []any
			for _, p := range now.Params() {
				rows.head, row = append(rows.head, p.Name), append(row, p.Value)
			}
			rows.add(row...)
			return a.show(now, func() { fmt.Fprintln(a.out, now.Params()) }, rows)
		},
	}
	c.Flags().Float64Var(&share, "share", 1, "slots in proportion to other studies of the same priority")
	c.Flags().IntVar(&priority, "priority", 0, "-8 to 8: each step is worth twice the slots")
	c.Flags().IntVar(&workers, "workers", 0, "most trials at once; 0: as many as there are slots")
	return c
}
