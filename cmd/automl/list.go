package main

import (
	"time"

	"github.com/spf13/cobra"

	"automl/trial"
)

// summary is a study in one line.
type summary struct {
	Study   string      `json:"study"`
	ID      string      `json:"id"`
	State   string      `json:"state"`
	Trials  int         `json:"trials"`
	Best    *float64    `json:"best"`
	Claim   trial.Claim `json:"claim,omitzero"` // to the runners' slots
	Created time.Time   `json:"created"`
	Ended   *time.Time  `json:"ended,omitempty"`
}

func (a *app) listCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the studies",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := a.reader(c.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			studies, err := r.Studies(c.Context())
			if err != nil {
				return err
			}
			all := []summary{}
			rows := &table{head: []string{"study", "id", "state", "trials", "best", "created"}}
			for _, study := range studies {
				s, err := r.Load(c.Context(), study.ID)
				if err != nil {
					return err
				}
				q := summarize(s)
				all = append(all, q)
				rows.add(q.Study, q.ID, q.State, q.Trials, bestCell(s), q.Created.Local().Format(time.DateTime))
			}
			return a.show(all, func() { rows.print(a.out) }, rows)
		},
	}
}

func summarize(s *trial.State) summary {
	q := summary{Study: s.Study.Name, ID: s.Study.ID, State: string(s.Status), Trials: len(s.Trials), Claim: s.Claim.Over(claimOf(s.Study)),
		Created: s.Study.Created}
	if t := s.Best(); t != nil {
		score, _ := t.Score(s.Study.Objective, s.Study.Shape)
		q.Best = &score.Value
	}
	if s.Status.Over() {
		q.Ended = &s.Since
	}
	return q
}

func bestCell(s *trial.State) string {
	t := s.Best()
	if t == nil {
		return "-"
	}
	score, _ := t.Score(s.Study.Objective, s.Study.Shape)
	return scoreText(score)
}
