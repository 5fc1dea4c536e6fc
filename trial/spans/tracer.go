package spans

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"automl/trial"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracer makes spans and sends them. Its methods may be called from several goroutines.
type Tracer struct {
	errs     otel.ErrorHandler
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	patience time.Duration // of Close

	mu      sync.Mutex
	studies map[string]*study // those that are not over, by id
}

// closeTimeout is how long the end of a process may wait for a receiver to take the last spans.
const closeTimeout = 3 * time.Second

// Open makes a tracer as the environment asks for it (Environment); nil where it does not. service is what the process is called unless
// OTEL_SERVICE_NAME says otherwise.
func Open(ctx context.Context, service, version string, getenv func(string) string, log zerolog.Logger) (*Tracer, error) {
	c, err := newClient(getenv)
	if c == nil || err != nil {
		return nil, err
	}
	exporter, err := otlptrace.New(ctx, c)
	if err != nil {
		return nil, trial.Wrap(trial.Internal, err, "start OpenTelemetry")
	}
	about := []attribute.KeyValue{attribute.String("service.version", version)}
	if getenv("OTEL_SERVICE_NAME") == "" {
		about = append(about, attribute.String("service.name", service))
	}
	res, err := resource.Merge(resource.Default(), resource.NewSchemaless(about...))
	if err != nil {
		return nil, trial.Wrap(trial.Internal, err, "start OpenTelemetry")
	}
	errs := complain(log)
	otel.SetErrorHandler(errs)
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(res), sdk.WithIDGenerator(ids{}))
	log.Info().Str("endpoint", c.url).Msg("spans are sent to an OpenTelemetry receiver")
	return &Tracer{errs: errs, provider: provider, tracer: provider.Tracer("automl"), patience: closeTimeout, studies: map[string]*study{}}, nil
}

// complain says the first time that spans are lost; a receiver that is away is away for all of them.
func complain(log zerolog.Logger) otel.ErrorHandler {
	var said atomic.Bool
	return otel.ErrorHandlerFunc(func(err error) {
		level := zerolog.DebugLevel
		if !said.Swap(true) {
			level = zerolog.WarnLevel
		}
		log.WithLevel(level).Err(err).Msg("spans are lost; nothing else depends on them")
	})
}

// Close sends what is left. Where that fails it is logged as all failures are.
func (t *Tracer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), t.patience)
	defer cancel()
	err := t.provider.Shutdown(ctx)
	if err != nil {
		t.errs.Handle(err)
	}
	return err
}

// emit makes a span that has begun and ended.
func (t *Tracer) emit(parent, self trace.SpanContext, name string, begin, end time.Time, failed string, about ...attribute.KeyValue) {
	ctx := context.WithValue(trace.ContextWithRemoteSpanContext(context.Background(), parent), wanted{}, self)
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(begin), trace.WithAttributes(about...))
	fail(span, failed)
	span.End(trace.WithTimestamp(end))
}

// Trainer begins the span of a trainer process, whose runner works on a fold of an assignment; a refit has none, -1. context is what
// the trainer is told, as TRACEPARENT; end says why it failed, or nothing.
func (t *Tracer) Trainer(a trial.Assignment, fold int, runner string) (traceparent string, end func(failure string)) {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": a.Trace})
	ctx, span := t.tracer.Start(ctx, "trainer", trace.WithAttributes(append(keyOf(a.Key()), attribute.String("automl.name", a.Name),
		attribute.String("automl.phase", string(a.Phase)), attribute.Int("automl.fold", fold), attribute.String("automl.runner", runner))...))
	return textOf(ctx), func(failure string) {
		fail(span, failure)
		span.End()
	}
}

// textOf is a span as W3C trace context has it.
func textOf(ctx context.Context) string {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c["traceparent"]
}
