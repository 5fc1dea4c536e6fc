package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"

	"automl/trial"
)

// groupLimit is how many events one transaction takes: enough that the price of a commit does not show, few enough that
// nobody waits long.
const groupLimit = 1000

// writer owns the one connection that writes. Jobs queue up; one of the callers, the leader, takes what is there as one
// transaction. A caller that is alone is its own leader: nothing has to be handed from goroutine to goroutine.
type writer struct {
	dir   string
	pool  *sql.DB
	conn  *sql.Conn
	epoch int64
	sql   statements
	mover *mover

	// Only the leader touches these.
	records map[string]*record // of the studies that were appended to, by id
	touched []*record          // by the transaction in progress
	args    []driver.NamedValue
	known   []bool // of the rows being appended: the record has the point already
	plain   []any  // rows of reports that wait to be written, see insertPlain
	row     []any

	gate   sync.RWMutex // held to queue, so that close finds nobody queueing
	closed bool
	jobs   chan *job
	lead   chan struct{} // has room for one: the leader
}

// job is one request to write.
type job struct {
	ctx    context.Context
	events int
	run    func(*writer) error
	taken  atomic.Bool // by the leader, who will answer, or by the caller, who gave up
	done   chan error  // has room for the answer
}

// refusal is the error of a job that changed nothing, neither in the database nor in memory: the transaction goes on.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// background is the context of everything a leader does: a transaction belongs to many callers, none may cancel it.
var background = context.Background()

func newWriter(ctx context.Context, pool *sql.DB, conn *sql.Conn, dir string) (*writer, error) {
	w := &writer{dir: dir, pool: pool, conn: conn, records: map[string]*record{},
		jobs: make(chan *job, groupLimit), lead: make(chan struct{}, 1)}
	err := conn.QueryRowContext(ctx, "UPDATE meta SET epoch = epoch + 1 RETURNING epoch").Scan(&w.epoch)
	if err != nil {
		return nil, err
	}
	// A statement of many rows keeps what it changes until it has ended, in a file once that is more than 64 KiB.
	if _, err := conn.ExecContext(ctx, "PRAGMA temp_store = MEMORY"); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fileName)
	if err := reserveLog(ctx, conn, path); err != nil {
		return nil, err
	}
	if err := w.sql.prepare(ctx, conn); err != nil {
		return nil, err
	}
	w.mover = newMover(path, w.lead)
	return w, nil
}

// do queues a job and waits for its answer. A job whose caller gives up while it still waits in the queue is not run.
func (w *writer) do(ctx context.Context, events int, run func(*writer) error) error {
	j := &job{ctx: ctx, events: events, run: run, done: make(chan error, 1)}
	if err := w.queue(j); err != nil {
		return err
	}
	for {
		select {
		case err := <-j.done:
			return err
		case w.lead <- struct{}{}:
			w.serve(w.gather())
			<-w.lead
		case <-ctx.Done():
			if j.taken.CompareAndSwap(false, true) {
				return ctx.Err()
			}
			return <-j.done
		}
	}
}

func (w *writer) queue(j *job) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.closed {
		return trial.Errorf(trial.Unavailable, "the database is closed")
	}
	for {
		select {
		case w.jobs <- j:
			return nil
		default:
		}
		select {
		case w.jobs <- j:
			return nil
		case w.lead <- struct{}{}: // all who wait in the queue may have given up
			w.serve(w.gather())
			<-w.lead
		case <-j.ctx.Done():
			return j.ctx.Err()
		}
	}
}

// close runs what is queued and closes the connection.
func (w *writer) close() error {
	w.gate.Lock()
	again := w.closed
	w.closed = true
	w.gate.Unlock()
	var err error
	if !again {
		err = w.mover.close()
	}
	w.lead <- struct{}{} // until the one before has answered
	defer func() { <-w.lead }()
	if again {
		return nil
	}
	for group := w.gather(); len(group) > 0; group = w.gather() {
		w.serve(group)
	}
	return errors.Join(err, w.sql.close(), w.conn.Close(), w.pool.Close())
}

// gather takes what is queued, without waiting.
func (w *writer) gather() []*job {
	var group []*job
	for events := 0; events < groupLimit; {
		select {
		case j := <-w.jobs:
			if j.taken.CompareAndSwap(false, true) {
				group = append(group, j)
				events += j.events
			}
		default:
			return group
		}
	}
	return group
}

// serve runs a group as one transaction. When one of several jobs spoils it, each gets a transaction of its own, so that only
// the bad one fails.
func (w *writer) serve(group []*job) {
	if len(group) == 0 { // another leader has served it
		return
	}
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
	w.mover.written(group)
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
	return w.own(epoch)
}

// own fails when the epoch on record is that of another daemon.
func (w *writer) own(epoch int64) error {
	if epoch == w.epoch {
		return nil
	}
	return &trial.Error{Code: trial.Conflict, Msg: "write the record", Err: trial.ErrTakenOver,
		Hint: "this daemon must end: two of them share the data directory " + w.dir}
}

// rollback undoes the transaction, and forgets the states that are ahead of the record now.
func (w *writer) rollback() {
	// It fails when SQLite has rolled back by itself, or never began: either is what is wanted.
	_, _ = w.conn.ExecContext(background, "ROLLBACK")
	for _, r := range w.touched {
		delete(w.records, r.study.ID)
	}
	w.touched, w.plain = w.touched[:0], w.plain[:0]
}
