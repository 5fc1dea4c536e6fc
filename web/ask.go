package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
)

// Asked is what a program says of itself when it asks for work.
type Asked struct {
	Request string  `json:"request,omitempty" doc:"a name for this question, such as a UUID: asking again with it gives the same job, as when the answer was lost"`
	Lease   float64 `json:"lease_seconds,omitempty" doc:"how long the program may be silent before the job is handed out again; default: as the study says, else a day"`
}

// Job is work for a program that trains by itself.
type Job struct {
	Trial   int            `json:"trial"`
	Attempt int            `json:"attempt" doc:"to be returned unchanged in every tell of this job"`
	Params  trial.Params   `json:"params"`
	From    trial.Resource `json:"from" doc:"what is trained already: the fold, and its finished epochs"`
	To      trial.Resource `json:"to" doc:"the last epoch to train"`
	Lease   float64        `json:"lease_seconds" doc:"after so many seconds without a tell or a renew the job is handed out again"`
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

// Renewed names a job that is still worked on.
type Renewed struct {
	Trial   int `json:"trial" minimum:"0"`
	Attempt int `json:"attempt" minimum:"1"`
}

type (
	askInput struct {
		ID   string `path:"id" doc:"id or name of the study"`
		Body *Asked
	}
	renewInput struct {
		ID   string `path:"id" doc:"id or name of the study"`
		Body Renewed
	}
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
		"409": {Description: "The request was answered before, with a job that is over"},
		"410": {Description: "The study is over: nothing will ever be handed out again"},
	}
	return op
}

func (s *server) ask(ctx context.Context, in *askInput) (*askOutput, error) {
	l, err := in.Body.lease()
	if err != nil {
		return nil, s.fail(err)
	}
	a, reply, err := s.Daemon.Ask(ctx, in.ID, l)
	switch {
	case err != nil:
		return nil, s.fail(err)
	case reply == trial.ReplyWait:
		return &askOutput{Status: http.StatusNoContent}, nil
	case reply == trial.ReplyOver:
		return nil, problemOf(http.StatusGone, trial.Conflict, trial.Errorf(trial.Conflict, "the study is over"))
	}
	job := &Job{Trial: a.Trial, Attempt: a.Attempt, Params: a.Params, From: a.From, To: a.To, Lease: a.Trainer.Lease}
	return &askOutput{Status: http.StatusOK, Body: job}, nil
}

// lease is the same in the terms of the domain.
func (a *Asked) lease() (trial.Lease, error) {
	if a == nil {
		return trial.Lease{}, nil
	}
	return trial.NewLease(a.Request, a.Lease)
}

func (s *server) renew(ctx context.Context, in *renewInput) (*body[Answer], error) {
	verb, reason, err := s.Daemon.Renew(ctx, in.ID, trial.Key{Trial: in.Body.Trial, Attempt: in.Body.Attempt})
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[Answer]{Answer{verb, reason}}, nil
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
