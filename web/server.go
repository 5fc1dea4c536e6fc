package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/zerolog"

	"automl/trial"
	"automl/trial/view"
)

// Daemon is what the API asks of the search daemon.
type Daemon interface {
	Submit(ctx context.Context, s trial.Study) (study trial.Study, created bool, err error)
	Pause(ctx context.Context, study string) error
	Resume(ctx context.Context, study string) error
	Stop(ctx context.Context, study string) error
	Delete(ctx context.Context, study string) error
	Runners(ctx context.Context) ([]view.Runner, error)
}

// Record is what the API reads.
type Record interface {
	Studies(ctx context.Context) ([]trial.Study, error)
	Load(ctx context.Context, idOrName string) (*trial.State, error)
	Events(ctx context.Context, study string, after int64) ([]trial.Event, error)
}

// Config is what the API is made of.
type Config struct {
	Daemon  Daemon
	Record  Record
	Token   string                            // every request must carry it
	Prepare func([]byte) (trial.Study, error) // checks a sweep document and makes it a study
	GPUs    func(trial.Study) float64         // how many GPUs one of its trials holds
	Planned func(trial.Study) int             // how many epochs are planned for it
	Log     zerolog.Logger
}

// maxBody is the largest request body: that of a sweep file.
const maxBody = 1 << 20

// New is the API as a handler.
func New(cfg Config) http.Handler {
	mux := http.NewServeMux()
	c := huma.DefaultConfig("automl", "v1")
	c.DocsPath = ""
	c.OpenAPIPath = "/openapi"
	c.CreateHooks = nil // no $schema links in the answers
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	huma.NewError = newProblem
	api := humago.New(mux, c)
	object := reflect.TypeFor[map[string]any]()
	api.OpenAPI().Components.Schemas.RegisterTypeAlias(reflect.TypeFor[json.RawMessage](), object)
	api.OpenAPI().Components.Schemas.RegisterTypeAlias(reflect.TypeFor[trial.Params](), object)
	api.OpenAPI().Components.Schemas.RegisterTypeAlias(reflect.TypeFor[trial.Metrics](), object)
	s := &server{cfg}
	s.routes(huma.NewGroup(api, "/api/v1"))
	return guard(cfg.Token, mux)
}

// guard refuses what has not the token, comes from another site, or asks for another host.
func guard(token string, next http.Handler) http.Handler {
	want := []byte("Bearer " + token)
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case !allowedHost(r.Host):
			refuse(w, http.StatusMisdirectedRequest, "host", "this daemon is not "+r.Host)
		case r.URL.Path == "/healthz":
			w.WriteHeader(http.StatusNoContent)
		case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1:
			refuse(w, http.StatusUnauthorized, "unauthorized", "the bearer token is missing or wrong")
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			next.ServeHTTP(w, r)
		}
	}))
}

// allowedHost lets addresses through and names of this machine: a name that an attacker controls could point here.
func allowedHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	return name == "localhost" || net.ParseIP(name) != nil
}

func refuse(w http.ResponseWriter, code int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(problem{Status: code, Title: http.StatusText(code), Code: kind, Detail: detail})
}
