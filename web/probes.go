package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"automl/trial"
)

// readyWithin is how long the parts of the daemon may take to answer a probe.
const readyWithin = 2 * time.Second

// probes are the routes that need no token. They say as little as they can.
func (s *server) probes(api huma.API) {
	open := []map[string][]string{{}}
	health := operation(http.MethodGet, "/healthz", "healthz", "Whether the process answers")
	ready := operation(http.MethodGet, "/readyz", "readyz", "Whether the search and its record answer")
	health.Security, ready.Security = open, open
	huma.Register(api, health, func(context.Context, *struct{}) (*body[Health], error) { return &body[Health]{Health{"ok"}}, nil })
	huma.Register(api, ready, s.ready)
}

func (s *server) ready(ctx context.Context, _ *struct{}) (*body[Health], error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	_, err := s.Daemon.Runners(ctx)
	if err == nil {
		_, err = s.Record.Studies(ctx)
	}
	if err != nil {
		s.Log.Warn().Err(err).Msg("not ready")
		return nil, problemOf(http.StatusServiceUnavailable, trial.Unavailable, trial.Errorf(trial.Unavailable, "the daemon is not ready"))
	}
	return &body[Health]{Health{"ok"}}, nil
}
