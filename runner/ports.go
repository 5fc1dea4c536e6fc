package runner

import (
	"context"

	"automl/trial"
)

// Queue is the bus, seen from a runner.
type Queue interface {
	// Pull waits for an assignment. It is never called twice at a time.
	Pull(ctx context.Context) (trial.Delivery, error)
	// PullNow takes assignments that wait, at most n of them, and none where there is none. Nor is it called while Pull waits.
	PullNow(ctx context.Context, n int) []trial.Delivery
	// Announce asks the daemon for the lease.
	Announce(ctx context.Context, a trial.Announce) (trial.Grant, error)
	// Send hands durable messages to the bus; nil means that the bus has them, not that they are committed. After an error some may
	// be there; with code Invalid one of them never will. What an earlier run left behind is sent with the Run of this one: only who
	// sends can be answered. The daemon need not believe it. It is never called twice at a time.
	Send(ctx context.Context, messages ...trial.Inbound) error
	// Heartbeat tells that the runner is alive and what it works on. An error says that the bus is away, or
	// with code Denied that it lets us in no more; how long that lasts is what the runner measures its own lease by. It returns within seconds.
	Heartbeat(info trial.RunnerInfo) error
	// Leave tells that the runner goes away in good order.
	Leave(info trial.RunnerInfo) error
	// Progress is for people watching; it may be lost.
	Progress(p trial.Progress) error
	// Answers is what the daemon sends to this run.
	Answers() <-chan trial.Outbound
}
