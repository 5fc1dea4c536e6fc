package spans

import (
	"context"
	"time"

	"automl/trial"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// study is what is still open of one.
type study struct {
	id     trace.TraceID
	flags  trace.TraceFlags // whether it is sampled
	head   trial.Study
	trials map[int]begun
	open   map[int]*attempt // by trial: there is one at a time
}

// begun is a trial that is not over.
type begun struct {
	at     time.Time
	params trial.Params
}

// attempt is one that is out.
type attempt struct {
	number      int
	phase       trial.Phase
	assigned    time.Time
	started     time.Time // zero: not yet
	runner, run string
	fold        fold
}

// fold is the one that reports come from.
type fold struct {
	number, epochs int // epochs 0: there is none yet
	begin, last    time.Time
	value          float64
}

// Recorded takes events of a study, in order, once they are durable. old ones are those of a study that is read from its record: they
// begin it anew, and have had their spans.
func (t *Tracer) Recorded(s trial.Study, events []trial.Event, old bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.studies[s.ID]
	if q == nil || old {
		q = t.begin(s)
		t.studies[s.ID] = q
	}
	for _, e := range events {
		switch {
		case e.Report != nil:
			t.report(q, e, old)
		case e.Decision != nil:
			t.decision(q, e.Time, *e.Decision, old)
		}
	}
}

// begin is a study of which nothing is known. The sampler is asked once, by a span that is never sent.
func (t *Tracer) begin(s trial.Study) *study {
	q := &study{id: traceOf(s), head: s, trials: map[int]begun{}, open: map[int]*attempt{}}
	_, span := t.tracer.Start(context.WithValue(context.Background(), wanted{}, q.span()), "study")
	q.flags = span.SpanContext().TraceFlags()
	return q
}

func (q *study) span(part ...int) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: q.id, SpanID: spanOf(q.id, part...), TraceFlags: q.flags})
}

// Parent is the span of an attempt as W3C trace context has it.
func (t *Tracer) Parent(s trial.Study, k trial.Key) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.studies[s.ID]
	if q == nil {
		q = t.begin(s)
		t.studies[s.ID] = q
	}
	return textOf(trace.ContextWithSpanContext(context.Background(), q.span(k.Trial, k.Attempt)))
}

// Forget drops a study that was deleted.
func (t *Tracer) Forget(study string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.studies, study)
}

func (t *Tracer) report(q *study, e trial.Event, old bool) {
	r := e.Report
	a := q.open[r.Trial]
	if a == nil {
		return
	}
	if a.fold.epochs == 0 || a.fold.number != r.Fold {
		begin := a.started
		if a.fold.epochs > 0 {
			begin = a.fold.last
		}
		t.endFold(q, r.Trial, a, old)
		a.fold = fold{number: r.Fold, begin: begin}
	}
	a.fold.epochs++
	a.fold.last = e.Time
	a.fold.value, _ = r.Metrics.Get(q.head.Objective.Metric)
}

func (t *Tracer) endFold(q *study, n int, a *attempt, old bool) {
	f := a.fold
	a.fold = fold{}
	if f.epochs == 0 || old {
		return
	}
	t.emit(q.span(n, a.number), q.span(n, a.number, f.number), "fold", f.begin, f.last, "",
		append(keyOf(q.key(n, a.number)), attribute.Int("automl.fold", f.number), attribute.Int("automl.epochs", f.epochs),
			attribute.Float64("automl.value", f.value))...)
}

func (q *study) key(n, attempt int) trial.Key {
	return trial.Key{Study: q.head.ID, Trial: n, Attempt: attempt}
}

func (t *Tracer) decision(q *study, now time.Time, d trial.Decision, old bool) {
	switch d.What {
	case trial.Sampled:
		q.trials[d.Trial] = begun{now, d.Params}
	case trial.Assigned:
		q.open[d.Trial] = &attempt{number: d.Attempt, phase: d.Phase, assigned: now}
	case trial.Started:
		if a := q.open[d.Trial]; a != nil {
			a.started, a.runner, a.run = now, d.Runner, d.Run
		}
	case trial.Paused, trial.Retried, trial.Confirmed, trial.Refitted:
		t.endAttempt(q, now, d, old)
	case trial.Completed, trial.Pruned, trial.Failed:
		t.endAttempt(q, now, d, old)
		t.endTrial(q, now, d, old)
	case trial.Moved:
		t.moved(q, now, d, old)
	}
}

// endAttempt ends what was out of a trial. One that no runner has taken has no span.
func (t *Tracer) endAttempt(q *study, now time.Time, d trial.Decision, old bool) {
	a := q.open[d.Trial]
	if a == nil {
		return
	}
	t.endFold(q, d.Trial, a, old)
	delete(q.open, d.Trial)
	if old || a.started.IsZero() {
		return
	}
	t.emit(q.span(d.Trial), q.span(d.Trial, a.number), "attempt", a.started, now, failureOf(d),
		append(keyOf(q.key(d.Trial, a.number)), attribute.String("automl.phase", string(a.phase)), attribute.String("automl.runner", a.runner),
			attribute.String("automl.run", a.run), attribute.Float64("automl.queued_seconds", a.started.Sub(a.assigned).Seconds()),
			attribute.String("automl.outcome", string(d.What)), attribute.String("automl.reason", d.Reason))...)
}

func (t *Tracer) endTrial(q *study, now time.Time, d trial.Decision, old bool) {
	b, known := q.trials[d.Trial]
	delete(q.trials, d.Trial)
	if !known || old {
		return
	}
	about := append(keyOf(q.key(d.Trial, 0)), attribute.String("automl.outcome", string(d.What)), attribute.String("automl.reason", d.Reason))
	if d.Value != nil {
		about = append(about, attribute.Float64("automl.value", *d.Value))
	}
	for _, p := range b.params {
		about = append(about, paramOf(p))
	}
	t.emit(q.span(), q.span(d.Trial), "trial", b.at, now, failureOf(d), about...)
}

// moved ends a study that is over.
func (t *Tracer) moved(q *study, now time.Time, d trial.Decision, old bool) {
	if !d.Study.Over() {
		return
	}
	delete(t.studies, q.head.ID)
	if old {
		return
	}
	t.emit(trace.SpanContext{}, q.span(), "study", q.head.Created, now, "", attribute.String("automl.study", q.head.ID),
		attribute.String("automl.name", q.head.Name), attribute.String("automl.state", string(d.Study)), attribute.String("automl.reason", d.Reason))
}

// failureOf says what failed; empty for what is nobody's failure.
func failureOf(d trial.Decision) string {
	if d.Failure == "" || d.Failure == trial.Aborted {
		return ""
	}
	return string(d.Failure) + ": " + d.Reason
}

func fail(span trace.Span, why string) {
	if why != "" {
		span.SetStatus(codes.Error, why)
	}
}

func keyOf(k trial.Key) []attribute.KeyValue {
	out := []attribute.KeyValue{attribute.String("automl.study", k.Study), attribute.Int("automl.trial", k.Trial)}
	if k.Attempt > 0 {
		out = append(out, attribute.Int("automl.attempt", k.Attempt))
	}
	return out
}

func paramOf(p trial.Param) attribute.KeyValue {
	name := "automl.params." + p.Name
	switch v := p.Value.(type) {
	case float64:
		return attribute.Float64(name, v)
	case int64:
		return attribute.Int64(name, v)
	case bool:
		return attribute.Bool(name, v)
	case string:
		return attribute.String(name, v)
	}
	return attribute.String(name, trial.Params{p}.String())
}
