package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/view"
)

func (a *app) describeCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "describe [STUDY [TRIAL]]",
		Short: "Show all trials of a study, or one trial with its curves",
		Args:  cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), first(args), func(_ reader, s *trial.State) error {
				if len(args) < 2 {
					return a.describeStudy(s)
				}
				t, err := trialOf(s, args[1])
				if err != nil {
					return err
				}
				return a.describeTrial(s, t)
			})
		},
	}
}

// trialOf finds the trial a person named.
func trialOf(s *trial.State, arg string) (*trial.Trial, error) {
	n, err := strconv.Atoi(arg)
	if err != nil {
		return nil, trial.Errorf(trial.Invalid, "trial %q is no number", arg).WithHint("automl describe %s lists the trials", s.Study.Name)
	}
	if t := s.Trial(n); t != nil {
		return t, nil
	}
	e := trial.Errorf(trial.NotFound, "study %s has no trial %d", s.Study.Name, n)
	if len(s.Trials) == 0 {
		return nil, e.WithHint("it has none yet")
	}
	return nil, e.WithHint("it has the trials 0 to %d", len(s.Trials)-1)
}

func (a *app) describeStudy(s *trial.State) error {
	all := []view.Trial{}
	rows := &table{head: append(append([]string{"trial", "state"}, valueHeads(s.Study)...), "folds", "epochs", "seconds", "parameters")}
	for _, t := range s.Trials {
		v := view.TrialOf(s, t)
		all = append(all, v)
		row := append([]any{t.Number, t.Status}, valueCells(s.Study, t)...)
		rows.add(append(row, t.Folds(s.Study.Objective.Metric), v.Epochs, fmt.Sprintf("%.1f", t.Seconds), view.ParamsText(t.Params))...)
	}
	return a.show(all, func() {
		fmt.Fprintf(a.out, "study %s (%s): %s, seed %d, made %s, %s\n", s.Study.Name, s.Study.ID, objectivesText(s.Study), s.Study.Seed,
			s.Study.Created.Local().Format(time.DateTime), s.Status)
		fmt.Fprintf(a.out, "slots %s\n", view.ClaimText(s.Claim.Over(claimOf(s.Study))))
		if s.Hash != "" {
			fmt.Fprintf(a.out, "folds %s\n", s.Hash[:min(16, len(s.Hash))])
		}
		fmt.Fprintln(a.out)
		rows.print(a.out)
	}, rows)
}

func (a *app) describeTrial(s *trial.State, t *trial.Trial) error {
	v := view.TrialOf(s, t)
	v.Curves, v.Confusion = view.CurvesOf(t), view.ConfusionOf(s, t)
	rows := &table{head: []string{"fold", "metric"}}
	for e := range s.Study.Shape.Epochs {
		rows.head = append(rows.head, fmt.Sprintf("epoch %d", e+1))
	}
	for _, c := range v.Curves {
		row := make([]any, len(rows.head))
		row[0], row[1] = c.Fold, c.Metric
		for e := range s.Study.Shape.Epochs {
			row[2+e] = ""
			if e < len(c.Values) {
				row[2+e] = numberText(c.Values[e])
			}
		}
		rows.add(row...)
	}
	return a.show(v, func() {
		fmt.Fprintf(a.out, "trial %d of %s is %s: %s\n%s\n\n", t.Number, s.Study.Name, t.Status, t.Reason, view.ParamsText(t.Params))
		if c := t.Cache; c != (trial.CacheUse{}) {
			fmt.Fprintf(a.out, "frozen blocks: %d rows read from the cache, %d computed, about %.1f s saved\n\n", c.Hits, c.Misses, c.Saved)
		}
		if v.Usage != nil {
			fmt.Fprintf(a.out, "machine: %s\n\n", v.Usage)
		}
		rows.print(a.out)
		a.printConfusion(v.Confusion)
	}, rows)
}
