package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"automl/trial"
	"automl/trial/view"
)

func TestSubmitStatuses(t *testing.T) {
	s := newSite(t)
	post := func(body string) answer { return s.do(http.MethodPost, "/api/v1/studies", body) }
	post(sweep).want(t, http.StatusCreated, `{"study":"id1"}`)
	post(sweep).want(t, http.StatusOK, `{"study":"id1"}`)
	post(strings.Replace(sweep, `"seed":3`, `"seed":4`, 1)).wantProblem(t, http.StatusConflict, "conflict", "another sweep", "another name")
	post(strings.Replace(sweep, "maximize", "maximise", 1)).
		wantProblem(t, http.StatusUnprocessableEntity, "invalid", "objective.goal", "maximize")
	post("{").wantProblem(t, http.StatusUnprocessableEntity, "invalid", "request body", "")
	post("").wantProblem(t, http.StatusBadRequest, "invalid", "body is required", "openapi")
	post(strings.Repeat(" ", 16<<20)+"{}").wantProblem(t, http.StatusRequestEntityTooLarge, "too_large", "too large", "16 MiB")
}

// TestHintStandsOnce: errors of the sweep document have their hint in their text.
func TestHintStandsOnce(t *testing.T) {
	s := newSite(t)
	a := s.do(http.MethodPost, "/api/v1/studies", strings.Replace(sweep, `"seed":3`, `"sed":3`, 1))
	a.wantProblem(t, http.StatusUnprocessableEntity, "invalid", "sed", "seed")
	if strings.Contains(a.body, "hint: ") {
		t.Errorf("the hint stands in the detail too: %s", a.body)
	}
}

func TestStudyRoutes(t *testing.T) {
	s := newSite(t)
	s.get("/studies").want(t, http.StatusOK, "[]")
	s = submitted(t)
	s.get("/studies").want(t, http.StatusOK, `"id":"id1"`, `"parameters":{"zeta":{`, `"state":"RUNNING"`)
	s.get("/studies/demo").want(t, http.StatusOK, `"best":null`, `"runners":[]`, `"eta":null`, `"waiting":0`)
	s.get("/studies/demo/best").wantProblem(t, http.StatusNotFound, "not_found", "no complete trial", "RUNNING")
	s.get("/studies/demo/trials").want(t, http.StatusOK, "[]")
	s.get("/studies/demo/record").want(t, http.StatusOK, `"events":[]`)

	s.append(history()...)
	s.get("/studies/id1").want(t, http.StatusOK, `"state":"RUNNING"`, `"complete":1`, `"pruned":1`, `"full":12`)
	s.get("/studies/id1/best").want(t, http.StatusOK, `"trial":0`, `"value":0.5`, `"params":{"zeta":3.0,"alpha":7,"mid":"b"}`,
		`"gpu_seconds":16`)
	s.get("/studies/demo/record?after=5&limit=1").want(t, http.StatusOK, `"events":[{"seq":6,`)
	s.get("/studies/demo/record").want(t, http.StatusOK, `"metrics":{"loss":"+Inf","acc":"NaN"}`, `"loss":"-Inf"`)
	check(t, s.Pause(t.Context(), "demo"))
	s.get("/studies").want(t, http.StatusOK, `"state":"PAUSED"`)
}

func TestTrialRoutes(t *testing.T) {
	s := submitted(t, history()...)
	s.get("/studies/demo/trials/0").want(t, http.StatusOK, `"state":"COMPLETE"`,
		`{"fold":0,"metric":"acc","values":[null,0.5,0.25]}`, `{"fold":1,"metric":"acc","values":[null,null,0.75]}`)
	s.get("/studies/demo/trials/1/reports").want(t, http.StatusOK, `[{"seq":12,"time":"2026-02-03T04:05:06.0000007Z",`,
		`"epoch":1,"metrics":{"loss":2,"acc":0.25},"cost_seconds":2}]`)
	s.get("/studies/demo/trials/1/decisions").want(t, http.StatusOK, `[{"seq":9,`, `"what":"sampled"`,
		`"params":{"zeta":0.000001,"alpha":1,"mid":"a"}`, `"what":"pruned","reason":"weak"`, `"threshold":0.25`)
	var reports []struct{ Trial, Epoch int }
	check(t, json.Unmarshal([]byte(s.get("/studies/demo/trials/0/reports").body), &reports))
	if len(reports) != 4 {
		t.Errorf("trial 0 has %d reports: %v", len(reports), reports)
	}
	for _, path := range []string{"", "/reports", "/decisions"} {
		s.get("/studies/demo/trials/2"+path).wantProblem(t, http.StatusNotFound, "not_found", "no trial 2", "2 trials")
		s.get("/studies/none/trials/0"+path).wantProblem(t, http.StatusNotFound, "not_found", `no study "none"`, "automl list")
		s.get("/studies/demo/trials/x"+path).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "integer", "openapi")
	}
}

