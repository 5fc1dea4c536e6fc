package web_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/trial"
	"automl/web"
)

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestToken(t *testing.T) {
	s := submitted(t)
	for _, value := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic " + token, token, "Bearer " + token + "x"} {
		for _, path := range []string{"/api/v1/studies", "/openapi.json", "/api/v1/events?study=demo", "/nothing"} {
			a := s.do(http.MethodGet, path, "", header("Authorization", value))
			a.wantProblem(t, http.StatusUnauthorized, "unauthorized", "token", "daemon.json")
			if a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("header %v", a.header)
			}
		}
		s.do(http.MethodPost, "/api/v1/studies/demo/stop", "", header("Authorization", value)).want(t, http.StatusUnauthorized)
	}
	s.do(http.MethodGet, "/api/v1/studies", "", header("Authorization", "bearer "+token)).want(t, http.StatusOK)
}

func TestNoTokenLetsNobodyIn(t *testing.T) {
	s := open(t, func(c web.Config) http.Handler {
		c.Token = ""
		return web.New(c)
	})
	for _, value := range []string{"", "Bearer", "Bearer "} {
		s.do(http.MethodGet, "/api/v1/studies", "", header("Authorization", value)).want(t, http.StatusUnauthorized)
	}
}

func TestHosts(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"localhost", "LOCALHOST:80", "127.0.0.1:80", "[::1]:80", "[::1]", "10.1.2.3",
		"[fe80::1%25eth0]:80", "gpu-box:8080"} {
		s.do(http.MethodGet, "/api/v1/studies", "", host(name)).want(t, http.StatusOK)
	}
	for _, name := range []string{"evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:80.evil.example", "127.0.0.1:-1",
		"gpu-box.evil.example"} {
		for _, path := range []string{"/api/v1/studies", "/healthz"} {
			s.do(http.MethodGet, path, "", host(name)).wantProblem(t, http.StatusMisdirectedRequest, "wrong_host", name, "localhost")
		}
	}
}

// TestOtherSites: no method is answered for a page of another site, even with the token.
func TestOtherSites(t *testing.T) {
	s := submitted(t)
	for _, from := range []func(*http.Request){header("Origin", "https://evil.example"), header("Origin", "null"),
		header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site")} {
		for method, path := range map[string]string{http.MethodPost: "/api/v1/studies/demo/stop", http.MethodGet: "/api/v1/studies",
			http.MethodDelete: "/api/v1/studies/demo", http.MethodOptions: "/api/v1/studies"} {
			a := s.do(method, path, "", from)
			a.wantProblem(t, http.StatusForbidden, "cross_origin", "another site", "")
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s allows other origins", method)
			}
		}
	}
	s.do(http.MethodGet, "/api/v1/studies", "", header("Origin", s.url), header("Sec-Fetch-Site", "same-origin")).want(t, http.StatusOK)
	state, err := s.Load(t.Context(), "demo")
	check(t, err)
	if state.Status != trial.StudyRunning {
		t.Errorf("the study is %s", state.Status)
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/api/v1/studies", "/nothing", "/healthz"} {
		h := s.do(http.MethodGet, path, "").header
		for key, want := range map[string]string{"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if got := h.Get(key); got != want {
				t.Errorf("%s: %s is %q, want %q", path, key, got, want)
			}
		}
	}
}

func TestProbes(t *testing.T) {
	s := newSite(t)
	none := header("Authorization", "")
	for _, prefix := range []string{"", "/api/v1"} {
		s.daemon.err = nil
		s.do(http.MethodGet, prefix+"/healthz", "", none).want(t, http.StatusOK, `{"status":"ok"}`)
		s.do(http.MethodGet, prefix+"/readyz", "", none).want(t, http.StatusOK, `{"status":"ok"}`)
		s.daemon.err = trial.Errorf(trial.Internal, "secret")
		s.do(http.MethodGet, prefix+"/healthz", "", none).want(t, http.StatusOK)
		a := s.do(http.MethodGet, prefix+"/readyz", "", none)
		a.wantProblem(t, http.StatusServiceUnavailable, "unavailable", "not ready", "")
		s.do(http.MethodPost, prefix+"/healthz", "", none).want(t, http.StatusMethodNotAllowed)
	}
	s.daemon.err = nil
	check(t, s.db.Close())
	s.do(http.MethodGet, "/readyz", "", none).want(t, http.StatusServiceUnavailable)
}

// TestManyServers makes and uses servers at the same time: what huma keeps for the whole process is not touched.
func TestManyServers(t *testing.T) {
	s := submitted(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			h := web.New(config(s.daemon))
			for _, path := range []string{"/openapi.json", "/api/v1/studies", "/api/v1/studies/none"} {
				r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
				r.Header.Set("Authorization", "Bearer "+token)
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	all.Wait()
}

// TestSlowBody: a body that does not come in time is answered, and the handler never sees it; what is done afterwards may take longer.
func TestSlowBody(t *testing.T) {
	s := newSite(t)
	cfg := config(s.daemon)
	server := httptest.NewUnstartedServer(nil)
	server.Config = web.NewServer(web.New(cfg), web.Limits{Request: time.Second}, zerolog.Nop())
	server.Start()
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	check(t, err)
	defer c.Close()
	check(t, c.SetDeadline(time.Now().Add(3*time.Minute)))
	_, err = fmt.Fprintf(c, "POST /api/v1/studies HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: 9\r\n\r\n{", token)
	check(t, err)
	text, err := io.ReadAll(c)
	check(t, err)
	if !strings.HasPrefix(string(text), "HTTP/1.1 408 ") || !strings.Contains(string(text), "in time") {
		t.Errorf("answered %s", text)
	}
}
