package web_test

import (
	"net/http"
	"testing"

	"automl/trial"
)

func TestChangeClaim(t *testing.T) {
	s := submitted(t)
	share := 2.5
	got, err := s.Change(t.Context(), "demo", trial.Claim{Share: &share})
	check(t, err)
	if *got.Share != 2.5 || *got.Priority != 0 || *got.Workers != 0 {
		t.Errorf("the claim is %v", got.Params())
	}
	for _, body := range []string{`{}`, `{"share":0}`, `{"share":1001}`, `{"priority":9}`, `{"priority":1.5}`, `{"workers":-1}`, `{"share":"x"}`} {
		s.do(http.MethodPost, "/api/v1/studies/demo/claim", body).want(t, http.StatusUnprocessableEntity)
	}
}
