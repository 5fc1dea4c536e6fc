package web_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestMetrics(t *testing.T) {
	s := newSite(t)
	a := s.do(http.MethodGet, "/metrics", "")
	a.want(t, http.StatusOK, `automl_build_info{version="1.2.3",go="go`, "# TYPE automl_trials gauge",
		`automl_trials{study="de\"mo\n",state="RUNNING"} 24`, `automl_trials{study="de\"mo\n",state="FAIL"} 0`, "automl_reports_recorded_total 11",
		"automl_decisions_recorded_total 12", "automl_record_failures_total 13", `automl_proposals_total{made="ahead"} 14`,
		`automl_proposals_total{made="fresh"} 15`, "automl_inbox_messages 16", "automl_runners 17", "automl_slots 18",
		`automl_events_total{study="de\"mo\n"} 21`, `automl_work_queued{study="de\"mo\n"} 22`, `automl_work_leased{study="de\"mo\n"} 23`,
		`automl_ask_seconds_bucket{le="0.001"} 3`, `automl_ask_seconds_bucket{le="0.5"} 4`, `automl_ask_seconds_bucket{le="+Inf"} 6`,
		`automl_epochs{study="de\"mo\n",epochs="run"} 25`, `automl_epochs{study="de\"mo\n",epochs="full"} 26`,
		"automl_runner_silence_seconds 1.5", "automl_checkpoint_bytes 28", "automl_checkpoint_limit_bytes 29", "automl_checkpoints_dropped_total 30", "automl_log_bytes 31", "automl_log_limit_bytes 32", "automl_logs_dropped_total 33",
		`automl_attempts_broken_total{failure="oom"} 27`, `automl_attempts_broken_total{failure="lost"} 0`,
		"automl_commit_seconds_sum 0.25", "automl_commit_seconds_count 2", "automl_ask_seconds_sum 7.5", "automl_ask_seconds_count 6", "automl_tell_seconds_count 0")
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Errorf("content type %q", got)
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) automl_[a-z_]+ .+|automl_[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? [0-9.e+-]+)$`)
	for _, l := range strings.Split(a.body, "\n") {
		if !line.MatchString(l) {
			t.Errorf("%q is no line of the text format", l)
		}
	}
	noToken := func(r *http.Request) { r.Header.Del("Authorization") }
	s.do(http.MethodGet, "/metrics", "", noToken).wantProblem(t, http.StatusUnauthorized, "unauthorized", "token", "")
	s.daemon.err = errors.New("shutting down")
	s.do(http.MethodGet, "/api/v1/metrics", "").wantProblem(t, http.StatusServiceUnavailable, "unavailable", "shutting down", "")
}
