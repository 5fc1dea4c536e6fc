package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"automl/runner/finetune/blas"
	"automl/trial"
	"automl/trial/dispatch"
	"automl/trial/store"
	"automl/trial/view"
)

// check is one line of the doctor's report.
type check struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

func (a *app) doctorCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine and the data directory, and say what is wrong and what to do",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all := []check{a.machine(), a.gpuCheck(), a.blasCheck(), a.disk(), a.bus()}
			all = append(all, a.record(c.Context())...)
			rows := &table{head: []string{"", "check", "detail"}}
			bad := 0
			for _, q := range all {
				mark := "ok"
				if !q.OK {
					mark, bad = "BAD", bad+1
				}
				rows.add(mark, q.Check, q.Detail)
			}
			err := a.show(all, func() {
				rows.print(a.out)
				for _, q := range all {
					if q.Hint != "" {
						fmt.Fprintf(a.out, "\n%s: %s\n", q.Check, q.Hint)
					}
				}
			}, rows)
			if err == nil && bad > 0 {
				err = fmt.Errorf("%s found something wrong", view.Counted(bad, "check"))
			}
			return err
		},
	}
}

func (a *app) machine() check {
	return check{Check: "machine", OK: true, Detail: fmt.Sprintf("%s/%s, %d cores, automl %s, %s", runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), version(), runtime.Version())}
}

func (a *app) gpuCheck() check {
	m := findGPUs()
	defer m.close()
	q := check{Check: "gpus", OK: m.trouble == nil, Detail: m.text() + "; trainers use the processor"}
	if len(m.devices) > 0 {
		q.Detail = m.text() + ": for trainers of your own, the built-in trainer uses the processor"
	}
	if m.trouble != nil {
		q.Hint = "nvidia-smi may say more; trials get their GPUs all the same, but nothing is known or measured of them"
	}
	return q
}

// blasCheck measures the own matrix kernel, or the one that is chosen, and the libraries that this machine has.
func (a *app) blasCheck() check {
	q := check{Check: "matrix products"}
	chosen := os.Getenv("AUTOML_BLAS")
	if err := blas.Choose(chosen); err != nil {
		q.Detail, q.Hint = "AUTOML_BLAS="+chosen, err.Error()
		return q
	}
	own := blas.Measure(nil)
	q.OK, q.Detail = true, fmt.Sprintf("own %s kernel, %.0f GFLOP/s on one core", blas.Kernel(), own)
	for _, name := range blas.Names() {
		l, err := blas.Open(name)
		if err != nil {
			continue // not installed, as a rule
		}
		rate := blas.Measure(l.Gemm)
		q.Detail += fmt.Sprintf("; %s: %s, %.0f GFLOP/s", name, l, rate)
		if rate > 1.2*own && chosen == "" {
			q.Hint = fmt.Sprintf("%s is %.1f times as fast as the own kernel here: AUTOML_BLAS=%s in the environment of the runner uses it", name, rate/own, name)
		}
	}
	if chosen != "" {
		q.Detail += "; AUTOML_BLAS=" + chosen + " is used"
	}
	return q
}

// disk measures what a durable write costs in the data directory.
func (a *app) disk() check {
	q := check{Check: "data directory"}
	dir := a.dataDir
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Dir(filepath.Clean(dir)) // not made yet: its parent is on the same disk
	}
	f, err := os.CreateTemp(dir, ".automl-doctor-*")
	if err != nil {
		q.Detail, q.Hint = err.Error(), "make the folder writable, or name another with --data-dir"
		return q
	}
	defer os.Remove(f.Name())
	defer f.Close()
	const writes = 20
	start := time.Now()
	for range writes {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			q.Detail, q.Hint = err.Error(), "free some space"
			return q
		}
		if err := f.Sync(); err != nil {
			q.Detail, q.Hint = err.Error(), "check the disk"
			return q
		}
	}
	q.OK, q.Detail = true, fmt.Sprintf("%s, a durable write takes %.2f ms", a.dataDir, time.Since(start).Seconds()*1000/writes)
	return q
}

// bus starts the embedded NATS server in a folder of its own.
func (a *app) bus() check {
	q := check{Check: "message bus"}
	dir, err := os.MkdirTemp("", "automl-doctor-")
	if err != nil {
		q.Detail, q.Hint = err.Error(), "make the folder for temporary files writable"
		return q
	}
	defer os.RemoveAll(dir)
	start := time.Now()
	s, err := dispatch.Serve(dispatch.ServeOptions{Dir: dir, Log: zerolog.Nop()})
	if err != nil {
		q.Detail, q.Hint = err.Error(), "the embedded server needs a free port on 127.0.0.1"
		return q
	}
	defer s.Shutdown()
	q.OK, q.Detail = true, fmt.Sprintf("embedded NATS server up in %d ms", time.Since(start).Milliseconds())
	return q
}

// record checks the database, if there is one.
func (a *app) record(ctx context.Context) []check {
	if _, err := os.Stat(filepath.Join(a.dataDir, "automl.db")); errors.Is(err, os.ErrNotExist) {
		return []check{{Check: "record", OK: true, Detail: "none yet"}}
	}
	db, err := store.OpenReadOnly(ctx, a.dataDir)
	if err != nil {
		return []check{{Check: "record", Detail: err.Error(), Hint: trial.HintOf(err)}}
	}
	defer db.Close()
	damage := check{Check: "record", OK: true, Detail: "the database is sound"}
	const mend = "put your newest backup in its place, or save what can be read: automl salvage NEW-DIR"
	switch faults, err := db.Check(ctx); {
	case err != nil:
		damage = check{Check: "record", Detail: err.Error(), Hint: mend}
	case len(faults) > 0:
		damage = check{Check: "record", Detail: faults[0], Hint: mend}
	}
	agree := check{Check: "summaries", OK: true, Detail: "what notebooks read agrees with the record"}
	wrong, err := db.Verify(ctx)
	switch {
	case err != nil:
		agree = check{Check: "summaries", Detail: err.Error()}
	case len(wrong) > 0:
		agree = check{Check: "summaries", Detail: fmt.Sprintf("%d differences, the first: %s", len(wrong), wrong[0])}
	}
	return []check{damage, agree, unreadable(ctx, db), a.running()}
}

// unreadable tells of messages in quarantine: somebody runs another version, or plays foul.
func unreadable(ctx context.Context, db *store.DB) check {
	const most = 1000
	found, err := db.Quarantined(ctx, most)
	switch {
	case err != nil:
		return check{Check: "quarantine", Detail: err.Error()}
	case len(found) == 0:
		return check{Check: "quarantine", OK: true, Detail: "every message could be read"}
	}
	q := found[0]
	return check{Check: "quarantine", OK: true,
		Detail: fmt.Sprintf("%d messages that nobody can read, the last at %s on %s: %s", len(found), q.Time.Format(time.DateTime), q.Subject, q.Reason),
		Hint:   "the view quarantine_v of the database shows them; a runner of another version may have sent them"}
}

func (a *app) running() check {
	info, err := readDaemonFile(a.dataDir)
	if err != nil {
		return check{Check: "daemon", OK: true, Detail: "none runs on this data directory"}
	}
	return check{Check: "daemon", OK: true, Detail: fmt.Sprintf("pid %d at %s", info.PID, info.URL)}
}
