package main

import (
	"context"
	"os"

	"github.com/rs/zerolog"

	"automl/trial"
	"automl/trial/spans"
)

// openSpans makes a tracer where the environment asks for one; nil otherwise. Looking on must not keep anything from running, so a variable
// that is wrong is said and no more.
func openSpans(ctx context.Context, service string, log zerolog.Logger) *spans.Tracer {
	t, err := spans.Open(ctx, service, version(), os.Getenv, log)
	if err != nil {
		log.Warn().Err(err).Str("hint", trial.HintOf(err)).Msg("no spans are sent to OpenTelemetry")
		return nil
	}
	return t
}
