package web

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"

	"automl/trial"
	"automl/trial/view"
)

// trials is a page of the trials of a study. The cursor is the number of the last trial seen: trials are never renumbered, so
// pages neither repeat one nor leave one out while the study runs.
func (s *server) trials(ctx context.Context, in *trialsInput) (*page[view.Trial], error) {
	out := &page[view.Trial]{Body: []view.Trial{}}
	err := s.states.with(ctx, in.ID, func(st *trial.State) error {
		for _, t := range st.Trials[min(in.After, len(st.Trials)-1)+1:] {
			if in.State != "" && in.State != string(t.Status) {
				continue
			}
			if len(out.Body) == in.Limit {
				out.Link = in.next(out.Body[in.Limit-1].Trial)
				break
			}
			out.Body = append(out.Body, view.TrialOf(st, t))
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(err)
	}
	return out, nil
}

// next is the Link header to the page after a trial.
func (in *trialsInput) next(after int) string {
	q := url.Values{"after": {strconv.Itoa(after)}, "limit": {strconv.Itoa(in.Limit)}}
	if in.State != "" {
		q.Set("state", in.State)
	}
	return fmt.Sprintf(`</api/v1/studies/%s/trials?%s>; rel="next"`, url.PathEscape(in.ID), q.Encode())
}

func (s *server) trial(ctx context.Context, in *trialInput) (*body[view.Trial], error) {
	out := &body[view.Trial]{}
	err := s.withTrial(ctx, in, func(st *trial.State, t *trial.Trial) {
		out.Body = view.TrialOf(st, t)
		out.Body.Curves, out.Body.Confusion = view.CurvesOf(t), view.ConfusionOf(st, t)
	})
	if err != nil {
		return nil, s.fail(err)
	}
	return out, nil
}

// withTrial hands the trial that a request is about to f, which must not keep it.
func (s *server) withTrial(ctx context.Context, in *trialInput, f func(*trial.State, *trial.Trial)) error {
	return s.states.with(ctx, in.ID, func(st *trial.State) error {
		t := st.Trial(in.Number)
		if t == nil {
			return trial.Errorf(trial.NotFound, "study %s has no trial %d", st.Study.Name, in.Number).
				WithHint("it has %d trials, numbered from 0", len(st.Trials))
		}
		f(st, t)
		return nil
	})
}

func (s *server) reports(ctx context.Context, in *trialInput) (*body[[]ReportEntry], error) {
	events, err := s.trialEvents(ctx, in)
	if err != nil {
		return nil, s.fail(err)
	}
	out := []ReportEntry{}
	for _, e := range events {
		if e.Report != nil && e.Report.Trial == in.Number {
			out = append(out, ReportEntry{Stamp{e.Seq, e.Time}, *e.Report})
		}
	}
	return &body[[]ReportEntry]{out}, nil
}

func (s *server) decisions(ctx context.Context, in *trialInput) (*body[[]DecisionEntry], error) {
	events, err := s.trialEvents(ctx, in)
	if err != nil {
		return nil, s.fail(err)
	}
	out := []DecisionEntry{}
	for _, e := range events {
		if e.Decision != nil && e.Decision.Trial == in.Number {
			out = append(out, DecisionEntry{Stamp{e.Seq, e.Time}, *e.Decision})
		}
	}
	return &body[[]DecisionEntry]{out}, nil
}

// trialEvents is the record of the study of a trial that exists.
func (s *server) trialEvents(ctx context.Context, in *trialInput) ([]trial.Event, error) {
	var study string
	err := s.withTrial(ctx, in, func(st *trial.State, _ *trial.Trial) { study = st.Study.ID })
	if err != nil {
		return nil, err
	}
	return s.Record.EventsN(ctx, study, 0, math.MaxInt)
}
