package web_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"automl/trial"
)

func TestAsk(t *testing.T) {
	s := submitted(t)
	ask := func() answer { return s.do(http.MethodPost, "/api/v1/studies/demo/ask", "{}") }
	ask().want(t, http.StatusOK, `{"trial":3,"attempt":2,"params":{"lr":0.5},"from":{"fold":0,"epoch":0},"to":{"fold":0,"epoch":4},"lease_seconds":90}`)
	if a := ask(); a.code != http.StatusNoContent || a.body != "" {
		t.Errorf("nothing to do: %d %q", a.code, a.body)
	}
	ask().wantProblem(t, http.StatusGone, "conflict", "over", "")
	s.do(http.MethodPost, "/api/v1/studies/demo/ask", "").wantProblem(t, http.StatusGone, "conflict", "over", "")
	s.daemon.err = trial.Errorf(trial.NotFound, "there is no study %q", "demo")
	ask().wantProblem(t, http.StatusNotFound, "not_found", "no study", "")
}

// TestAskByName: what a program says of its question reaches the daemon, and nonsense does not.
func TestAskByName(t *testing.T) {
	s := submitted(t)
	ask := func(body string) answer { return s.do(http.MethodPost, "/api/v1/studies/demo/ask", body) }
	ask(`{"request":"3f2a","lease_seconds":90.5}`).want(t, http.StatusOK, `"trial":3`)
	if want := (trial.Lease{Request: "3f2a", Length: 90500 * time.Millisecond}); s.daemon.lease != want {
		t.Errorf("asked with %+v", s.daemon.lease)
	}
	for _, bad := range []string{`{"lease_seconds":0.1}`, `{"lease_seconds":-1}`, `{"lease_seconds":1e300}`, `{"request":"a\nb"}`,
		`{"request":"` + strings.Repeat("x", 201) + `"}`} {
		ask(bad).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "", "")
	}
	if s.daemon.asked != 1 {
		t.Errorf("the daemon was asked %d times", s.daemon.asked)
	}
	s.daemon.err = trial.Errorf(trial.Conflict, "request %q was answered", "3f2a").WithHint("another request")
	ask(`{"request":"3f2a"}`).wantProblem(t, http.StatusConflict, "conflict", "3f2a", "another request")
}

func TestRenew(t *testing.T) {
	s := submitted(t)
	renew := func(body string) answer { return s.do(http.MethodPost, "/api/v1/studies/demo/renew", body) }
	renew(`{"trial":3,"attempt":2}`).want(t, http.StatusOK, `{"decision":"continue","reason":""}`)
	if s.daemon.key != (trial.Key{Trial: 3, Attempt: 2}) {
		t.Errorf("renewed %+v", s.daemon.key)
	}
	for _, bad := range []string{`{}`, `{"trial":3}`, `{"trial":-1,"attempt":1}`, `{"trial":1,"attempt":0}`} {
		renew(bad).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "", "")
	}
	s.daemon.err = trial.Errorf(trial.Conflict, "attempt 2 of trial 3 is not yours any more")
	renew(`{"trial":3,"attempt":2}`).wantProblem(t, http.StatusConflict, "conflict", "not yours", "")
}

func TestTell(t *testing.T) {
	s := submitted(t)
	tell := func(body string) answer { return s.do(http.MethodPost, "/api/v1/studies/demo/tell", body) }
	tell(`{"trial":3,"attempt":2,"reports":[{"fold":0,"epoch":1,"metrics":{"acc":0.5,"loss":"NaN"},"cost_seconds":1.5}]}`).
		want(t, http.StatusOK, `{"decision":"pause","reason":"for a test"}`)
	d := s.daemon
	if d.key.Trial != 3 || d.key.Attempt != 2 || len(d.told) != 1 || d.told[0].Epoch != 1 || d.told[0].Cost != 1.5 ||
		d.told[0].Metrics[0] != (trial.Metric{Name: "acc", Value: 0.5}) || !math.IsNaN(d.told[0].Metrics[1].Value) || d.failure != nil {
		t.Errorf("told %+v %+v %+v", d.key, d.told, d.failure)
	}
	tell(`{"trial":3,"attempt":2,"reports":null,"failure":{"kind":"oom","message":"full"}}`).want(t, http.StatusOK, `"decision"`)
	if f := d.failure; f == nil || f.Failure != trial.OOM || f.Message != "full" {
		t.Errorf("told %+v", d.failure)
	}
	for _, bad := range []string{`{"trial":3,"attempt":2}`, `{"trial":-1,"attempt":2,"reports":[]}`, `{"trial":3,"attempt":0,"failure":{"kind":"oom"}}`,
		`{"trial":3,"attempt":1,"failure":{"kind":"meteorite"}}`, `{"trial":3,"attempt":1,"reports":[{"fold":0,"epoch":0,"metrics":{}}]}`} {
		if a := tell(bad); a.code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad, a.code, a.body)
		}
	}
}
