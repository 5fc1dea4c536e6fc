// Package spans tells OpenTelemetry what became of studies: a trace for each study, in which the daemon makes the spans of the study, its
// trials, their attempts and the folds of each, and a runner those of its trainer processes.
//
// The daemon's spans are made from the record, at its times, when what they are about has ended and is durable. Their ids are functions of the
// study's, so that whoever knows an attempt knows its span: an assignment carries it to the runner (trial.Assignment.Trace), and a daemon
// that was killed goes on with the same trace. Spans are for looking; any may be lost.
//
// Nothing is sent unless the standard variables say where to (OTEL_EXPORTER_OTLP_ENDPOINT). The SDK reads the rest of them.
package spans
