package web_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"automl/configs"
	"automl/trial"
	"automl/trial/store"
	"automl/trial/view"
	"automl/web"
)

const token = "correct-horse"

// sweep is a document whose parameters stand in no alphabetic order.
const sweep = `{"name":"demo","objective":{"metric":"acc","goal":"maximize"},"parameters":{` +
	`"zeta":{"type":"float","low":1e-6,"high":1},"alpha":{"type":"int","low":1,"high":9},"mid":{"type":"categorical","choices":["b","a"]}},` +
	`"folds":2,"epochs":{"max":3},"trainer":{"type":"command","command":["true"],"workdir":"/"},"seed":3}`

// stamp is when everything in these tests happened.
var stamp = time.Date(2026, 2, 3, 4, 5, 6, 700, time.UTC)

// fakeDaemon does at once, on the record, what the search daemon does in its own time.
type fakeDaemon struct {
	db      *store.DB
	runners []view.Runner
	err     error // what every call fails with

	asked   int
	lease   trial.Lease
	key     trial.Key
	told    []trial.Report
	failure *trial.Exit
	points  []trial.Params
}

func (d *fakeDaemon) Submit(ctx context.Context, s trial.Study) (trial.Study, bool, error) {
	if d.err != nil {
		return trial.Study{}, false, d.err
	}
	old, err := d.db.Study(ctx, s.Name)
	switch {
	case trial.CodeOf(err) == trial.NotFound:
		return s, true, d.db.CreateStudy(ctx, s)
	case err != nil:
		return trial.Study{}, false, err
	case old.Digest != s.Digest:
		return trial.Study{}, false, trial.Errorf(trial.Conflict, "study %s exists with another sweep document", s.Name).
			WithHint("give the sweep another name")
	}
	return old, false, nil
}

// Enqueue keeps what it was given.
func (d *fakeDaemon) Enqueue(_ context.Context, _ string, points []trial.Params) ([]view.Enqueued, error) {
	d.points = points
	var out []view.Enqueued
	for i, p := range points {
		out = append(out, view.Enqueued{Trial: i + 4, New: i != 1, Params: p})
	}
	return out, d.err
}

// Ask hands out one job, then nothing, then the end of the study.
func (d *fakeDaemon) Ask(_ context.Context, _ string, l trial.Lease) (trial.Assignment, trial.Reply, error) {
	d.asked++
	d.lease = l
	a := trial.Assignment{Trial: 3, Attempt: 2, Params: trial.Params{{Name: "lr", Value: 0.5}}, To: trial.Resource{Epoch: 4},
		Trainer: trial.TrainerSpec{Lease: 90}}
	return a, min(trial.Reply(d.asked-1), trial.ReplyOver), d.err
}

// Tell keeps what it was told.
func (d *fakeDaemon) Tell(_ context.Context, _ string, key trial.Key, reports []trial.Report, failure *trial.Exit) (trial.Verb, string, error) {
	d.key, d.told, d.failure = key, reports, failure
	return trial.Pause, "for a test", d.err
}

// Renew keeps what it was asked for.
func (d *fakeDaemon) Renew(_ context.Context, _ string, key trial.Key) (trial.Verb, string, error) {
	d.key = key
	return trial.Continue, "", d.err
}

// Change answers with what it was given, over the claim of a plain sweep.
func (d *fakeDaemon) Change(_ context.Context, _ string, to trial.Claim) (trial.Claim, error) {
	share, none := 1.0, 0
	if err := to.Validate(); err != nil || d.err != nil {
		return to, errors.Join(err, d.err)
	}
	return to.Over(trial.Claim{Share: &share, Priority: &none, Workers: &none}), nil
}

func (d *fakeDaemon) Pause(ctx context.Context, study string) error {
	return d.move(ctx, study, trial.StudyPaused)
}

func (d *fakeDaemon) Resume(ctx context.Context, study string) error {
	return d.move(ctx, study, trial.StudyRunning)
}

func (d *fakeDaemon) Stop(ctx context.Context, study string) error {
	return d.move(ctx, study, trial.StudyStopped)
}

