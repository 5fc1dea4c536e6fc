package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"automl/web"
)

func (a *app) joinTokenCmd() *cobra.Command {
	var life time.Duration
	var runners int
	var list bool
	var revoke string
	c := &cobra.Command{
		Use:   "join-token",
		Short: "Make a token with which runners on other machines join the daemon: automl runner --join TOKEN",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := a.client()
			if err != nil {
				return err
			}
			switch {
			case revoke != "":
				return d.Revoke(c.Context(), revoke)
			case list:
				g, err := d.Guests(c.Context())
				if err != nil {
					return err
				}
				return a.showGuests(g)
			}
			t, err := d.JoinToken(c.Context(), web.TokenWanted{Hours: life.Hours(), Runners: runners})
			if err != nil {
				return err
			}
			rows := &table{head: []string{"id", "token", "expires", "runners"}}
			rows.add(t.ID, t.Token, t.Expires.Format(time.RFC3339), t.Runners)
			return a.show(t, func() { fmt.Fprintln(a.out, t.Token) }, rows)
		},
	}
	c.Flags().DurationVar(&life, "life", time.Hour, "how long the token can be used")
	c.Flags().IntVar(&runners, "runners", 1, "how many runners may join with it; -1: any number")
	c.Flags().BoolVar(&list, "list", false, "show the tokens that still hold and the runners that joined")
	c.Flags().StringVar(&revoke, "revoke", "", "end the token with this id, or send the runner away that has this id or name")
	c.MarkFlagsMutuallyExclusive("list", "revoke")
	return c
}

func (a *app) showGuests(g web.Guests) error {
	rows := &table{head: []string{"id", "what", "name", "since", "until", "runners left"}}
	for _, r := range g.Runners {
		rows.add(r.ID, "runner", r.Name, r.Joined.Format(time.DateTime), "", "")
	}
	for _, t := range g.Tokens {
		left := fmt.Sprint(t.Runners)
		if t.Runners < 0 {
			left = "any"
		}
		rows.add(t.ID, "token", "", "", t.Expires.Format(time.DateTime), left)
	}
	return a.show(g, func() { rows.print(a.out) }, rows)
}
