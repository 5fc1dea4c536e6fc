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

func (s *server) studies(ctx context.Context, _ *struct{}) (*body[[]StudyEntry], error) {
	all, err := s.Record.Studies(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	states, err := s.Record.StudyStates(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := []StudyEntry{}
	for _, q := range all {
		if state, there := states[q.ID]; there { // else it was deleted meanwhile
			out = append(out, StudyEntry{StudyHead(q), state})
		}
	}
	return &body[[]StudyEntry]{out}, nil
}

func (s *server) study(ctx context.Context, in *idInput) (*body[view.Status], error) {
	r, err := s.knownRunners(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := &body[view.Status]{}
	err = s.states.with(ctx, in.ID, func(st *trial.State) error {
		out.Body = view.StatusOf(st, r, s.Known(st.Study), time.Now())
		return nil
	})
	if err != nil {
		return nil, s.fail(err)
	}
	return out, nil
}

func (s *server) best(ctx context.Context, in *idInput) (*body[*view.Best], error) {
	out := &body[*view.Best]{}
	err := s.states.with(ctx, in.ID, func(st *trial.State) error {
		if out.Body = view.BestOf(st, s.Known(st.Study).GPUs); out.Body == nil {
			return trial.Errorf(trial.NotFound, "study %s has no complete trial", st.Study.Name).WithHint("it is %s", st.Status)
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(err)
	}
	return out, nil
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

type claimInput struct {
	ID   string `path:"id" doc:"id or name of the study"`
	Body trial.Claim
}

func (s *server) change(ctx context.Context, in *claimInput) (*body[trial.Claim], error) {
	now, err := s.Daemon.Change(ctx, in.ID, in.Body)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[trial.Claim]{now}, nil
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