func (d *fakeDaemon) move(ctx context.Context, study string, to trial.StudyState) error {
	s, err := d.db.Load(ctx, study)
	if d.err != nil || err != nil {
		return cmp.Or(d.err, err)
	}
	if s.Status.Over() {
		return trial.Errorf(trial.Conflict, "study %s is over", study)
	}
	return d.db.Append(ctx, s.Study.ID, []trial.Event{{Seq: s.Seq + 1, Time: stamp,
		Decision: &trial.Decision{Trial: trial.NoTrial, What: trial.Moved, Study: to}}})
}

func (d *fakeDaemon) Delete(ctx context.Context, study string) error {
	s, err := d.db.Study(ctx, study)
	if d.err != nil || err != nil {
		return cmp.Or(d.err, err)
	}
	return d.db.DeleteStudy(ctx, s.ID)
}

func (d *fakeDaemon) Runners(context.Context) ([]view.Runner, error) { return d.runners, d.err }

// Metrics is figures that are easy to tell apart.
func (d *fakeDaemon) Metrics(context.Context) (view.Metrics, error) {
	return view.Metrics{Reports: 11, Decisions: 12, Failures: 13, Ahead: 14, Fresh: 15, Inbox: 16, Runners: 17, Slots: 18,
		Studies: []view.StudyMetrics{{Name: "de\"mo\n", Status: trial.StudyRunning, Events: 21, Queued: 22, Leased: 23, Run: 25, Full: 26,
			Trials: map[trial.Status]int{trial.Running: 24}}},
		Silence: 1.5, Checkpoints: 28, Shelf: 29, Dropped: 30, Logs: 31, LogLimit: 32, LogsDropped: 33, Broken: map[trial.Failure]int64{trial.OOM: 27},
		Commit: view.Histogram{Bounds: []float64{.001}, Counts: []int64{2, 0}, Sum: .25},
		Ask:    view.Histogram{Bounds: []float64{.001, .5}, Counts: []int64{3, 1, 2}, Sum: 7.5},
		Tell:   view.Histogram{Bounds: []float64{.001}, Counts: []int64{0, 0}}}, d.err
}

// site is a server in front of a record, and a client of it.
type site struct {
	*web.Client
	t      *testing.T
	url    string
	db     *store.DB
	daemon *fakeDaemon
}

func open(t *testing.T, handler func(web.Config) http.Handler) *site {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir())
	check(t, err)
	d := &fakeDaemon{db: db}
	server := httptest.NewServer(handler(config(d)))
	s := &site{web.NewClient(server.URL, token+"\n", nil), t, server.URL, db, d}
	t.Cleanup(func() {
		check(t, s.Close())
		server.Close()
		check(t, db.Close())
	})
	return s
}

func newSite(t *testing.T) *site { return open(t, web.New) }

func config(d *fakeDaemon) web.Config {
	var ids atomic.Int64
	return web.Config{
		Daemon: d, Record: d.db, Token: token, Hosts: []string{"gpu-box"}, Version: "1.2.3",
		Known: func(trial.Study) view.Known {
			two := 2
			return view.Known{GPUs: 2, Planned: 100, Claim: trial.Claim{Workers: &two}}
		},
		Prepare: func(_ context.Context, document []byte) (trial.Study, error) {
			s, err := configs.Parse("request body", document, "")
			if err != nil {
				return trial.Study{}, err
			}
			return s.Study(fmt.Sprintf("id%d", ids.Add(1)), stamp), nil
		},
	}
}

// submitted is a site with the study demo (id1) and events of its record.
func submitted(t *testing.T, events ...trial.Event) *site {
	t.Helper()
	s := newSite(t)
	_, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	s.append(events...)
	return s
}

func (s *site) append(events ...trial.Event) {
	s.t.Helper()
	check(s.t, s.db.Append(s.t.Context(), "id1", events))
}

// answer is what a request led to.
type answer struct {
	code   int
	header http.Header
	body   string
}

