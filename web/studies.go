package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
	"automl/trial/view"
)

type server struct{ Config }

// Submitted answers a submission.
type Submitted struct {
	Study string `json:"study" doc:"id of the study"`
}

// StudyRecord is a study with the events of its record: applying them gives its state.
type StudyRecord struct {
	Study  StudyHead     `json:"study"`
	Events []trial.Event `json:"events"`
}

// StudyHead is a study as it was submitted.
type StudyHead struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Document  json.RawMessage `json:"document"` // its keys in their order, which is that of the search space
	Digest    string          `json:"digest"`
	Seed      uint64          `json:"seed"`
	Objective trial.Objective `json:"objective"`
	Shape     trial.Shape     `json:"shape"`
	Created   time.Time       `json:"created"`
}

type (
	idInput struct {
		ID string `path:"id" doc:"id or name of the study"`
	}
	recordInput struct {
		ID    string `path:"id" doc:"id or name of the study"`
		After int64  `query:"after" minimum:"0" doc:"only events after this sequence number"`
	}
	trialsInput struct {
		ID    string `path:"id" doc:"id or name of the study"`
		State string `query:"state" enum:"WAITING,RUNNING,PAUSED,COMPLETE,PRUNED,FAIL" doc:"only trials in this state"`
		After int    `query:"after" default:"-1" doc:"only trials after this number"`
		Limit int    `query:"limit" default:"1000" minimum:"1" maximum:"10000"`
	}
	trialInput struct {
		ID     string `path:"id" doc:"id or name of the study"`
		Number int    `path:"n" minimum:"0"`
	}
	documentInput struct {
		RawBody []byte `contentType:"application/json" doc:"the sweep document"`
	}
	body[T any] struct {
		Body T
	}
	submitOutput struct {
		Status int
		Body   Submitted
	}
)

func (s *server) routes(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "submit", Method: http.MethodPost, Path: "/studies", Summary: "Submit a sweep document",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxBody, SkipValidateBody: true /* Prepare does, with places */}, s.submit)
	huma.Get(api, "/studies", s.studies)
	huma.Get(api, "/studies/{id}", s.study)
	huma.Get(api, "/studies/{id}/best", s.best)
	huma.Get(api, "/studies/{id}/trials", s.trials)
	huma.Get(api, "/studies/{id}/trials/{n}", s.trial)
	huma.Get(api, "/studies/{id}/trials/{n}/decisions", s.decisions)
	huma.Get(api, "/studies/{id}/record", s.record)
	huma.Get(api, "/runners", s.runners)
	huma.Post(api, "/studies/{id}/pause", s.move(s.Daemon.Pause))
	huma.Post(api, "/studies/{id}/resume", s.move(s.Daemon.Resume))
	huma.Post(api, "/studies/{id}/stop", s.move(s.Daemon.Stop))
	huma.Delete(api, "/studies/{id}", s.move(s.Daemon.Delete))
}

func (s *server) submit(ctx context.Context, in *documentInput) (*submitOutput, error) {
	study, err := s.Prepare(in.RawBody)
	if err != nil {
		return nil, &problem{Status: http.StatusUnprocessableEntity, Title: "the sweep document is wrong", Code: string(trial.Invalid),
			Detail: err.Error(), Hint: trial.HintOf(err)}
	}
	study, created, err := s.Daemon.Submit(ctx, study)
	if err != nil {
		return nil, fail(err)
	}
	out := &submitOutput{Status: http.StatusOK, Body: Submitted{study.ID}}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *server) studies(ctx context.Context, _ *struct{}) (*body[[]StudyHead], error) {
	all, err := s.Record.Studies(ctx)
	if err != nil {
		return nil, fail(err)
	}
	out := []StudyHead{}
	for _, q := range all {
		out = append(out, headOf(q))
	}
	return &body[[]StudyHead]{out}, nil
}

func (s *server) study(ctx context.Context, in *idInput) (*body[view.Status], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, fail(err)
	}
	r, err := s.Daemon.Runners(ctx)
	if err != nil {
		return nil, fail(err)
	}
	return &body[view.Status]{view.StatusOf(st, r, s.GPUs(st.Study), s.Planned(st.Study), time.Now())}, nil
}

func (s *server) best(ctx context.Context, in *idInput) (*body[*view.Best], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, fail(err)
	}
	b := view.BestOf(st, s.GPUs(st.Study))
	if b == nil {
		return nil, fail(trial.Errorf(trial.NotFound, "study %s has no complete trial", st.Study.Name))
	}
	return &body[*view.Best]{b}, nil
}

func (s *server) trials(ctx context.Context, in *trialsInput) (*body[[]view.Trial], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, fail(err)
	}
	out := []view.Trial{}
	for _, t := range st.Trials {
		if t.Number > in.After && (in.State == "" || in.State == string(t.Status)) && len(out) < in.Limit {
			out = append(out, view.TrialOf(st, t))
		}
	}
	return &body[[]view.Trial]{out}, nil
}

func (s *server) trial(ctx context.Context, in *trialInput) (*body[view.Trial], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, fail(err)
	}
	t := st.Trial(in.Number)
	if t == nil {
		return nil, fail(trial.Errorf(trial.NotFound, "study %s has no trial %d", st.Study.Name, in.Number))
	}
	v := view.TrialOf(st, t)
	v.Curves = view.CurvesOf(t)
	return &body[view.Trial]{v}, nil
}

func (s *server) decisions(ctx context.Context, in *trialInput) (*body[[]trial.Event], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, fail(err)
	}
	events, err := s.Record.Events(ctx, st.Study.ID, 0)
	if err != nil {
		return nil, fail(err)
	}
	out := []trial.Event{}
	for _, e := range events {
		if e.Decision != nil && e.Decision.Trial == in.Number {
			out = append(out, e)
		}
	}
	return &body[[]trial.Event]{out}, nil
}

func (s *server) record(ctx context.Context, in *recordInput) (*body[StudyRecord], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, fail(err)
	}
	events, err := s.Record.Events(ctx, st.Study.ID, in.After)
	if err != nil {
		return nil, fail(err)
	}
	return &body[StudyRecord]{StudyRecord{headOf(st.Study), append([]trial.Event{}, events...)}}, nil
}

func (s *server) runners(ctx context.Context, _ *struct{}) (*body[[]view.Runner], error) {
	r, err := s.Daemon.Runners(ctx)
	if err != nil {
		return nil, fail(err)
	}
	return &body[[]view.Runner]{r}, nil
}

// move is a handler that changes the state of a study.
func (s *server) move(do func(context.Context, string) error) func(context.Context, *idInput) (*struct{}, error) {
	return func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := do(ctx, in.ID); err != nil {
			return nil, fail(err)
		}
		return nil, nil
	}
}
