package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a disk of its own; a fault that needs one is skipped where that is not allowed.
func (w *world) smallDisk(dir, size string) {
	if err := w.trySmallDisk(dir, size); err != nil {
		w.skip("mounting a small disk needs the right to: %v", err)
	}
}

func (w *world) trySmallDisk(dir, size string) error {
	w.must(os.MkdirAll(dir, 0o700))
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		return err
	}
	w.closers = append(w.closers, func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return nil
}

// fill leaves no room on the disk of a directory until the ballast is removed.
func (w *world) fill(dir string) (remove func()) {
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	w.must(err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		w.fail("fill the disk: %v", err)
	}
	return func() { w.must(os.Remove(path)) }
}

// diskFull fills the disk of the data directory under a program that asks and tells, until the daemon refuses it, and some more.
func diskFull(w *world) {
	w.smallDisk(w.data, "24m")
	d := w.daemon()
	o := w.outsider(400)
	for range 20 {
		o.step()
	}
	remove := w.fill(w.data)
	for refused := false; !refused; refused = !o.step() {
		if o.over {
			w.fail("the full disk was not felt")
		}
	}
	time.Sleep(time.Second)
	if w.reports() == 0 {
		w.wrong("the record cannot be read while the disk is full")
	}
	remove()
	for !o.over {
		w.must(w.ctx.Err())
		if !o.step() {
			time.Sleep(50 * time.Millisecond)
		}
	}
	w.end()
	if !strings.Contains(d.says(), "could not be written") {
		w.wrong("the daemon does not say that it could not write")
	}
}

// busFull fills the disk that JetStream has of its own.
func busFull(w *world) {
	w.smallDisk(filepath.Join(w.data, "nats"), "1m")
	w.daemon()
	w.submit(sweep{trainer: "pace=20", trials: 8})
	w.runner("box", "", 2)
	w.after(2)
	remove := w.fill(filepath.Join(w.data, "nats"))
	time.Sleep(3 * time.Second)
	remove()
	w.end()
}

// syncFails has SQLite be told that what it wrote is not durable, several times in a row: for so long that the trainers do not wait for
// their answers any more. What they report is taken in their order all the same.
func syncFails(w *world) {
	d := w.daemon(w.syncs(fmt.Sprintf("eio:%d:%d", 25+w.rand.IntN(20), 10+w.rand.IntN(3)))...)
	w.submit(sweep{trainer: "pace=20", trials: 8})
	w.runner("box", "", 2)
	w.end()
	if !strings.Contains(d.says(), "could not be written") {
		w.wrong("the failing disk was not felt")
	}
	w.inTurn()
}

// inTurn looks for epochs that are on record before the ones ahead of them.
func (w *world) inTurn() {
	for _, early := range w.texts(`SELECT printf('trial %d fold %d: epoch %d is on record before epoch %d', b.trial, b.fold, b.epoch, a.epoch), 0
		FROM reports a JOIN reports b ON b.study = a.study AND b.trial = a.trial AND b.fold = a.fold AND b.epoch = a.epoch + 1
		WHERE a.repeated = 0 AND b.repeated = 0 AND b.seq < a.seq`) {
		w.wrong("%s", early)
	}
}

// longReader holds a view of the database under load, as a notebook that nobody looks after.
func longReader(seconds int) func(*world) {
	return func(w *world) {
		w.daemon()
		load := sweep{trainer: "pace=20", trials: 16, folds: 3}
		w.submit(load)
		w.runner("box", "", 2)
		w.after(2)
		file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(w.data, "automl.db"), RawQuery: "mode=ro"}
		db, err := sql.Open("sqlite3", file.String())
		w.must(err)
		defer db.Close()
		tx, err := db.Begin()
		w.must(err)
		rows := func() (n int) {
			w.must(tx.QueryRow("SELECT count(*) FROM curves_v").Scan(&n))
			return n
		}
		before := rows()
		studies := 1
		for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); {
			w.must(w.ctx.Err())
			if w.over() {
				load.name = fmt.Sprintf("faults%d", studies)
				w.submit(load)
				studies++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if after := rows(); after != before {
			w.wrong("the reader saw %d rows, then %d", before, after)
		}
		if now := w.reports(); now <= before {
			w.wrong("a reader kept the study from going on: %d reports, then %d", before, now)
		}
		w.note("%d reports of %d studies came in while it read", w.reports()-before, studies)
		w.must(tx.Rollback())
		w.end()
	}
}