// do sends a request with the token; edit may change it.
func (s *site) do(method, path, body string, edit ...func(*http.Request)) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	check(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	for _, f := range edit {
		f(r)
	}
	resp, err := http.DefaultClient.Do(r)
	check(s.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	check(s.t, err)
	return answer{resp.StatusCode, resp.Header, strings.TrimSpace(string(data))}
}

func (s *site) get(path string) answer { s.t.Helper(); return s.do(http.MethodGet, "/api/v1"+path, "") }

// want fails unless the answer has a status and a body that contains all the texts.
func (a answer) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if a.code != code {
		t.Fatalf("status %d, want %d: %s", a.code, code, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%q is missing in %s", text, a.body)
		}
	}
}

// wantProblem fails unless the answer is a complete problem.
func (a answer) wantProblem(t *testing.T, status int, code, detail, hint string) {
	t.Helper()
	a.want(t, status)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	var p struct {
		Status                    int
		Title, Code, Detail, Hint string
	}
	check(t, json.Unmarshal([]byte(a.body), &p))
	if p.Status != status || p.Code != code || p.Title == "" || !strings.Contains(p.Detail, detail) || !strings.Contains(p.Hint, hint) ||
		hint != "" && p.Hint == "" {
		t.Errorf("problem %+v, want status %d, code %s, detail %q, hint %q", p, status, code, detail, hint)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, code trial.Code, text, hint string) {
	t.Helper()
	if err == nil || trial.CodeOf(err) != code || !strings.Contains(err.Error(), text) || !strings.Contains(trial.HintOf(err), hint) {
		t.Errorf("error %v (code %q, hint %q), want code %q, %q, hint %q", err, trial.CodeOf(err), trial.HintOf(err), code, text, hint)
	}
}

// history is the record of two trials: the first complete, with values that JSON has no numbers for, the second pruned.
func history() []trial.Event {
	value := 0.25
	h := &log{}
	h.sample(0, trial.Params{{Name: "zeta", Value: 3.0}, {Name: "alpha", Value: int64(7)}, {Name: "mid", Value: "b"}})
	h.report(0, 0, 1, math.NaN(), math.Inf(1))
	h.report(0, 0, 2, 0.5, math.Inf(-1))
	h.report(0, 0, 3, 0.25, 1)
	h.report(0, 1, 3, 0.75, 1)
	h.decide(trial.Decision{Trial: 0, What: trial.Completed, Attempt: 1, Reason: "trained in full"})
	h.sample(1, trial.Params{{Name: "zeta", Value: 1e-6}, {Name: "alpha", Value: int64(1)}, {Name: "mid", Value: "a"}})
	h.report(1, 0, 1, 0.25, 2)
	h.decide(trial.Decision{Trial: 1, What: trial.Pruned, At: trial.Resource{Epoch: 1}, Value: &value, Threshold: &value, Reason: "weak"})
	return h.events
}

// log builds a record.
type log struct{ events []trial.Event }

func (h *log) add(e trial.Event) {
	e.Seq, e.Time = int64(len(h.events)+1), stamp
	h.events = append(h.events, e)
}

func (h *log) decide(d trial.Decision) { h.add(trial.Event{Decision: &d}) }

// sample adds a trial that a runner works on.
func (h *log) sample(n int, p trial.Params) {
	h.decide(trial.Decision{Trial: n, What: trial.Sampled, Params: p, Origin: trial.FromSampler, Reason: "drawn"})
	h.decide(trial.Decision{Trial: n, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: trial.Resource{Fold: 1, Epoch: 3}})
	h.decide(trial.Decision{Trial: n, What: trial.Started, Attempt: 1, Runner: "box", Run: "r1"})
}

func (h *log) report(n, fold, epoch int, acc, loss float64) {
	h.add(trial.Event{Report: &trial.Report{Trial: n, Attempt: 1, Fold: fold, Epoch: epoch, Cost: 2,
		Metrics: trial.Metrics{{Name: "loss", Value: loss}, {Name: "acc", Value: acc}}}})
}
