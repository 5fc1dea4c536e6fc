package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// follower shows a study while it runs. Each call gets the state and what is new since the last one.
type follower interface {
	show(s *trial.State, fresh []trial.Event, progress []trial.Progress)
	close()
}

// refresh is how often the record is looked at.
const refresh = 200 * time.Millisecond

// watch follows a study from a state on until it is over: by applying its record, as anyone can who reads the database.
func (a *app) watch(ctx context.Context, t *tree, s *trial.State) error {
	var f follower = &lines{w: a.err}
	if a.live() {
		f = newBars(a.err.(*screen), epochsOf(s.Study))
	}
	defer f.close()
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for {
		fresh, err := t.db.Events(ctx, s.Study.ID, s.Seq)
		if err != nil {
			return err
		}
		for _, e := range fresh {
			if err := s.Apply(e); err != nil {
				return err
			}
		}
		progress, err := t.daemon.Progress(ctx, s.Study.ID)
		if err != nil {
			return err
		}
		f.show(s, fresh, progress)
		if s.Status.Over() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// lines prints one line for every decision a person may care about; brief leaves out what the bars show anyway.
type lines struct {
	w     io.Writer
	brief bool
}

func (l *lines) close() {}

func (l *lines) show(s *trial.State, fresh []trial.Event, _ []trial.Progress) {
	for _, e := range fresh {
		if text := eventLine(s, e); text != "" && !(l.brief && passing(e)) {
			fmt.Fprintf(l.w, "%s %s\n", e.Time.Local().Format(time.TimeOnly), text)
		}
	}
}

// passing tells whether an event is one of the many on the way of a trial.
func passing(e trial.Event) bool {
	switch e.Decision.What {
	case trial.Sampled, trial.Promoted, trial.Paused, trial.Pruned, trial.Audited:
		return true
	}
	return false
}

// eventLine says an event in one line; empty for those that are only of interest to explain.
func eventLine(s *trial.State, e trial.Event) string {
	d := e.Decision
	if d == nil {
		return ""
	}
	t := s.Trial(d.Trial)
	switch d.What {
	case trial.Sampled:
		return fmt.Sprintf("trial %d: %s", d.Trial, view.ParamsText(d.Params))
	case trial.Promoted, trial.Paused, trial.Pruned, trial.Audited, trial.Failed, trial.Confirmed, trial.Refitted:
		return fmt.Sprintf("trial %d %s: %s", d.Trial, d.What, d.Reason)
	case trial.Retried:
		return fmt.Sprintf("trial %d is tried again: %s", d.Trial, firstLine(d.Reason))
	case trial.Completed:
		return fmt.Sprintf("trial %d complete: %s", d.Trial, measured(s, t))
	case trial.Assigned:
		if d.Phase != trial.Search {
			return fmt.Sprintf("trial %d: %s", d.Trial, d.Reason)
		}
	case trial.Moved:
		return fmt.Sprintf("the study is %s: %s", d.Study, d.Reason)
	}
	return ""
}

// scoreText is a value with its spread over folds: "0.9805 ± 0.0040".
func scoreText(s trial.Score) string {
	if len(s.Folds) < 2 {
		return fmt.Sprintf("%.4f", s.Value)
	}
	return fmt.Sprintf("%.4f ± %.4f", s.Value, s.Std)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
