package web_test

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/configs"
	"automl/trial"
	"automl/trial/store/storetest"
	"automl/trial/view"
	"automl/web"
)

func TestSubmit(t *testing.T) {
	s := newSite(t)
	first, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	again, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	if first.Study != "id1" || again != first {
		t.Errorf("submitted %v, then %v", first, again)
	}
	_, err = s.Submit(t.Context(), []byte(strings.Replace(sweep, `"seed":3`, `"seed":4`, 1)))
	wantError(t, err, trial.Conflict, "another sweep document", "another name")
	_, err = s.Submit(t.Context(), []byte(strings.Replace(sweep, `"low":1e-6`, `"lo":1e-6`, 1)))
	wantError(t, err, trial.Invalid, "parameters.zeta", "low")
}

func TestStudiesKeepTheDocumentAsItIs(t *testing.T) {
	s := newSite(t)
	if got, err := s.Studies(t.Context()); err != nil || len(got) > 0 {
		t.Fatalf("studies of an empty record: %v, %v", got, err)
	}
	_, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	want, err := s.db.Studies(t.Context())
	check(t, err)
	got, err := s.Studies(t.Context())
	check(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("studies (-want +got):\n%s", d)
	}
	read, err := configs.Parse("again", got[0].Document, "")
	check(t, err)
	if read.Digest() != got[0].Digest {
		t.Error("the document came back with another digest")
	}
	var names []string
	for _, p := range read.Space().Parameters {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"zeta", "alpha", "mid"}) {
		t.Errorf("the parameters came back as %v", names)
	}
}

func TestRecordComesBackBitByBit(t *testing.T) {
	want := history()
	s := submitted(t, want...)
	for name, read := range map[string]func() ([]trial.Event, error){
		"at once":   func() ([]trial.Event, error) { return s.Events(t.Context(), "id1", 0) },
		"in pages":  func() ([]trial.Event, error) { return s.EventsBy(t.Context(), "demo", 3) },
		"even":      func() ([]trial.Event, error) { return s.EventsBy(t.Context(), "demo", len(want)) },
		"in halves": func() ([]trial.Event, error) { return halves(t, s, 5) },
	} {
		got, err := read()
		check(t, err)
		if d := storetest.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	state, err := s.Load(t.Context(), "demo")
	check(t, err)
	direct, err := s.db.Load(t.Context(), "demo")
	check(t, err)
	if a, b := state.Trials[0].Params.String(), direct.Trials[0].Params.String(); a != b || state.Seq != direct.Seq ||
		state.Study.ID != "id1" {
		t.Errorf("state at event %d, parameters %s; want event %d, %s", state.Seq, a, direct.Seq, b)
	}
}

// halves reads the start of a record, and then what comes after it.
func halves(t *testing.T, s *site, cut int) ([]trial.Event, error) {
	t.Helper()
	all, err := s.Events(t.Context(), "id1", 0)
	check(t, err)
	rest, err := s.Events(t.Context(), "id1", int64(cut))
	return append(all[:cut:cut], rest...), err
}

func TestMoves(t *testing.T) {
	s := submitted(t)
	for _, move := range []struct {
		do   func(context.Context, string) error
		want trial.StudyState
	}{{s.Pause, trial.StudyPaused}, {s.Resume, trial.StudyRunning}, {s.Stop, trial.StudyStopped}} {
		check(t, move.do(t.Context(), "demo"))
		state, err := s.Load(t.Context(), "id1")
		check(t, err)
		if state.Status != move.want {
			t.Errorf("the study is %s, want %s", state.Status, move.want)
		}
	}
	wantError(t, s.Pause(t.Context(), "demo"), trial.Conflict, "is over", "")
	check(t, s.Delete(t.Context(), "demo"))
	_, err := s.Load(t.Context(), "demo")
	wantError(t, err, trial.NotFound, `no study "demo"`, "automl list")
	wantError(t, s.Delete(t.Context(), "demo"), trial.NotFound, "demo", "")
}

// TestOddNames: a name is one segment of the path, whatever it is made of.
func TestOddNames(t *testing.T) {
	s := newSite(t)
	for i, name := range []string{"a/b", "a b", "50%", "?x=1", "é", "#"} {
		study := storetest.Study(string(rune('a' + i)))
		study.Name = name
		check(t, s.db.CreateStudy(t.Context(), study))
		state, err := s.Load(t.Context(), name)
		if err != nil || state.Study.Name != name {
			t.Errorf("load %q: %v", name, err)
		}
		check(t, s.Delete(t.Context(), name))
	}
	for _, name := range []string{"", "..", "."} {
		if _, err := s.Load(t.Context(), name); trial.CodeOf(err) != trial.Internal && trial.CodeOf(err) != trial.NotFound {
			t.Errorf("load %q: %v", name, err)
		}
		if err := s.Delete(t.Context(), name); err == nil {
			t.Errorf("deleted %q", name)
		}
	}
}

func TestRunners(t *testing.T) {
	s := newSite(t)
	s.get("/runners").want(t, http.StatusOK, "[]")
	s.daemon.runners = []view.Runner{{RunnerInfo: trial.RunnerInfo{Name: "box", Run: "r1", Slots: 2, Started: stamp}, SilentSeconds: 1.5}}
	s.get("/runners").want(t, http.StatusOK, `"attempts":[]`)
	got, err := s.Runners(t.Context())
	check(t, err)
	want := slices.Clone(s.daemon.runners)
	want[0].Attempts = []trial.Key{}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("runners (-want +got):\n%s", d)
	}
}

