package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"automl/trial/store"
	"automl/web"
)

// FuzzSubmit: whatever the body, the answer is a study or a complete problem; never a panic, never the server's fault.
func FuzzSubmit(f *testing.F) {
	for _, body := range []string{"", "{}", "[]", "null", sweep, strings.Replace(sweep, "float", "fl", 1), sweep[:40], "name: x",
		"\xff", "&a [*a]"} {
		f.Add(body)
	}
	db, err := store.Open(f.Context(), f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	h := web.New(config(&fakeDaemon{db: db}))
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/api/v1/studies", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var got struct{ Study, Title, Code, Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
		}
		switch w.Code {
		case http.StatusOK, http.StatusCreated:
			if got.Study == "" {
				t.Fatalf("no study in %s", w.Body)
			}
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			if got.Title == "" || got.Code == "" || got.Detail == "" {
				t.Fatalf("incomplete: %s", w.Body)
			}
		default:
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

// FuzzBodies: whatever the body of any other route that takes one, the answer is JSON or nothing, and a problem is a complete one; never a
// panic, never the server's fault.
func FuzzBodies(f *testing.F) {
	routes := []string{"/studies/demo/tell", "/studies/demo/ask", "/studies/demo/enqueue", "/studies/demo/pause", "/studies/nobody/tell", "/join", "/join-tokens",
		"/studies/demo/renew"}
	for n := range routes {
		for _, body := range []string{"", "{}", "[]", "null", "\xff", `{"trial":3,"attempt":2,"reports":[{"fold":0,"epoch":1,"metrics":{"acc":"NaN","x":-0}}]}`,
			`{"trial":-1,"attempt":0}`, `{"trial":3,"attempt":1,"failure":{"kind":"oom","message":"x"}}`, `{"trials":[{"zeta":0.5,"alpha":3,"mid":"a"},{}]}`,
			`{"request":"\u0000","lease_seconds":-0}`, `{"id":"a","secret":"b","name":"../c","key":"U"}`, `{"hours":1e308,"runners":-2}`, `{"reports":` + strings.Repeat("[", 5000)} {
			f.Add(n, body)
		}
	}
	db, err := store.Open(f.Context(), f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	h := web.New(config(&fakeDaemon{db: db}))
	post := func(route, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/api/v1"+route, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	post("/studies", sweep)
	f.Fuzz(func(t *testing.T, n int, body string) {
		route := routes[max(n, -n-1, 0)%len(routes)]
		w := post(route, body)
		var got struct{ Title, Code, Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); w.Body.Len() > 0 && err != nil {
			t.Fatalf("%s: status %d, %v: %s", route, w.Code, err, w.Body)
		}
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%s: status %d: %s", route, w.Code, w.Body)
		}
		if w.Code >= http.StatusBadRequest && (got.Title == "" || got.Code == "" || got.Detail == "") {
			t.Fatalf("%s: incomplete: %s", route, w.Body)
		}
	})
}
