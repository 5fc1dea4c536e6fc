package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/web"
)

// fakeDoor lets in who knows the secret.
type fakeDoor struct {
	wanted time.Duration
	gone   string
}

func (d *fakeDoor) Token(life time.Duration, runners int) (web.JoinToken, error) {
	d.wanted = life
	return web.JoinToken{ID: "t1", Token: "automl://t1:s@h:1/", Runners: runners}, nil
}

func (d *fakeDoor) Join(j web.Joining) (web.Joined, error) {
	if j.Secret != "s" {
		return web.Joined{}, trial.Errorf(trial.Denied, "the join token is used up").WithHint("make a new one")
	}
	return web.Joined{Owner: "r1", Port: 4222, CA: "PEM"}, nil
}

func (d *fakeDoor) Guests() (web.Guests, error) {
	return web.Guests{Tokens: []web.JoinToken{{ID: "t1"}}, Runners: []web.Guest{{ID: "r1", Name: "box"}}}, nil
}

func (d *fakeDoor) Revoke(id string) error {
	d.gone = id
	return nil
}

func TestJoinRoutes(t *testing.T) {
	d := &fakeDoor{}
	s := open(t, func(c web.Config) http.Handler {
		c.Door = d
		return web.New(c)
	})
	noToken := func(r *http.Request) { r.Header.Del("Authorization") }
	join := func(body string) answer { return s.do(http.MethodPost, "/api/v1/runners/join", body, noToken) }
	join(`{"id":"t1","secret":"s","name":"box","key":"U"}`).want(t, http.StatusOK, `"owner":"r1"`, `"port":4222`, `"ca":"PEM"`)
	join(`{"id":"t1","secret":"x","name":"box","key":"U"}`).wantProblem(t, http.StatusForbidden, "denied", "used up", "new one")
	join(`{}`).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "secret", "")
	join(`{"id":"t1","secret":"`+strings.Repeat("s", 4096)+`","name":"box","key":"U"}`).want(t, http.StatusRequestEntityTooLarge)
	for _, path := range []string{"/api/v1/join-tokens", "/api/v1/runners", "/api/v1/runners/join/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			s.do(method, path, "{}", noToken).want(t, http.StatusUnauthorized)
		}
	}
	s.do(http.MethodDelete, "/api/v1/join-tokens/r1", "", noToken).want(t, http.StatusUnauthorized)

	got, err := s.JoinToken(t.Context(), web.TokenWanted{Hours: 1.5, Runners: -1})
	if err != nil || got.ID != "t1" || got.Runners != -1 || d.wanted != 90*time.Minute {
		t.Errorf("%+v %v for %v", got, err, d.wanted)
	}
	for _, body := range []string{`{"hours":0,"runners":1}`, `{"hours":1,"runners":-2}`, `{"hours":1e9,"runners":1}`, `{}`} {
		s.do(http.MethodPost, "/api/v1/join-tokens", body).wantProblem(t, http.StatusUnprocessableEntity, "invalid", "", "")
	}
	g, err := s.Guests(t.Context())
	if err != nil || len(g.Tokens) != 1 || len(g.Runners) != 1 || g.Runners[0].Name != "box" {
		t.Errorf("%+v %v", g, err)
	}
	if err := s.Revoke(t.Context(), "r1"); err != nil || d.gone != "r1" {
		t.Errorf("%q is gone: %v", d.gone, err)
	}
}

func TestNoDoor(t *testing.T) {
	s := newSite(t)
	_, err := s.Join(t.Context(), web.Joining{})
	wantError(t, err, trial.Conflict, "only over TLS", "--nats-creds")
}