func TestClientWithoutADaemon(t *testing.T) {
	_, err := web.NewClient("http://127.0.0.1:1", token, nil).Studies(t.Context()) // a port that the system gives to nobody
	wantError(t, err, trial.Unavailable, "cannot reach the daemon", "--server")
	_, err = web.NewClient("http://bad host", token, nil).Studies(t.Context())
	wantError(t, err, trial.Invalid, "address", "")

	s := newSite(t)
	_, err = web.NewClient(s.url, "wrong", nil).Studies(t.Context())
	wantError(t, err, trial.Denied, "refused the token", "--token-file")
	_, err = web.NewClient(s.url, "", nil).Studies(t.Context())
	wantError(t, err, trial.Denied, "wants a token", "--token-file")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Studies(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

// TestClientOfTheOtherScheme: one speaks TLS and the other does not, or does not know the authority.
func TestClientOfTheOtherScheme(t *testing.T) {
	safe, plain := httptest.NewTLSServer(http.NotFoundHandler()), httptest.NewServer(http.NotFoundHandler())
	safe.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	defer safe.Close()
	defer plain.Close()
	_, err := web.NewClient(safe.URL, token, nil).Studies(t.Context())
	wantError(t, err, trial.Unavailable, "certificate", "--ca-file")
	_, err = web.NewClient("http"+strings.TrimPrefix(safe.URL, "https"), token, nil).Studies(t.Context())
	wantError(t, err, trial.Invalid, "speaks TLS", "https://")
	_, err = web.NewClient("https"+strings.TrimPrefix(plain.URL, "http"), token, nil).Studies(t.Context())
	wantError(t, err, trial.Unavailable, "cannot reach", "http://")
}

// TestClientOfSomethingElse: --server may name what is no daemon.
func TestClientOfSomethingElse(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"plain":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "teapot", http.StatusTeapot) },
		"silent":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
	} {
		server := httptest.NewServer(h)
		_, err := web.NewClient(server.URL, token, nil).Studies(t.Context())
		if err == nil || err.Error() == "" || trial.CodeOf(err) != trial.Internal {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

// TestPagesAreOfOneStudy: while a record is read, its study may be deleted and its name given to another.
func TestPagesAreOfOneStudy(t *testing.T) {
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		events := `{"seq":1},{"seq":2}`
		if len(paths) > 1 {
			events = `{"seq":3}`
		}
		_, _ = w.Write([]byte(`{"study":{"id":"id1","name":"demo"},"events":[` + events + `]}`))
	}))
	defer server.Close()
	events, err := web.NewClient(server.URL, token, nil).EventsBy(t.Context(), "demo", 2)
	check(t, err)
	want := []string{"/api/v1/studies/demo/record", "/api/v1/studies/id1/record"}
	if d := cmp.Diff(want, paths); d != "" || len(events) != 3 {
		t.Errorf("%d events; requests (-want +got):\n%s", len(events), d)
	}
}
