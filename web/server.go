package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

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
	Change(ctx context.Context, study string, to trial.Claim) (now trial.Claim, err error)
	Delete(ctx context.Context, study string) error
	Runners(ctx context.Context) ([]view.Runner, error)
	Metrics(ctx context.Context) (view.Metrics, error)
	Enqueue(ctx context.Context, study string, points []trial.Params) ([]view.Enqueued, error)
	Ask(ctx context.Context, study string, l trial.Lease) (trial.Assignment, trial.Reply, error)
	Renew(ctx context.Context, study string, key trial.Key) (verb trial.Verb, reason string, err error)
	Tell(ctx context.Context, study string, key trial.Key, reports []trial.Report, failure *trial.Exit) (verb trial.Verb, reason string, err error)
}

// Record is what the API reads.
type Record interface {
	Studies(ctx context.Context) ([]trial.Study, error)
	StudyStates(ctx context.Context) (map[string]trial.StudyState, error) // by id
	Study(ctx context.Context, idOrName string) (trial.Study, error)
	EventsN(ctx context.Context, study string, after int64, limit int) ([]trial.Event, error)
}

// Config is what the API is made of.
type Config struct {
	Daemon  Daemon
	Record  Record
	Token   string                                             // every request must carry it; when it is empty, all are refused
	Hosts   []string                                           // host names the daemon answers to, besides localhost and any address
	Prepare func(context.Context, []byte) (trial.Study, error) // checks a sweep document and makes it a study
	Known   func(trial.Study) view.Known                       // what its sweep document says of a study
	Version string                                             // of the program, for the metrics
	Door    Door                                               // nil: runners do not join
	Log     zerolog.Logger
}

// server is the handlers of all routes.
type server struct {
	Config
	states *states
	ticker func() (ticks <-chan time.Time, stop func()) // paces an event stream
}

// New is the API as a handler.
func New(cfg Config) http.Handler {
	return newHandler(cfg, func() (<-chan time.Time, func()) {
		t := time.NewTicker(lookAgain)
		return t.C, t.Stop
	})
}

func newHandler(cfg Config, ticker func() (<-chan time.Time, func())) http.Handler {
	mux := http.NewServeMux()
	api := newAPI(mux)
	s := &server{cfg, &states{record: cfg.Record, known: map[string]*followed{}}, ticker}
	s.routes(huma.NewGroup(api, "/api/v1"))
	s.probes(huma.NewGroup(api, "", "/api/v1"))
	describeMetrics(api)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /api/v1/metrics", s.metrics)
	describe(api, mux)
	return newGuard(cfg, routed(mux))
}

// newAPI is huma without the routes and headers it would add of its own.
func newAPI(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("automl", "v1")
	c.DocsPath, c.SchemasPath, c.OpenAPIPath = "", "", ""
	c.CreateHooks = nil                         // no $schema links in the answers
	c.AllowAdditionalPropertiesByDefault = true // answers may grow
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	api := humago.New(mux, c)
	object := reflect.TypeFor[map[string]any]() // these are objects whose keys have an order
	for _, t := range []reflect.Type{reflect.TypeFor[json.RawMessage](), reflect.TypeFor[trial.Params](), reflect.TypeFor[trial.Metrics]()} {
		api.OpenAPI().Components.Schemas.RegisterTypeAlias(t, object)
	}
	return api
}

// describe serves the OpenAPI document, once all routes are known.
func describe(api huma.API, mux *http.ServeMux) {
	op := operation(http.MethodGet, "/openapi.json", "openapi", "This document")
	op.Responses = map[string]*huma.Response{"200": {Description: "OpenAPI 3.1", Content: map[string]*huma.MediaType{
		"application/openapi+json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}}
	api.OpenAPI().AddOperation(&op)
	status := api.OpenAPI().Components.Schemas.Map()["Status"]
	status.Properties["best"] = &huma.Schema{AnyOf: []*huma.Schema{status.Properties["best"], {Type: "null"}}} // huma has no nullable objects
	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(err) // it is made of our own types: the same on every start
	}
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document) // the client may be gone
	}
	mux.HandleFunc("GET /openapi.json", answer)
	mux.HandleFunc("GET /api/v1/openapi.json", answer)
}

// operation describes a route.
func operation(method, path, id, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary,
		BodyReadTimeout: -1} // none: the guard has read it
}

func (s *server) routes(api huma.API) {
	const get, post = http.MethodGet, http.MethodPost
	huma.Register(api, submission(), s.submit)
	huma.Register(api, operation(get, "/studies", "list-studies", "List the studies"), s.studies)
	huma.Register(api, operation(get, "/studies/{id}", "get-study", "How a study stands"), s.study)
	huma.Register(api, operation(http.MethodDelete, "/studies/{id}", "delete-study", "Stop a study and remove it with its record"),
		s.move(s.Daemon.Delete))
	huma.Register(api, operation(get, "/studies/{id}/best", "get-best", "The winner so far"), s.best)
	huma.Register(api, operation(get, "/studies/{id}/record", "get-record", "A study with the events of its record"), s.record)
	huma.Register(api, operation(post, "/studies/{id}/pause", "pause-study", "Hand out no more work, call the running trials back"),
		s.move(s.Daemon.Pause))
	huma.Register(api, operation(post, "/studies/{id}/resume", "resume-study", "Go on with a paused study"), s.move(s.Daemon.Resume))
	huma.Register(api, operation(post, "/studies/{id}/stop", "stop-study", "End a study for good"), s.move(s.Daemon.Stop))
	huma.Register(api, operation(post, "/studies/{id}/claim", "change-claim", "Change a study's claim to slots while it runs; what is left out stays"),
		s.change)
	huma.Register(api, operation(get, "/studies/{id}/trials", "list-trials", "The trials of a study, in pages"), s.trials)
	huma.Register(api, operation(get, "/studies/{id}/trials/{n}", "get-trial", "A trial with its curves"), s.trial)
	huma.Register(api, operation(get, "/studies/{id}/trials/{n}/reports", "list-reports", "What was measured of a trial"), s.reports)
	huma.Register(api, operation(get, "/studies/{id}/trials/{n}/decisions", "list-decisions", "What was decided about a trial, and why"),
		s.decisions)
	huma.Register(api, enqueuing(), s.enqueue)
	huma.Register(api, asking(), s.ask)
	huma.Register(api, operation(post, "/studies/{id}/tell", "tell", "Tell what was measured; telling it again changes nothing"), s.tell)
	huma.Register(api, operation(post, "/studies/{id}/renew", "renew", "Keep a job that there is nothing to tell of yet"), s.renew)
	huma.Register(api, operation(get, "/runners", "list-runners", "The runners heard of"), s.runners)
	huma.Register(api, streaming(), s.events)
	s.joins(api)
}
