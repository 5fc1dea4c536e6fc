package spans

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"automl/trial"
)

// receiver takes spans as a collector does.
type receiver struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	refuse  int // requests that are answered 503
	seen    []*tracepb.Span
	service []string
	headers http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = req.Header
	if req.Method != http.MethodPost || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		r.t.Errorf("%s %s of %s", req.Method, req.URL, req.Header.Get("Content-Type"))
	}
	if r.refuse > 0 {
		r.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	in := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if in, err = gzip.NewReader(in); err != nil {
			r.t.Error(err)
			return
		}
	}
	body, err := io.ReadAll(in)
	var data tracepb.TracesData
	if err == nil {
		err = proto.Unmarshal(body, &data)
	}
	if err != nil {
		r.t.Errorf("not readable: %v", err)
	}
	for _, rs := range data.ResourceSpans {
		for _, a := range rs.Resource.Attributes {
			if a.Key == "service.name" {
				r.service = append(r.service, a.Value.GetStringValue())
			}
		}
		for _, s := range rs.ScopeSpans {
			r.seen = append(r.seen, s.Spans...)
		}
	}
}

// named are the spans of a name, in the order they came.
func (r *receiver) named(name string) (out []*tracepb.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.seen {
		if s.Name == name {
			out = append(out, s)
		}
	}
	return out
}

func (r *receiver) env(more ...string) func(string) string {
	set := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL + "/", "OTEL_EXPORTER_OTLP_TIMEOUT": "180000"}
	for _, m := range more {
		name, value, _ := strings.Cut(m, "=")
		set[name] = value
	}
	return func(name string) string { return set[name] }
}

func open(t *testing.T, getenv func(string) string) *Tracer {
	t.Helper()
	q, err := Open(t.Context(), "automl-test", "1.2.3", getenv, zerolog.Nop())
	if err != nil || q == nil {
		t.Fatalf("%v, %v", q, err)
	}
	q.patience = time.Hour
	return q
}

func attr(s *tracepb.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key == name {
			return strings.Trim(a.Value.String()[strings.Index(a.Value.String(), ":")+1:], `" `)
		}
	}
	return ""
}

var base = time.Date(2026, 11, 28, 1, 0, 0, 0, time.UTC)

var head = trial.Study{ID: "s1", Name: "demo", Digest: "d", Created: base, Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize},
	Shape: trial.Shape{Folds: 2, Epochs: 2}}

// night is a record: a trial that is interrupted once and then complete in two folds, one that fails, and the end of the study. An event a second.
func night() []trial.Event {
	var all []trial.Event
	add := func(e trial.Event) {
		e.Seq = int64(len(all) + 1)
		e.Time = base.Add(time.Duration(e.Seq) * time.Second)
		all = append(all, e)
	}
	decide := func(d trial.Decision) { add(trial.Event{Decision: &d}) }
	report := func(n, attempt, fold, epoch int, acc float64) {
		add(trial.Event{Report: &trial.Report{Trial: n, Attempt: attempt, Fold: fold, Epoch: epoch, Metrics: trial.Metrics{{Name: "acc", Value: acc}}}})
	}
	value := 0.75
	decide(trial.Decision{Trial: 0, What: trial.Sampled, Params: trial.Params{{Name: "lr", Value: 0.25}, {Name: "opt", Value: "sgd"}}})          // 1
	decide(trial.Decision{Trial: 0, What: trial.Assigned, Attempt: 1, Phase: trial.Search})                                                      // 2
	decide(trial.Decision{Trial: 0, What: trial.Started, Attempt: 1, Runner: "box", Run: "r1"})                                                  // 3
	report(0, 1, 0, 1, .5)                                                                                                                       // 4
	decide(trial.Decision{Trial: 0, What: trial.Retried, Attempt: 1, Failure: trial.Lost, Reason: "not heard of"})                               // 5
	decide(trial.Decision{Trial: 0, What: trial.Assigned, Attempt: 2, Phase: trial.Search})                                                      // 6
	decide(trial.Decision{Trial: 0, What: trial.Started, Attempt: 2, Runner: "box", Run: "r2"})                                                  // 7
	report(0, 2, 0, 2, .6)                                                                                                                       // 8
	report(0, 2, 1, 1, .7)                                                                                                                       // 9
	report(0, 2, 1, 2, .8)                                                                                                                       // 10
	decide(trial.Decision{Trial: 0, What: trial.Completed, Attempt: 2, Value: &value, Reason: "trained in full"})                                // 11
	decide(trial.Decision{Trial: 1, What: trial.Sampled})                                                                                        // 12
	decide(trial.Decision{Trial: 1, What: trial.Assigned, Attempt: 1, Phase: trial.Search})                                                      // 13
	decide(trial.Decision{Trial: 1, What: trial.Failed, Failure: trial.NaN, Reason: "acc is NaN"})                                               // 14
	decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: trial.StudyRunning, Params: trial.Params{{Name: "share", Value: 2.}}}) // 15
	decide(trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: trial.StudyDone, Reason: "all trials are over"})                       // 16
	return all
}

