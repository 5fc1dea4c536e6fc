package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	"automl/trial"
)

// groupLimit is how many events one transaction takes: enough that the price of a commit does not show, few enough that
// nobody waits long.
const groupLimit = 1000

// writer owns the one connection that writes. Jobs queue up; its goroutine takes what is there as one transaction.
type writer struct {
	dir   string
	pool  *sql.DB
	conn  *sql.Conn
	epoch int64
	sql   statements

	// Only the goroutine touches these.
	records map[string]*record // of the studies that were appended to, by id
	touched []*record          // by the transaction in progress

	gate     sync.RWMutex // held to queue, so that close finds nobody queueing
	closed   bool
	jobs     chan *job
	finished chan struct{}
}

// job is one request to write.
type job struct {
	ctx    context.Context
	events int
	run    func(*writer) error
	taken  atomic.Bool // by the goroutine, which will answer, or by the caller, who gave up
	done   chan error  // has room for the answer
}

// refusal is the error of a job that changed nothing, neither in the database nor in memory: the transaction goes on.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// background is the context of everything the goroutine does: a transaction belongs to many callers, none may cancel it.
var background = context.Background()

func newWriter(ctx context.Context, pool *sql.DB, conn *sql.Conn, dir string) (*writer, error) {
	w := &writer{dir: dir, pool: pool, conn: conn, records: map[string]*record{},
		jobs: make(chan *job, groupLimit), finished: make(chan struct{})}
	err := conn.QueryRowContext(ctx, "UPDATE meta SET epoch = epoch + 1 RETURNING epoch").Scan(&w.epoch)
	if err != nil {
		return nil, err
	}
	return w, w.sql.prepare(ctx, conn)
}

// do queues a job and waits for its answer. A job whose caller gives up while it still waits in the queue is not run.
func (w *writer) do(ctx context.Context, events int, run func(*writer) error) error {
	j := &job{ctx: ctx, events: events, run: run, done: make(chan error, 1)}
	if err := w.queue(j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
	}
	if j.taken.CompareAndSwap(false, true) {
		return ctx.Err()
	}
	return <-j.done
}

func (w *writer) queue(j *job) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.closed {
		return trial.Errorf(trial.Unavailable, "the database is closed")
	}
	select {
	case w.jobs <- j:
		return nil
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

// close runs what is queued and closes the connection.
func (w *writer) close() error {
	w.gate.Lock()
	again := w.closed
	if !again {
		w.closed = true
		close(w.jobs)
	}
	w.gate.Unlock()
	<-w.finished
	if again {
		return nil
	}
	return errors.Join(w.sql.close(), w.conn.Close(), w.pool.Close())
}

// loop is the goroutine.
func (w *writer) loop() {
	defer close(w.finished)
	for first := range w.jobs {
		w.serve(w.gather(first))
	}
}

// gather takes what is queued behind the first job, without waiting.
func (w *writer) gather(first *job) []*job {
	var group []*job
	events := 0
	for j := first; ; {
		if j.taken.CompareAndSwap(false, true) {
			group = append(group, j)
			events += j.events
		}
		if events >= groupLimit {
			return group
		}
		select {
		case next, open := <-w.jobs:
			if !open {
				return group
			}
			j = next
		default:
			return group
		}
	}
}

// serve runs a group as one transaction. When one of several jobs spoils it, each gets a transaction of its own, so that only
// the bad one fails.
func (w *writer) serve(group []*job) {
	answers, err := w.transact(group)
	if err != nil && len(group) > 1 && ownFault(err) {
		for _, j := range group {
			w.serve([]*job{j})
		}
		return
	}
	for i, j := range group {
		if err != nil {
			j.done <- err
		} else {
			j.done <- answers[i]
		}
	}
}

// ownFault reports whether an error comes from what was asked for, rather than from the disk or another program.
func ownFault(err error) bool {
	code := trial.CodeOf(err)
	return code == trial.Invalid || code == trial.Conflict || code == trial.NotFound
}

// transact runs the jobs and commits. It returns what to answer to each, or the error for which nothing was written.
func (w *writer) transact(group []*job) (answers []error, err error) {
	defer func() {
		if err != nil {
			w.rollback()
			err = explain(err, w.dir, "write to the database")
		}
	}()
	if err := w.begin(); err != nil {
		return nil, err
	}
	answers = make([]error, len(group))
	for i, j := range group {
		err := j.run(w)
		var no refusal
		if errors.As(err, &no) {
			answers[i] = explain(no.error, w.dir, "write to the database")
		} else if err != nil {
			return nil, err
		}
	}
	if err := w.summarize(); err != nil {
		return nil, err
	}
	if _, err := w.sql.commit.ExecContext(background); err != nil {
		return nil, err
	}
	w.settle()
	return answers, nil
}

// begin starts a transaction, unless another daemon has taken over.
func (w *writer) begin() error {
	if _, err := w.sql.begin.ExecContext(background); err != nil {
		return err
	}
	var epoch int64
	if err := w.sql.epoch.QueryRowContext(background).Scan(&epoch); err != nil {
		return err
	}
	if epoch != w.epoch {
		return trial.Errorf(trial.Conflict, "another daemon took over").
			WithHint("this one must end: two daemons share the data directory %s", w.dir)
	}
	return nil
}

// rollback undoes the transaction, and forgets the states that are ahead of the record now.
func (w *writer) rollback() {
	// It fails when SQLite has rolled back by itself, or never began: either is what is wanted.
	_, _ = w.conn.ExecContext(background, "ROLLBACK")
	for _, r := range w.touched {
		delete(w.records, r.study.ID)
	}
	w.touched = w.touched[:0]
}
