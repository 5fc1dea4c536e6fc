package web

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
	"automl/trial/view"
)

// submission describes the route that takes sweep documents. Their content is checked by Prepare, which names places.
func submission() huma.Operation {
	op := operation(http.MethodPost, "/studies", "submit-study", "Submit a sweep document; the same one again is the same study")
	op.DefaultStatus = http.StatusCreated
	op.MaxBodyBytes = maxBody
	op.SkipValidateBody = true
	op.Errors = []int{http.StatusUnauthorized, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}
	op.Responses = map[string]*huma.Response{"200": {Description: "The study exists, with this document", Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/Submitted"}}}}}
	return op
}

func (s *server) submit(ctx context.Context, in *documentInput) (*submitOutput, error) {
	study, err := s.Prepare(ctx, bytes.Clone(in.RawBody)) // huma uses the buffer again
	if err != nil {
		return nil, problemOf(http.StatusUnprocessableEntity, trial.Invalid, err)
	}
	study, created, err := s.Daemon.Submit(ctx, study)
	if err != nil {
		return nil, s.fail(err)
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
		return nil, s.fail(err)
	}
	out := []StudyHead{}
	for _, q := range all {
		out = append(out, StudyHead(q))
	}
	return &body[[]StudyHead]{out}, nil
}

func (s *server) study(ctx context.Context, in *idInput) (*body[view.Status], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, s.fail(err)
	}
	r, err := s.knownRunners(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[view.Status]{view.StatusOf(st, r, s.GPUs(st.Study), s.Planned(st.Study), time.Now())}, nil
}

func (s *server) best(ctx context.Context, in *idInput) (*body[*view.Best], error) {
	st, err := s.Record.Load(ctx, in.ID)
	if err != nil {
		return nil, s.fail(err)
	}
	b := view.BestOf(st, s.GPUs(st.Study))
	if b == nil {
		return nil, s.fail(trial.Errorf(trial.NotFound, "study %s has no complete trial", st.Study.Name).
			WithHint("it is %s", st.Status))
	}
	return &body[*view.Best]{b}, nil
}

func (s *server) record(ctx context.Context, in *recordInput) (*body[StudyRecord], error) {
	study, err := s.Record.Study(ctx, in.ID)
	if err != nil {
		return nil, s.fail(err)
	}
	events, err := s.Record.EventsN(ctx, study.ID, in.After, in.Limit)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[StudyRecord]{StudyRecord{StudyHead(study), append([]trial.Event{}, events...)}}, nil
}

func (s *server) runners(ctx context.Context, _ *struct{}) (*body[[]view.Runner], error) {
	r, err := s.knownRunners(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[[]view.Runner]{r}, nil
}

// knownRunners are the daemon's runners, with lists that are never null.
func (s *server) knownRunners(ctx context.Context) ([]view.Runner, error) {
	known, err := s.Daemon.Runners(ctx)
	out := append([]view.Runner{}, known...)
	for i := range out {
		out[i].Attempts = append([]trial.Key{}, out[i].Attempts...)
	}
	return out, err
}

// move is a handler that changes the state of a study.
func (s *server) move(do func(context.Context, string) error) func(context.Context, *idInput) (*struct{}, error) {
	return func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := do(ctx, in.ID); err != nil {
			return nil, s.fail(err)
		}
		return nil, nil
	}
}
