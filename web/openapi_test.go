package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schema is as much of a JSON Schema as these tests look at.
type schema struct {
	Type       any
	Format     string
	Ref        string `json:"$ref"`
	Items      *schema
	AnyOf      []schema
	Properties map[string]schema
}

// description is as much of an OpenAPI document as these tests look at.
type description struct {
	OpenAPI    string
	Paths      map[string]map[string]struct{ OperationID, Summary string }
	Components struct{ Schemas map[string]schema }
}

func describe(t *testing.T, s *site) description {
	t.Helper()
	var d description
	a := s.do(http.MethodGet, "/openapi.json", "")
	a.want(t, http.StatusOK)
	check(t, json.Unmarshal([]byte(a.body), &d))
	if again := s.do(http.MethodGet, "/api/v1/openapi.json", ""); again.body != a.body {
		t.Error("/api/v1/openapi.json differs")
	}
	return d
}

func TestOpenAPIHasAllRoutes(t *testing.T) {
	d := describe(t, newSite(t))
	var got []string
	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			got = append(got, strings.ToUpper(method)+" "+strings.Replace(path, "/api/v1", "", 1))
			if op.Summary == "" || ids[op.OperationID] {
				t.Errorf("%s %s: id %q, summary %q", method, path, op.OperationID, op.Summary)
			}
			ids[op.OperationID] = true
		}
	}
	want := []string{"POST /studies", "GET /studies", "GET /studies/{id}", "GET /studies/{id}/best", "GET /studies/{id}/record",
		"GET /studies/{id}/trials", "GET /studies/{id}/trials/{n}", "GET /studies/{id}/trials/{n}/reports",
		"GET /studies/{id}/trials/{n}/decisions", "POST /studies/{id}/pause", "POST /studies/{id}/resume", "POST /studies/{id}/stop",
		"POST /studies/{id}/claim", "POST /studies/{id}/enqueue", "POST /studies/{id}/ask", "POST /studies/{id}/tell", "POST /studies/{id}/renew",
		"DELETE /studies/{id}", "GET /runners", "POST /runners/join", "POST /join-tokens", "GET /join-tokens", "DELETE /join-tokens/{id}", "GET /events", "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json"}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, slices.Compact(got)); d != "" {
		t.Errorf("routes (-want +got):\n%s", d)
	}
}

func TestOpenAPISchemas(t *testing.T) {
	d := describe(t, newSite(t))
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", d.OpenAPI)
	}
	of := func(name, property string) schema {
		t.Helper()
		s, ok := d.Components.Schemas[name].Properties[property]
		if !ok {
			t.Errorf("%s has no %s", name, property)
		}
		return s
	}
	for _, q := range [][2]string{{"Trial", "params"}, {"Best", "params"}, {"Decision", "params"}, {"DecisionEntry", "params"},
		{"Report", "metrics"}, {"ReportEntry", "metrics"}, {"StudyHead", "document"}, {"Status", "trials"}} {
		if got := of(q[0], q[1]); got.Type != "object" {
			t.Errorf("%s.%s is %+v, want an object", q[0], q[1], got)
		}
	}
	for _, q := range [][2]string{{"StudyRecord", "events"}, {"Best", "folds"}, {"Status", "runners"}, {"Runner", "attempts"}} {
		if got := of(q[0], q[1]); got.Type != "array" {
			t.Errorf("%s.%s is %+v, want a list that is never null", q[0], q[1], got)
		}
	}
	nullable := []any{"number", "null"}
	if got := of("Trial", "value"); !cmp.Equal(got.Type, nullable) {
		t.Errorf("Trial.value is %+v", got)
	}
	if got := of("Curve", "values"); got.Items == nil || !cmp.Equal(got.Items.Type, nullable) {
		t.Errorf("Curve.values is %+v", got)
	}
	if got := of("Status", "best"); len(got.AnyOf) != 2 || got.AnyOf[0].Ref != "#/components/schemas/Best" || got.AnyOf[1].Type != "null" {
		t.Errorf("Status.best is %+v", got)
	}
	if got := of("Event", "time"); got.Format != "date-time" {
		t.Errorf("Event.time is %+v", got)
	}
	for _, p := range []string{"status", "title", "code", "detail", "hint"} {
		of("Problem", p)
	}
}
