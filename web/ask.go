package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
)

// Job is work for a program that trains by itself.
type Job struct {
	Trial   int            `json:"trial"`
	Attempt int            `json:"attempt" doc:"to be returned unchanged in every tell of this job"`
	Params  trial.Params   `json:"params"`
	From    trial.Resource `json:"from" doc:"what is trained already: the fold, and its finished epochs"`
	To      trial.Resource `json:"to" doc:"the last epoch to train"`
}

// Told is what was measured of a job.
type Told struct {
	Trial   int          `json:"trial" minimum:"0"`
	Attempt int          `json:"attempt" minimum:"1"`
	Reports []ToldReport `json:"reports,omitempty" nullable:"true"`
	Failure *ToldFailure `json:"failure,omitempty" doc:"ends the trial, or this attempt of it"`
}

// ToldReport is one epoch.
type ToldReport struct {
	Fold    int           `json:"fold" minimum:"0"`
	Epoch   int           `json:"epoch" minimum:"1"`
	Metrics trial.Metrics `json:"metrics" doc:"numbers by name; NaN and infinities as strings"`
	Cost    float64       `json:"cost_seconds,omitempty" minimum:"0"`
}

// ToldFailure is why a job broke.
type ToldFailure struct {
	Kind    trial.Failure `json:"kind" enum:"oom,nan,crash,timeout"`
	Message string        `json:"message,omitempty"`
}

// Answer is the decision on what was told.
type Answer struct {
	Decision trial.Verb `json:"decision" enum:"continue,pause,stop"`
	Reason   string     `json:"reason"`
}

type (
	toldInput struct {
		ID   string `path:"id" doc:"id or name of the study"`
		Body Told
	}
	askOutput struct {
		Status int
		Body   *Job
	}
)

// asking describes the route that hands out work.
func asking() huma.Operation {
	op := operation(http.MethodPost, "/studies/{id}/ask", "ask", "Ask for work; the study's trainer is external")
	op.Responses = map[string]*huma.Response{
		"204": {Description: "Nothing now: something that trains has to be told first"},
		"410": {Description: "The study is over: nothing will ever be handed out again"},
	}
	return op
}

func (s *server) ask(ctx context.Context, in *idInput) (*askOutput, error) {
	a, reply, err := s.Daemon.Ask(ctx, in.ID)
	switch {
	case err != nil:
		return nil, s.fail(err)
	case reply == trial.ReplyWait:
		return &askOutput{Status: http.StatusNoContent}, nil
	case reply == trial.ReplyOver:
		return nil, problemOf(http.StatusGone, trial.Conflict, trial.Errorf(trial.Conflict, "the study is over"))
	}
	job := &Job{Trial: a.Trial, Attempt: a.Attempt, Params: a.Params, From: a.From, To: a.To}
	return &askOutput{Status: http.StatusOK, Body: job}, nil
}

func (s *server) tell(ctx context.Context, in *toldInput) (*body[Answer], error) {
	reports := make([]trial.Report, len(in.Body.Reports))
	for i, r := range in.Body.Reports {
		reports[i] = trial.Report{Fold: r.Fold, Epoch: r.Epoch, Metrics: r.Metrics, Cost: r.Cost}
	}
	var exit *trial.Exit
	if f := in.Body.Failure; f != nil {
		exit = &trial.Exit{Failure: f.Kind, Message: f.Message}
	}
	if len(reports) == 0 && exit == nil {
		return nil, problemOf(http.StatusUnprocessableEntity, trial.Invalid, trial.Errorf(trial.Invalid, "neither reports nor a failure are told"))
	}
	key := trial.Key{Trial: in.Body.Trial, Attempt: in.Body.Attempt}
	verb, reason, err := s.Daemon.Tell(ctx, in.ID, key, reports, exit)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[Answer]{Answer{verb, reason}}, nil
}
