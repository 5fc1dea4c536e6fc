package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"automl/trial"
	"automl/trial/view"
)

// What a study may have of the slots is shown wherever it is looked at, as it stands: on the command line, over HTTP, and after a restart.
func TestClaimIsShown(t *testing.T) {
	s := newSite(t, "pace=200", "priority: 1\n")
	daemon := s.start(s.dir, "daemon")
	info := s.up()
	s.ok("submit", s.sweep)
	want := func(text string, args ...string) {
		t.Helper()
		if out := s.ok(args...).out; !strings.Contains(out, text) {
			t.Errorf("automl %s: no %q in\n%s", strings.Join(args, " "), text, out)
		}
	}
	want("slots    share 1, priority 1, as many trials at once as there are slots", "status")
	want("runner   none: nobody works on it now", "status")
	s.ok("claim", "e2e", "--share", "2.5", "--workers", "3")
	check := func(c trial.Claim) {
		t.Helper()
		if c.Share == nil || c.Priority == nil || c.Workers == nil || *c.Share != 2.5 || *c.Priority != 1 || *c.Workers != 3 {
			t.Errorf("the claim is %s", c.Params())
		}
	}
	server := []string{"--server", info.URL, "--token-file", s.dir + "/token"}
	for _, where := range [][]string{nil, server} {
		want("slots    share 2.5, priority 1, at most 3 trials at once", append([]string{"status", "e2e"}, where...)...)
		want("slots share 2.5, priority 1, at most 3 trials at once", append([]string{"describe", "e2e"}, where...)...)
		check(decodeJSON[view.Status](t, s.ok(append([]string{"status", "e2e", "-o", "json"}, where...)...).out).Claim)
		check(decodeJSON[[]summary](t, s.ok(append([]string{"list", "-o", "json"}, where...)...).out)[0].Claim)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, info.URL+"/api/v1/studies/e2e", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+info.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	check(decodeJSON[view.Status](t, string(text)).Claim)
	s.start(s.dir, "runner", "--slots", "1")
	until(t, "an expected end", func() bool {
		return decodeJSON[view.Status](t, s.ok("status", "-o", "json").out).ETA != nil
	})
	_ = daemon.Process.Kill()
	_ = daemon.Wait()
	if q := decodeJSON[view.Status](t, s.ok("status", "-o", "json").out); q.ETA != nil || q.State != string(trial.StudyRunning) {
		t.Errorf("without a daemon it is %s and ends at %v", q.State, q.ETA)
	}
	check(decodeJSON[view.Status](t, s.ok("status", "-o", "json").out).Claim)
}
