package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
	"automl/trial/view"
)

// Wanted is the configurations that shall be tried.
type Wanted struct {
	Params Points `json:"params" doc:"one configuration, or a list of them; what they leave out is filled in"`
}

// Points is one configuration or a list of them.
type Points []trial.Params

// UnmarshalJSON reads an object as a list of one.
func (p *Points) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return json.Unmarshal(data, (*[]trial.Params)(p))
	}
	var one trial.Params
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*p = Points{one}
	return nil
}

// Schema describes both forms.
func (Points) Schema(huma.Registry) *huma.Schema {
	one := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one}}}
}

// Queued answers an enqueuing, one entry a configuration, in the order they were given.
type Queued struct {
	Trials []view.Enqueued `json:"trials"`
}

type wantedInput struct {
	ID   string `path:"id" doc:"id or name of the study"`
	Body Wanted
}

func enqueuing() huma.Operation {
	op := operation(http.MethodPost, "/studies/{id}/enqueue", "enqueue",
		"Have configurations tried before anything that is proposed; the same ones again change nothing")
	op.MaxBodyBytes = maxBody
	op.Errors = []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	return op
}

func (s *server) enqueue(ctx context.Context, in *wantedInput) (*body[Queued], error) {
	out, err := s.Daemon.Enqueue(ctx, in.ID, in.Body.Params)
	if err != nil {
		return nil, s.fail(err)
	}
	return &body[Queued]{Queued{out}}, nil
}
