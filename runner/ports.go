package runner

import (
	"context"

	"automl/trial"
)

// Queue is the bus, seen from a runner.
type Queue interface {
	// Pull waits for an assignment. It is never called twice at a time.
	Pull(ctx context.Context) (trial.Delivery, error)
	// Announce asks the daemon for the lease.
	Announce(ctx context.Context, a trial.Announce) (trial.Grant, error)
	// Send hands a durable message to the bus; nil means that the bus has it, not that it is committed. What an earlier run
	// left behind is sent with the Run of this one: only who sends can be answered. The daemon need not believe it.
	Send(ctx context.Context, m trial.Inbound) error
	// Heartbeat tells that the runner is alive and what it works on. An error says that the bus is away, and
	// how long it was away is what the runner measures its own lease by. It returns within seconds.
	Heartbeat(info trial.RunnerInfo) error
	// Leave tells that the runner goes away in good order.
	Leave(info trial.RunnerInfo) error
	// Progress is for people watching; it may be lost.
	Progress(p trial.Progress) error
	// Answers is what the daemon sends to this run.
	Answers() <-chan trial.Outbound
}
