package web_test

import (
	"net/http"
	"testing"

	"automl/trial"
)

func TestEnqueue(t *testing.T) {
	s := submitted(t)
	enqueue := func(body string) answer { return s.do(http.MethodPost, "/api/v1/studies/demo/enqueue", body) }
	enqueue(`{"params":{"zeta":1e-3,"alpha":3}}`).
		want(t, http.StatusOK, `{"trials":[{"trial":4,"new":true,"params":{"zeta":0.001,"alpha":3}}]}`)
	if p := s.daemon.points; len(p) != 1 || !p[0].Equal(trial.Params{{Name: "zeta", Value: 1e-3}, {Name: "alpha", Value: int64(3)}}) {
		t.Errorf("enqueued %v", p)
	}
	enqueue(`{"params":[{"mid":"a"},{"mid":"b"}]}`).want(t, http.StatusOK, `{"trial":4,"new":true,`, `{"trial":5,"new":false,`)
	got, err := s.Enqueue(t.Context(), "demo", s.daemon.points)
	if err != nil || len(got) != 2 || got[1].New || got[1].Params.Text("mid", "") != "b" {
		t.Errorf("the client got %+v, %v", got, err)
	}
	for _, bad := range []string{`{}`, `{"params":3}`, `{"params":[3]}`, `[{"mid":"a"}]`, `{"params":{"mid":["a"]}}`, `{"params":{"mid":null}}`} {
		enqueue(bad).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "", "")
	}
	s.daemon.err = trial.Errorf(trial.Conflict, "study demo is over")
	enqueue(`{"params":{"mid":"a"}}`).wantProblem(t, http.StatusConflict, "conflict", "over", "")
}
