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
