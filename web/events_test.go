package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store/storetest"
	"automl/web"
)

// streams is a site whose event streams look at the record when the test says so.
type streams struct {
	*site
	ticks chan time.Time
	ended chan bool
}

func newStreams(t *testing.T, events ...trial.Event) *streams {
	t.Helper()
	s := &streams{ticks: make(chan time.Time), ended: make(chan bool, 10)}
	s.site = open(t, func(c web.Config) http.Handler { return web.NewTicked(c, s.ticks, func() { s.ended <- true }) })
	_, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	s.append(events...)
	return s
}

// tick has the only open stream look again. It returns once the stream has taken the tick.
func (s *streams) tick() { s.ticks <- stamp }

// stream is an open connection.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	leave context.CancelFunc
}

// listen opens a stream; last is the Last-Event-ID, if any.
func (s *streams) listen(last string) *stream {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events?study=demo", nil)
	check(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	check(s.t, err)
	s.t.Cleanup(func() { _ = resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		s.t.Fatalf("status %d, content type %q", resp.StatusCode, got)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{s.t, lines, cancel}
}

// block is the lines up to the next empty one; nil at the end of the stream.
func (q *stream) block() []string {
	var out []string
	for q.lines.Scan() {
		if q.lines.Text() == "" {
			return out
		}
		out = append(out, q.lines.Text())
	}
	return nil
}

// take reads the next n events, and checks that each has its sequence number as its id.
func (q *stream) take(n int) []trial.Event {
	q.t.Helper()
	var out []trial.Event
	for len(out) < n {
		b := q.block()
		if len(b) == 1 && strings.HasPrefix(b[0], ":") {
			continue
		}
		if len(b) != 2 {
			q.t.Fatalf("after %d events: %q, %v", len(out), b, q.lines.Err())
		}
		var e trial.Event
		check(q.t, json.Unmarshal([]byte(strings.TrimPrefix(b[1], "data: ")), &e))
		if b[0] != fmt.Sprintf("id: %d", e.Seq) {
			q.t.Fatalf("event %d has %q", e.Seq, b[0])
		}
		out = append(out, e)
	}
	return out
}

func TestEventsResumeWithoutLossOrRepetition(t *testing.T) {
	want := history()
	s := newStreams(t, want[:4]...)
	q := s.listen("")
	got := q.take(4)
	s.append(want[4:7]...)
	s.tick()
	got = append(got, q.take(2)...)
	q.leave() // with the seventh event underway
	<-s.ended
	s.append(want[7:10]...)
	q = s.listen(strconv.FormatInt(got[len(got)-1].Seq, 10))
	got = append(got, q.take(4)...)
	s.tick() // nothing new
	s.append(want[10:]...)
	s.tick()
	got = append(got, q.take(len(want)-len(got))...)
	if d := storetest.Diff(want, got); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	q.leave()
	<-s.ended
}

// TestEventsOfALongRecord: more than the stream reads at once, all at the first look.
func TestEventsOfALongRecord(t *testing.T) {
	h := &log{}
	for n := range web.EventPage/3 + 1 { // of three events each
		h.sample(n, trial.Params{{Name: "zeta", Value: 0.5}})
	}
	s := newStreams(t, h.events...)
	if d := storetest.Diff(h.events, s.listen("").take(len(h.events))); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
}

func TestEventsKeepTheConnectionAlive(t *testing.T) {
	s := newStreams(t)
	q := s.listen("")
	for range 2 { // one comment opens the stream, the other says that it is still there
		if got := q.block(); len(got) != 1 || got[0] != ": waiting" {
			t.Fatalf("got %q", got)
		}
		for range web.KeepAlive {
			s.tick()
		}
	}
}

func TestEventsEndWithTheStudy(t *testing.T) {
	s := newStreams(t, history()...)
	q := s.listen("")
	q.take(len(history()))
	check(t, s.Delete(t.Context(), "demo"))
	s.tick()
	<-s.ended
	if got := q.block(); got != nil || q.lines.Err() != nil {
		t.Errorf("after the end: %q, %v", got, q.lines.Err())
	}
	s.get("/events?study=demo").wantProblem(t, http.StatusNotFound, "not_found", "demo", "automl list")
}

func TestEventsRefuse(t *testing.T) {
	s := newStreams(t, history()...)
	s.get("/events").wantProblem(t, http.StatusUnprocessableEntity, "invalid", "study", "openapi")
	for _, last := range []string{"x", "-1", "1.5"} {
		s.do(http.MethodGet, "/api/v1/events?study=demo", "", header("Last-Event-ID", last)).
			wantProblem(t, http.StatusUnprocessableEntity, "invalid", "Last-Event-ID", "openapi")
	}
	// A study of the same name that was deleted since had more events.
	s.do(http.MethodGet, "/api/v1/events?study=demo", "", header("Last-Event-ID", strconv.Itoa(len(history())+1))).
		wantProblem(t, http.StatusConflict, "conflict", "no event", "without Last-Event-ID")
}
