package daemon

import (
	"context"

	"automl/trial"
)

// Store is the record. Every method may be called from several goroutines.
type Store interface {
	// CreateStudy adds a study; code Conflict when the name is taken.
	CreateStudy(ctx context.Context, s trial.Study) error
	// Studies lists all studies in the order they were created.
	Studies(ctx context.Context) ([]trial.Study, error)
	// Events reads a study's record from sequence number after+1 on.
	Events(ctx context.Context, study string, after int64) ([]trial.Event, error)
	// Append adds events, whose sequence numbers follow the record's last without a gap, in one transaction. They are durable
	// when it returns nil; when it returns an error, none of them is recorded.
	Append(ctx context.Context, study string, events []trial.Event) error
	// Owned fails with [trial.ErrTakenOver] when another daemon writes the record now.
	Owned(ctx context.Context) error
	// DeleteStudy removes a study and its record.
	DeleteStudy(ctx context.Context, study string) error
}

// Tracer follows the record, for people who watch. It decides nothing.
type Tracer interface {
	// Recorded takes events of a study, in order, once they are durable; old ones when the study is read from its record.
	Recorded(s trial.Study, events []trial.Event, old bool)
	// Parent is the span of an attempt, which its assignment carries to the runner.
	Parent(s trial.Study, k trial.Key) string
	// Forget drops a study that was deleted.
	Forget(study string)
}

// Dispatcher is the bus, seen from the daemon.
type Dispatcher interface {
	// Publish hands assignments to the work queue. Publishing one again is harmless: the lease decides.
	Publish(ctx context.Context, work ...trial.Assignment) error
	// Send answers a run. It is not durable: a runner asks again for what it misses.
	Send(run string, answers ...trial.Outbound) error
	// Inbox is what runners send, in the order it came. It is closed when the dispatcher is.
	Inbox() <-chan trial.Mail
}