// TestTrialPages follows the cursor through all trials, and through those in one state.
func TestTrialPages(t *testing.T) {
	h := &log{}
	for n := range 10 {
		h.sample(n, trial.Params{{Name: "zeta", Value: 0.5}})
		if n%3 == 0 {
			h.decide(trial.Decision{Trial: n, What: trial.Pruned, Reason: "weak"})
		}
	}
	s := submitted(t, h.events...)
	for query, want := range map[string]string{
		"?limit=4":                       "[0 1 2 3] [4 5 6 7] [8 9]",
		"?limit=5":                       "[0 1 2 3 4] [5 6 7 8 9]",
		"?limit=2&state=PRUNED":          "[0 3] [6 9]",
		"?limit=3&state=RUNNING&after=2": "[4 5 7] [8]",
		"?after=9":                       "[]",
		"?state=FAIL":                    "[]",
	} {
		if got := s.pages("/api/v1/studies/demo/trials" + query); got != want {
			t.Errorf("%s: pages %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=10001", "?limit=x", "?after=-2", "?state=running"} {
		s.get("/studies/demo/trials"+query).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "query.", "openapi")
	}
}

// pages are the trials of a page and of all that follow.
func (s *site) pages(path string) string {
	s.t.Helper()
	var out []string
	for path != "" {
		a := s.do(http.MethodGet, path, "")
		a.want(s.t, http.StatusOK)
		var trials []view.Trial
		check(s.t, json.Unmarshal([]byte(a.body), &trials))
		numbers := []int{}
		for _, q := range trials {
			numbers = append(numbers, q.Trial)
		}
		out = append(out, fmt.Sprint(numbers))
		path = ""
		if link := a.header.Get("Link"); link != "" {
			path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		}
	}
	return strings.Join(out, " ")
}

// TestErrorsOfTheDomain: each code has its status, and nothing else is 500.
func TestErrorsOfTheDomain(t *testing.T) {
	s := submitted(t)
	for status, err := range map[int]error{
		http.StatusUnprocessableEntity: trial.Errorf(trial.Invalid, "bad").WithHint("do"),
		http.StatusNotFound:            trial.Errorf(trial.NotFound, "bad").WithHint("do"),
		http.StatusConflict:            trial.Errorf(trial.Conflict, "bad").WithHint("do"),
		http.StatusServiceUnavailable:  trial.Errorf(trial.Unavailable, "bad").WithHint("do"),
		http.StatusInternalServerError: &trial.Error{Code: trial.Internal, Msg: "a request", Hint: "do", Err: errors.New("bad")},
	} {
		s.daemon.err = err
		code := string(trial.CodeOf(err))
		s.get("/runners").wantProblem(t, status, code, "bad", "do")
		s.get("/studies/demo").wantProblem(t, status, code, "bad", "do")
		s.do(http.MethodPost, "/api/v1/studies/demo/pause", "").wantProblem(t, status, code, "bad", "do")
		s.do(http.MethodPost, "/api/v1/studies", sweep).wantProblem(t, status, code, "bad", "do")
		wantError(t, s.Resume(t.Context(), "demo"), trial.CodeOf(err), "bad", "do")
	}
	s.daemon.err = errors.New("no code")
	s.get("/runners").wantProblem(t, http.StatusInternalServerError, "internal", "no code", "")
}

// TestNothingChangesOnGet: a GET of a route that changes something is refused, and there is no other verb for it.
func TestNothingChangesOnGet(t *testing.T) {
	s := submitted(t)
	for _, verb := range []string{"pause", "resume", "stop", "enqueue", "ask", "tell", "renew", "claim"} {
		s.get("/studies/demo/"+verb).wantProblem(t, http.StatusMethodNotAllowed, "method_not_allowed", verb, "POST")
	}
	for _, path := range []string{"/studies/demo/queue", "/nothing", "/studies/demo/trials/0/nothing"} {
		s.get(path).wantProblem(t, http.StatusNotFound, "not_found", path, "openapi")
	}
	a := s.do(http.MethodPut, "/api/v1/studies/demo", "{}")
	a.wantProblem(t, http.StatusMethodNotAllowed, "method_not_allowed", "PUT", "DELETE")
	if got := a.header.Get("Allow"); got != "DELETE, GET, HEAD" {
		t.Errorf("Allow: %q", got)
	}
	events, err := s.Events(t.Context(), "demo", 0)
	if err != nil || len(events) > 0 {
		t.Errorf("the record has %v, %v", events, err)
	}
}
