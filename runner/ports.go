package runner

import (
	"context"

	"automl/trial"
)

// Queue is the bus, seen from a runner.
type Queue interface {
	// Pull waits for an assignment.
	Pull(ctx context.Context) (trial.Delivery, error)
	// Announce asks the daemon for the lease.
	Announce(ctx context.Context, a trial.Announce) (trial.Grant, error)
	// Send hands a durable message to the bus; nil means that the bus has it, not that it is committed.
	Send(ctx context.Context, m trial.Inbound) error
	// Heartbeat tells that the runner is alive and what it works on.
	Heartbeat(info trial.RunnerInfo) error
	// Leave tells that the runner goes away in good order.
	Leave(info trial.RunnerInfo) error
	// Progress is for people watching; it may be lost.
	Progress(p trial.Progress) error
	// Answers is what the daemon sends to this run.
	Answers() <-chan trial.Outbound
}
