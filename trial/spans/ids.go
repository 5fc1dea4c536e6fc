package spans

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"automl/trial"

	"go.opentelemetry.io/otel/trace"
)

// traceOf is the trace of a study: the same from every start of its daemon, and another in every data directory.
func traceOf(s trial.Study) (id trace.TraceID) {
	sum := sha256.Sum256(fmt.Appendf(nil, "automl %s %s %d", s.ID, s.Digest, s.Created.UnixNano()))
	copy(id[:], sum[:])
	return id
}

// spanOf is the span of a part of a study, named by numbers: none is the study, then trial, attempt and fold.
func spanOf(id trace.TraceID, part ...int) (span trace.SpanID) {
	sum := sha256.Sum256(fmt.Append(id[:], part))
	copy(span[:], sum[:])
	return span
}

// wanted is the id that a span that is about to be made shall have.
type wanted struct{}

// ids makes the ids of spans: the wanted ones, and random ones of others.
type ids struct{}

// NewIDs is for a span without a parent: a study's, or that of a trainer whose daemon makes no spans.
func (ids) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	if c, ok := ctx.Value(wanted{}).(trace.SpanContext); ok {
		return c.TraceID(), c.SpanID()
	}
	_, _ = rand.Read(id[:]) // it never fails
	_, _ = rand.Read(span[:])
	return id, span
}

// NewSpanID is for all others.
func (ids) NewSpanID(ctx context.Context, _ trace.TraceID) (span trace.SpanID) {
	if c, ok := ctx.Value(wanted{}).(trace.SpanContext); ok {
		return c.SpanID()
	}
	_, _ = rand.Read(span[:])
	return span
}
