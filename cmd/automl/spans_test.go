package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"automl/trial"
)

// collector is a receiver of spans, by the service that sent them.
type collector struct {
	mu    sync.Mutex
	spans map[string][]*tracepb.Span
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data tracepb.TracesData
	if err != nil || proto.Unmarshal(body, &data) != nil || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range data.ResourceSpans {
		for _, a := range rs.Resource.Attributes {
			for _, s := range rs.ScopeSpans {
				if a.Key == "service.name" {
					c.spans[a.Value.GetStringValue()] = append(c.spans[a.Value.GetStringValue()], s.Spans...)
				}
			}
		}
	}
}

// The daemon and its runner send their spans to a receiver, and all of a study are one tree, down to what the trainer is told. Without the
// variable there are none, and a receiver that is away keeps nothing from running.
func TestRunSendsSpans(t *testing.T) {
	c := &collector{spans: map[string][]*tracepb.Span{}}
	server := httptest.NewServer(c)
	defer server.Close()
	s := newSite(t, "crash=1", "budget: {trials: 3}\nfolds: {k: 2}\nworkers: 2\n").with("OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL)
	s.ok("run", s.sweep)
	st, events := s.state()
	byID, names := map[string]*tracepb.Span{}, map[string]int{}
	for service, all := range c.spans {
		for _, q := range all {
			byID[string(q.SpanId)] = q
			names[q.Name]++
			if (q.Name == "trainer") != (service == "automl-runner") {
				t.Errorf("%s sent %s", service, q.Name)
			}
		}
	}
	attempts := 0
	for _, e := range events {
		if e.Decision != nil && e.Decision.What == trial.Started {
			attempts++
		}
	}
	if names["study"] != 1 || names["trial"] != len(st.Trials) || names["attempt"] != attempts || names["fold"] == 0 || names["trainer"] == 0 {
		t.Errorf("%v for %d trials and %d attempts", names, len(st.Trials), attempts)
	}
	within := map[string]string{"study": "", "trial": "study", "attempt": "trial", "fold": "attempt", "trainer": "attempt"}
	told := s.ok("logs", "e2e", "0").out
	for _, q := range byID {
		parent := byID[string(q.ParentSpanId)]
		if got := parent.GetName(); got != within[q.Name] || parent != nil && string(parent.TraceId) != string(q.TraceId) {
			t.Errorf("a span %s lies in %q", q.Name, got)
		}
	}
	found := 0
	for _, q := range byID {
		text := "traceparent 00-" + hex.EncodeToString(q.TraceId) + "-" + hex.EncodeToString(q.SpanId) + "-01"
		if q.Name == "trainer" {
			found += strings.Count(told, text)
		}
	}
	if found == 0 || found != strings.Count(told, "traceparent") {
		t.Errorf("the trainers of trial 0 were told other spans than theirs:\n%s", told)
	}
	quiet := newSite(t, "x", "budget: {trials: 2}\n")
	quiet.ok("run", quiet.sweep)
	if told := quiet.ok("logs", "e2e", "0").out; strings.Contains(told, "traceparent") {
		t.Errorf("without a receiver the trainer is told %s", told)
	}
	server.Close()
	away := newSite(t, "x", "budget: {trials: 2}\n").with("OTEL_EXPORTER_OTLP_ENDPOINT=" + server.URL)
	if r := away.ok("run", away.sweep); !strings.Contains(r.err, "spans are lost") {
		t.Errorf("nobody says that the receiver is away: %s", r.err)
	}
	wrong := away.with("OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
	if r := wrong.ok("run", wrong.sweep); !strings.Contains(r.err, "http/protobuf alone") {
		t.Errorf("nobody says that the variable is wrong: %s", r.err)
	}
}
