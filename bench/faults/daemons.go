package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// secondDaemon starts another daemon on the same directory: it is refused, and the first goes on.
func secondDaemon(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=40"})
	w.runner("box", "", 2)
	for range 3 {
		w.after(w.reports() + 3)
		p := w.launch("second", nil, "daemon", "--data-dir", w.data)
		w.until("the refusal of a second daemon", func() bool { return !p.alive() })
		if code := p.cmd.ProcessState.ExitCode(); code != 4 || !strings.Contains(p.says(), "another daemon has it open") {
			w.wrong("the second daemon ended with %d: %s", code, p.tail())
		}
	}
	w.end()
}

// staleDaemon freezes a daemon, takes the lock from it as a file system without locks would, and starts another. The first one ends when
// it goes on, and has written nothing.
func staleDaemon(w *world) {
	old := w.daemon()
	w.submit(sweep{trainer: "pace=60", trials: 9})
	first := w.runner("box", "", 2)
	w.after(4)
	w.freeze(old)
	w.must(os.Remove(filepath.Join(w.data, "lock")))
	w.daemon()
	epoch := w.count("SELECT epoch FROM meta")
	w.runner("tower", "", 2)
	w.after(w.reports() + 2)
	old.signal(syscall.SIGCONT)
	select {
	case <-old.ended:
	case <-time.After(time.Minute): // it looks every second
		w.must(w.ctx.Err())
	}
	if old.alive() {
		w.wrong("two daemons are at work")
		old.kill()
	} else if !strings.Contains(old.says(), "another daemon took over") {
		w.wrong("the daemon that was taken for dead does not say why it ended: %s", old.tail())
	}
	first.kill()
	w.end()
	if now := w.count("SELECT epoch FROM meta"); now != epoch {
		w.wrong("the epoch went from %d to %d", epoch, now)
	}
}

// freeze stops a daemon, but not in the middle of a transaction: nobody else could write then, and no other daemon would start.
func (w *world) freeze(d *proc) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.data, "automl.db")+"?_txlock=immediate&_busy_timeout=200")
	w.must(err)
	defer db.Close()
	w.until("a moment without a transaction", func() bool {
		d.signal(syscall.SIGSTOP)
		tx, err := db.Begin()
		if err != nil {
			d.signal(syscall.SIGCONT)
			return false
		}
		return tx.Rollback() == nil
	})
}

// migration kills the daemon at every point of the way from the first schema to the latest at which something becomes durable.
func migration(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=5", trials: 4})
	w.runner("box", "", 2)
	w.end()
	want := w.digest()
	old := filepath.Join(w.root, "old.db")
	w.must(w.asVersion1(old))
	latest := w.count("PRAGMA user_version")
	for n := 1; ; n++ {
		if n > 200 {
			w.fail("the daemon never comes up")
		}
		w.putBack(old)
		d := w.daemon(w.syncs(fmt.Sprintf("before:%d", n))...)
		survived := d.alive()
		d.kill()
		if version := w.version(); version < 1 || version > latest {
			w.wrong("killed at sync %d, the database has version %d", n, version)
		}
		w.daemon().stop()
		if version := w.count("PRAGMA user_version"); version != latest {
			w.wrong("killed at sync %d, the next start leads to version %d of %d", n, version, latest)
		}
		if got := w.digest(); !slices.Equal(got, want) {
			w.wrong("killed at sync %d, the record is another after the migration", n)
		}
		if _, err := os.Stat(filepath.Join(w.data, "backup-v1.db")); err != nil {
			w.wrong("there is no backup: %v", err)
		}
		if survived {
			break
		}
	}
	w.sql("PRAGMA user_version = 99")
	p := w.launch("newer", nil, "daemon", "--data-dir", w.data)
	w.until("the refusal of a newer schema", func() bool { return !p.alive() })
	if !strings.Contains(p.says(), "version 99") || p.cmd.ProcessState.ExitCode() == 0 {
		w.wrong("a newer schema is not refused: %s", p.tail())
	}
	w.sql(fmt.Sprintf("PRAGMA user_version = %d", latest))
}

// version is that of a database that was left in whatever state: reading it may roll a transaction back.
func (w *world) version() (n int) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.data, "automl.db"))
	w.must(err)
	defer db.Close()
	w.must(db.QueryRow("PRAGMA user_version").Scan(&n))
	return n
}

// sql changes the database of a daemon that is down.
func (w *world) sql(statement string) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.data, "automl.db"))
	w.must(err)
	defer db.Close()
	_, err = db.Exec(statement)
	w.must(err)
}

// putBack replaces the database.
func (w *world) putBack(path string) {
	data, err := os.ReadFile(path)
	w.must(err)
	for _, old := range []string{"automl.db-wal", "automl.db-shm", "backup-v1.db"} {
		_ = os.Remove(filepath.Join(w.data, old)) // most are not there
	}
	w.must(os.WriteFile(filepath.Join(w.data, "automl.db"), data, 0o600))
}

// asVersion1 writes a database of the first schema with the record of this one.
func (w *world) asVersion1(path string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(root, "trial", "store", "migrations", "0001.sql"))
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, string(script)); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA user_version = 1; PRAGMA application_id = 1635087471; ATTACH '"+filepath.Join(w.data, "automl.db")+"' AS new"); err != nil {
		return err
	}
	for _, table := range []string{"studies", "reports", "decisions", "trials"} {
		var columns string
		if err := conn.QueryRowContext(ctx, "SELECT group_concat(name) FROM pragma_table_info(?, 'main')", table).Scan(&columns); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO main.%s (%s) SELECT %s FROM new.%s", table, columns, columns, table)); err != nil {
			return err
		}
	}
	return nil
}
