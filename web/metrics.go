package web

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
	"automl/trial/view"
)

// metricsType is the text format of Prometheus.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// describeMetrics is the route that a monitoring system reads. It needs the token: it names the studies.
func describeMetrics(api huma.API) {
	op := operation(http.MethodGet, "/metrics", "metrics", "Figures of the daemon, as Prometheus reads them")
	op.Responses = map[string]*huma.Response{"200": {Description: "Prometheus text format", Content: map[string]*huma.MediaType{
		"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	api.OpenAPI().AddOperation(&op)
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	m, err := s.Daemon.Metrics(r.Context())
	if err != nil {
		refuse(w, problem{Status: http.StatusServiceUnavailable, Code: string(trial.Unavailable), Detail: err.Error()})
		return
	}
	w.Header().Set("Content-Type", metricsType)
	_, _ = io.WriteString(w, exposition(m, s.Version)) // the client may be gone
}

// exposition is the metrics in the text format.
func exposition(m view.Metrics, version string) string {
	e := &exporter{}
	e.family("build_info", "gauge", "the version that runs; always 1")
	e.sample("build_info", 1, "version", version, "go", runtime.Version())
	e.study(m.Studies)
	e.single("reports_recorded_total", "counter", "reports recorded since the start", m.Reports)
	e.single("decisions_recorded_total", "counter", "decisions recorded since the start", m.Decisions)
	e.single("record_failures_total", "counter", "times the record could not be written", m.Failures)
	e.family("proposals_total", "counter", "configurations proposed: ahead, before anybody asked, or fresh, while somebody waited")
	e.sample("proposals_total", float64(m.Ahead), "made", "ahead")
	e.sample("proposals_total", float64(m.Fresh), "made", "fresh")
	e.single("inbox_messages", "gauge", "messages of runners that are not taken yet", int64(m.Inbox))
	e.single("runners", "gauge", "runners heard of", int64(m.Runners))
	e.single("slots", "gauge", "slots of the runners that take work", int64(m.Slots))
	e.family("runner_silence_seconds", "gauge", "since the runner was heard of that is silent the longest")
	e.sample("runner_silence_seconds", m.Silence)
	e.single("checkpoint_bytes", "gauge", "what checkpoints take on the disks of the runners", m.Checkpoints)
	e.single("checkpoint_limit_bytes", "gauge", "what checkpoints may take there, of the runners that have a limit", m.Shelf)
	e.single("checkpoints_dropped_total", "counter", "trials whose checkpoints runners gave up to stay below the limit", m.Dropped)
	e.single("log_bytes", "gauge", "what the logs of attempts that are over take on the disks of the runners", m.Logs)
	e.single("log_limit_bytes", "gauge", "what they may take there, of the runners that have a limit", m.LogLimit)
	e.single("logs_dropped_total", "counter", "attempts whose logs runners removed to stay below the limit", m.LogsDropped)
	e.family("attempts_broken_total", "counter", "attempts that broke since the start, by cause; lost and aborted are not the trial's fault")
	for _, kind := range trial.Failures {
		e.sample("attempts_broken_total", float64(m.Broken[kind]), "failure", string(kind))
	}
	e.histogram("commit_seconds", "time until a transaction of the record was durable", m.Commit)
	e.histogram("ask_seconds", "time until ask was answered", m.Ask)
	e.histogram("tell_seconds", "time until tell was answered", m.Tell)
	return e.String()
}

func (e *exporter) study(all []view.StudyMetrics) {
	e.family("study_info", "gauge", "a study that is not over and its state; always 1")
	for _, s := range all {
		e.sample("study_info", 1, "study", s.Name, "state", string(s.Status))
	}
	e.family("trials", "gauge", "trials by state")
	for _, s := range all {
		for _, state := range trial.Statuses {
			e.sample("trials", float64(s.Trials[state]), "study", s.Name, "state", string(state))
		}
	}
	e.family("epochs", "gauge", "epochs trained (run), and what the same trials would have cost without pruning (full)")
	for _, s := range all {
		e.sample("epochs", float64(s.Run), "study", s.Name, "epochs", "run")
		e.sample("epochs", float64(s.Full), "study", s.Name, "epochs", "full")
	}
	for _, f := range []struct {
		name, kind, help string
		of               func(view.StudyMetrics) int64
	}{
		{"events_total", "counter", "events on the record of a study", func(s view.StudyMetrics) int64 { return s.Events }},
		{"work_queued", "gauge", "work that waits in the queue for a runner", func(s view.StudyMetrics) int64 { return int64(s.Queued) }},
		{"work_leased", "gauge", "work in training", func(s view.StudyMetrics) int64 { return int64(s.Leased) }},
	} {
		e.family(f.name, f.kind, f.help)
		for _, s := range all {
			e.sample(f.name, float64(f.of(s)), "study", s.Name)
		}
	}
}

// exporter writes the text format: https://prometheus.io/docs/instrumenting/exposition_formats.
type exporter struct{ strings.Builder }

func (e *exporter) family(name, kind, help string) {
	fmt.Fprintf(e, "# HELP automl_%s %s\n# TYPE automl_%s %s\n", name, help, name, kind)
}

// sample writes a value with its labels, names and values in turn.
func (e *exporter) sample(name string, value float64, labels ...string) {
	e.WriteString("automl_" + name)
	for i := 0; i+1 < len(labels); i += 2 {
		e.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + labels[i] + `="` + escape.Replace(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		e.WriteByte('}')
	}
	e.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (e *exporter) single(name, kind, help string, value int64) {
	e.family(name, kind, help)
	e.sample(name, float64(value))
}

func (e *exporter) histogram(name, help string, h view.Histogram) {
	e.family(name, "histogram", help)
	total := int64(0)
	for i, bound := range h.Bounds {
		total += h.Counts[i]
		e.sample(name+"_bucket", float64(total), "le", strconv.FormatFloat(bound, 'g', -1, 64))
	}
	if n := len(h.Bounds); n < len(h.Counts) {
		total += h.Counts[n]
	}
	e.sample(name+"_bucket", float64(total), "le", "+Inf")
	e.sample(name+"_sum", h.Sum)
	e.sample(name+"_count", float64(total))
}
