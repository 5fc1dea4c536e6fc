package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
)

// The write-ahead log, in pages of 4 KiB. It is moved into the database about every movePages; where a reader with an old view keeps
// that from being done, the transactions that find more than mostPages try.
const (
	movePages = 400
	mostPages = 4000

	reserved = 2 << 20 // bytes: movePages and some more
)

// reserveLog gives the log its usual size at once. Pages that are written in place are durable sooner than pages that make the file
// longer, which takes an entry in the file system's own journal: an ask is answered in half the time. SQLite stops reading a log at
// the first page whose checksum is wrong, which all those are that consist of zeros.
func reserveLog(ctx context.Context, conn *sql.Conn, path string) (err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil { // nobody else makes the log longer meanwhile
		return err
	}
	defer func() {
		_, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		err = errors.Join(err, end)
	}()
	f, err := os.OpenFile(path+"-wal", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil || info.Size() >= reserved {
		return err
	}
	_, err = f.WriteAt(make([]byte, reserved-info.Size()), info.Size())
	if err = errors.Join(err, f.Sync()); err != nil { // there is no room: it works without
		return f.Truncate(info.Size())
	}
	return nil
}

// mover moves the log into the database in the background.
type mover struct {
	pool  *sql.DB
	lead  chan struct{} // of the writer
	pages int           // in the log since it was moved, about
	wake  chan struct{}
	stop  chan struct{}
	ended chan struct{}
	moved func() // called when the log was moved; for tests
}

func newMover(path string, lead chan struct{}) *mover {
	m := &mover{pool: connect(path, writeMode), lead: lead, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		ended: make(chan struct{}), moved: func() {}}
	m.pool.SetMaxOpenConns(1)
	go m.loop()
	return m
}

// loop moves most of the log while others write, and the little that they add while they wait: only a log that was moved to its
// end is written from its beginning again.
func (m *mover) loop() {
	defer close(m.ended)
	for {
		select {
		case <-m.stop:
			return
		case <-m.wake:
		}
		m.move()
		m.lead <- struct{}{}
		m.move()
		<-m.lead
		m.moved()
	}
}

// move moves what no reader needs in the log. When it fails, nothing is lost, and it is tried again after the next few transactions.
func (m *mover) move() { _, _ = m.pool.ExecContext(background, "PRAGMA wal_checkpoint(PASSIVE)") }

// written counts a transaction that has committed.
func (m *mover) written(group []*job) {
	m.pages += 4
	for _, j := range group {
		m.pages += j.events / 16
	}
	if m.pages < movePages {
		return
	}
	m.pages = 0
	select {
	case m.wake <- struct{}{}:
	default: // it is at it, and will see the rest
	}
}

func (m *mover) close() error {
	close(m.stop)
	<-m.ended
	return m.pool.Close()
}
