package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/view"
)

func (a *app) explainCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "explain STUDY TRIAL",
		Short: "Say why a trial was paused, promoted or stopped: which rule, which rung, what value against what threshold",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), args[0], func(r reader, s *trial.State) error {
				t, err := trialOf(s, args[1])
				if err != nil {
					return err
				}
				events, err := r.Events(c.Context(), s.Study.ID, 0)
				if err != nil {
					return err
				}
				return a.explain(s, t, events)
			})
		},
	}
}

// explanation is one decision as explain gives it to programs.
type explanation struct {
	Seq       int64           `json:"seq"`
	Time      time.Time       `json:"time"`
	What      trial.What      `json:"what"`
	Rung      *trial.Resource `json:"rung,omitempty"`
	Value     *float64        `json:"value,omitempty"`
	Threshold *float64        `json:"threshold,omitempty"`
	Bracket   int             `json:"bracket"`
	Reason    string          `json:"reason"`
}

func (a *app) explain(s *trial.State, t *trial.Trial, events []trial.Event) error {
	all := []explanation{}
	rows := &table{head: []string{"time", "decision", "at", "value", "threshold", "reason"}}
	for _, e := range events {
		d := e.Decision
		if d == nil || d.Trial != t.Number {
			continue
		}
		x := explanation{Seq: e.Seq, Time: e.Time, What: d.What, Value: d.Value, Threshold: d.Threshold, Bracket: d.Bracket, Reason: d.Reason}
		at := "-"
		if d.At != (trial.Resource{}) {
			x.Rung, at = &d.At, d.At.String()
		}
		if d.What == trial.Started {
			x.Reason = "on runner " + d.Runner
		}
		if d.What == trial.Assigned {
			at = "to " + d.To.String()
		}
		all = append(all, x)
		rows.add(e.Time.Local().Format(time.TimeOnly), d.What, at, numberText(d.Value), numberText(d.Threshold), x.Reason)
	}
	return a.show(all, func() {
		fmt.Fprintf(a.out, "trial %d of %s is %s: %s\n%s\n\n", t.Number, s.Study.Name, t.Status, t.Reason, view.ParamsText(t.Params))
		rows.print(a.out)
	}, rows)
}

func numberText(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f", *v)
}