func TestSpansOfAStudy(t *testing.T) {
	r := newReceiver(t)
	q := open(t, r.env("OTEL_EXPORTER_OTLP_HEADERS=x-key=a%20b, x-other=c", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip"))
	events := night()
	q.Recorded(head, events[:7], false)
	parent := q.Parent(head, trial.Key{Study: "s1", Trial: 0, Attempt: 2})
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = open(t, r.env()) // a daemon that was started again goes on with the same trace
	q.Recorded(head, events[:7], true)
	if got := q.Parent(head, trial.Key{Study: "s1", Trial: 0, Attempt: 2}); got != parent {
		t.Errorf("the attempt is %s, and was %s", got, parent)
	}
	traceparent, end := q.Trainer(trial.Assignment{Study: "s1", Trial: 0, Attempt: 2, Trace: parent}, 1, "box")
	end("crash: exit status 7")
	for i := range events[7:] {
		q.Recorded(head, events[7+i:8+i], false)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if len(r.service) == 0 || r.service[0] != "automl-test" || r.headers.Get("X-Key") != "" {
		t.Errorf("%v, %v", r.service, r.headers)
	}
	second := func(s *tracepb.Span) [2]int64 {
		return [2]int64{int64(s.StartTimeUnixNano)/1e9 - base.Unix(), int64(s.EndTimeUnixNano)/1e9 - base.Unix()}
	}
	for _, c := range []struct {
		name   string
		n      int
		parent []byte
		times  [2]int64
		failed bool
		attr   string
		value  string
	}{
		{"study", 0, nil, [2]int64{0, 16}, false, "automl.state", "DONE"},
		{"trial", 0, r.named("study")[0].SpanId, [2]int64{1, 11}, false, "automl.params.opt", "sgd"},
		{"trial", 1, r.named("study")[0].SpanId, [2]int64{12, 14}, true, "automl.outcome", "failed"},
		{"attempt", 0, r.named("trial")[0].SpanId, [2]int64{3, 5}, true, "automl.runner", "box"},
		{"attempt", 1, r.named("trial")[0].SpanId, [2]int64{7, 11}, false, "automl.queued_seconds", "1"},
		{"fold", 0, r.named("attempt")[0].SpanId, [2]int64{3, 4}, false, "automl.value", "0.5"},
		{"fold", 1, r.named("attempt")[1].SpanId, [2]int64{7, 8}, false, "automl.epochs", ""},
		{"fold", 2, r.named("attempt")[1].SpanId, [2]int64{8, 10}, false, "automl.fold", ""},
		{"trainer", 0, r.named("attempt")[1].SpanId, [2]int64{}, true, "automl.trial", ""},
	} {
		all := r.named(c.name)
		if len(all) <= c.n {
			t.Errorf("%d spans named %s", len(all), c.name)
			continue
		}
		s := all[c.n]
		if string(s.ParentSpanId) != string(c.parent) || c.name != "trainer" && second(s) != c.times || (s.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR) != c.failed {
			t.Errorf("%s %d: %v from %v, status %v", c.name, c.n, second(s), hex.EncodeToString(s.ParentSpanId), s.Status)
		}
		if got := attr(s, c.attr); c.value != "" && got != c.value {
			t.Errorf("%s %d: %s is %q", c.name, c.n, c.attr, got)
		}
		if string(s.TraceId) != string(r.named("study")[0].TraceId) {
			t.Errorf("%s %d is in another trace", c.name, c.n)
		}
	}
	if n := len(r.seen); n != 9 {
		t.Errorf("%d spans", n)
	}
	trainer := r.named("trainer")[0]
	if want := "00-" + hex.EncodeToString(trainer.TraceId) + "-" + hex.EncodeToString(trainer.SpanId) + "-01"; traceparent != want {
		t.Errorf("the trainer is told %s, want %s", traceparent, want)
	}
	if want := "00-" + hex.EncodeToString(trainer.TraceId) + "-" + hex.EncodeToString(r.named("attempt")[1].SpanId) + "-01"; parent != want {
		t.Errorf("the assignment has %s, want %s", parent, want)
	}
}

// Headers go with every request, and a receiver that has no time now gets the spans later.
func TestReceiverThatIsBusy(t *testing.T) {
	r := newReceiver(t)
	r.refuse = 1
	q := open(t, r.env("OTEL_EXPORTER_OTLP_HEADERS=x-key=a%20b, x-other=c", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_SERVICE_NAME=mine"))
	_, end := q.Trainer(trial.Assignment{}, 0, "box")
	end("")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if len(r.named("trainer")) != 1 || r.headers.Get("X-Key") != "a b" || r.headers.Get("X-Other") != "c" {
		t.Errorf("%v with %v", r.seen, r.headers)
	}
}

func TestEnvironment(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return (&receiver{Server: &httptest.Server{URL: "http://x"}}).env(pairs...)
	}
	for _, off := range []func(string) string{func(string) string { return "" }, env("OTEL_SDK_DISABLED=true"), env("OTEL_TRACES_EXPORTER=none")} {
		if q, err := Open(t.Context(), "x", "1", off, zerolog.Nop()); q != nil || err != nil {
			t.Errorf("%v, %v", q, err)
		}
	}
	for pair, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":                "http/protobuf alone",
		"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4317":      "no URL of a receiver",
		"OTEL_EXPORTER_OTLP_TIMEOUT=1s":                   "milliseconds",
		"OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere/ca.pem":  "no such file",
		"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=tracer.go": "no certificate in PEM",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json":    "http/protobuf alone",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://x/path": "no URL of a receiver",
	} {
		if _, err := Open(t.Context(), "x", "1", env(pair), zerolog.Nop()); trial.CodeOf(err) != trial.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", pair, err)
		}
	}
	c, err := newClient(env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://y/custom", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=250"))
	if err != nil || c.url != "https://y/custom" || c.timeout != 250*time.Millisecond {
		t.Errorf("%+v, %v", c, err)
	}
}
