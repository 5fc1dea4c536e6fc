package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/view"
)

func (a *app) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "status [STUDY]",
		Short: "Show how a study stands",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), first(args), func(_ reader, s *trial.State) error {
				q := statusOf(s, a.runners(c.Context()))
				return a.show(q, func() { a.printStatus(s, q) }, statusTable(q))
			})
		},
	}
}

// runners asks the daemon, if one runs; without one there are none.
func (a *app) runners(ctx context.Context) []view.Runner {
	c, err := a.client()
	if err != nil {
		return nil
	}
	r, err := c.Runners(ctx)
	if err != nil {
		return nil
	}
	return r
}

func statusOf(s *trial.State, runners []view.Runner) view.Status {
	return view.StatusOf(s, runners, knownOf(s.Study), time.Now())
}

func statusTable(q view.Status) *table {
	t := &table{head: []string{"study", "state"}}
	row := []any{q.Study, q.State}
	for _, st := range trial.Statuses {
		name := view.StatusName(st)
		t.head = append(t.head, name)
		row = append(row, q.Trials[name])
	}
	t.head = append(t.head, "epochs_run", "epochs_full")
	t.add(append(row, q.Epochs.Run, q.Epochs.Full)...)
	return t
}

func (a *app) printStatus(s *trial.State, q view.Status) {
	fmt.Fprintf(a.out, "%s is %s", q.Study, q.State)
	if q.Reason != "" {
		fmt.Fprintf(a.out, ": %s", q.Reason)
	}
	fmt.Fprintf(a.out, "\n\n  trials   ")
	for _, st := range trial.Statuses {
		fmt.Fprintf(a.out, "%d %s  ", q.Trials[view.StatusName(st)], view.StatusName(st))
	}
	fmt.Fprintf(a.out, "\n  epochs   %d run of %d without pruning (%.0f%%)\n", q.Epochs.Run, q.Epochs.Full,
		100*float64(q.Epochs.Run)/float64(max(1, q.Epochs.Full)))
	if t := s.Leader(); t != nil {
		fmt.Fprintf(a.out, "  best     trial %d, %s, after %s: %s\n", t.Number, measured(s, t), t.Done, view.ParamsText(t.Params))
	}
	if q.Best != nil && q.Best.Probe != nil {
		fmt.Fprintf(a.out, "  probe    %s\n", q.Best.Probe)
	}
	if q.Best != nil && len(q.Best.Front) > 0 {
		fmt.Fprintf(a.out, "  front    %s that none is better than in every way; automl best %s shows them\n",
			view.Counted(len(q.Best.Front), "trial"), q.Study)
	}
	if q.Audit != nil {
		fmt.Fprintf(a.out, "  audit    %s\n", q.Audit)
	}
	fmt.Fprintf(a.out, "  started  %s\n", q.Started.Local().Format(time.DateTime))
	if q.ETA != nil {
		fmt.Fprintf(a.out, "  ends     about %s\n", q.ETA.Local().Format(time.DateTime))
	}
	fmt.Fprintf(a.out, "  slots    %s\n", view.ClaimText(q.Claim))
	if len(q.Runners) == 0 && !s.Status.Over() && !externalOf(s.Study) {
		fmt.Fprintf(a.out, "  runner   none: nobody works on it now; automl run SWEEP, or automl daemon with a runner, goes on with it\n")
	}
	for _, r := range q.Runners {
		fmt.Fprintf(a.out, "  runner   %s: %s, %d busy%s\n", r.Name, view.Counted(r.Slots, "slot"), len(r.Attempts),
			diskText("checkpoints", "trial", r.Disk)+diskText("logs", "attempt", r.Logs))
	}
}

// diskText is what the checkpoints or the logs of a runner take, where it has said so. They are kept by the trial, or by the attempt.
func diskText(what, by string, q *trial.DiskUse) string {
	if q == nil {
		return ""
	}
	text := fmt.Sprintf("; %s take %s", what, view.Bytes(q.Bytes))
	if q.Limit > 0 {
		text += " of " + view.Bytes(q.Limit)
	}
	if q.Dropped > 0 {
		text += fmt.Sprintf(", those of %s were given up for it", view.Counted(int(q.Dropped), by))
	}
	return text
}
