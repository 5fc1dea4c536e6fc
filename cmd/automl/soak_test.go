package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"automl/runner/finetune/finetunetest"
	"automl/trial"
	"automl/trial/store"
)

// soakStudies are the budgets of the studies that TestSoak runs one after the other: 300 trials in all.
var soakStudies = []int{20, 80, 100, 100}

const soakSweep = `name: NAME
objective: {metric: val_accuracy, goal: maximize}
parameters:
  lr: {type: float, low: 1e-4, high: 3e-2, log: true}
  freeze: {type: freeze}
folds: {k: 2, split: stratified}
epochs: {max: 3, grace: 1}
sampler: random
scheduler: {type: hyperband, eta: 3}
budget: {trials: TRIALS}
trainer:
  type: builtin
  task: text-classification
  model: MODEL
  data: {train: DATA, text: text, label: colour}
seed: 1
`

// holding is what the process that the runner is in holds.
type holding struct {
	trials, goroutines, files int
	heap, memory              int // KiB in use after a collection, and resident
}

// TestSoak has one runner, in this process, do 300 trials of the built-in trainer in child processes of their own, for a daemon on
// a real bus. Whenever a study is over the runner is idle, and must then hold what it held before: goroutines, file descriptors,
// memory, and on disk nothing of trials that have ended but their logs and models.
func TestSoak(t *testing.T) {
	if os.Getenv("AUTOML_SOAK") == "" {
		t.Skip("runs for minutes: ./check soak runs it")
	}
	s := newSite(t, "", "")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s.start(s.dir, "daemon")
	until(t, "the daemon", func() bool { _, err := readDaemonFile(s.dir); return err == nil })
	box := filepath.Join(filepath.Dir(s.dir), "box")
	stop := soakRunner(t, s.dir, box)
	model, rows := finetunetest.BERT(t), colours(t)

	held := []holding{}
	trials := 0
	for i, n := range soakStudies {
		name := fmt.Sprintf("soak%d", i)
		text := strings.NewReplacer("NAME", name, "TRIALS", fmt.Sprint(n), "MODEL", model, "DATA", rows).Replace(soakSweep)
		if err := os.WriteFile(s.sweep, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.ok("submit", s.sweep)
		st := s.over(name)
		if st.Status != trial.StudyDone || len(st.Trials) != n || st.Best() == nil {
			t.Fatalf("study %s is %s (%s) with %d trials", name, st.Status, st.Reason, len(st.Trials))
		}
		for _, tr := range st.Trials {
			if tr.Status == trial.Fail || tr.Failures > 0 {
				t.Errorf("trial %d of %s: %s, %d failures: %s", tr.Number, name, tr.Status, tr.Failures, tr.Reason)
			}
		}
		trials += n
		held = append(held, holds(t, trials, box))
		t.Logf("%+v", held[i])
	}
	for _, h := range held[1:] {
		if first := held[0]; h.goroutines > first.goroutines || h.files > first.files {
			t.Errorf("after %d trials %d goroutines and %d open files, after %d %d and %d", h.trials, h.goroutines, h.files, first.trials, first.goroutines, first.files)
		}
	}
	// What is resident, of a process with a heap of a few MiB, settles slowly; a leak of a trial's log, report or pipe would be larger.
	a, b := held[1], held[len(held)-1]
	if trials := b.trials - a.trials; b.heap-a.heap > trials/2 || b.memory-a.memory > 16*trials {
		t.Errorf("between trial %d and %d the heap grew from %d to %d KiB, what is resident from %d to %d", a.trials, b.trials, a.heap, b.heap, a.memory, b.memory)
	}
	stop()
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left in the folder of temporary files: %v", left)
	}
}

// soakRunner runs automl runner in this process; stop ends it as a signal would.
func soakRunner(t *testing.T, daemonDir, dir string) (stop func()) {
	t.Helper()
	info, err := readDaemonFile(daemonDir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int)
	go func() {
		a := &app{out: io.Discard, err: os.Stderr}
		code <- a.run(ctx, []string{"runner", "--name", "box", "--slots", "2", "--data-dir", dir, "--log-level", "warn",
			"--nats", info.NATS, "--nats-auth", filepath.Join(daemonDir, "nats-auth.json")})
	}()
	return func() {
		cancel()
		if got := <-code; got != 0 {
			t.Errorf("the runner ended with exit code %d", got)
		}
	}
}

// colours writes the rows of the small text task.
func colours(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	texts, names := finetunetest.Sentences(48)
	w := csv.NewWriter(f)
	rows := [][]string{{"text", "colour"}}
	for i := range texts {
		rows = append(rows, []string{texts[i], names[i]})
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// over waits for the end of a study.
func (s *site) over(name string) *trial.State {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		db, err := store.OpenReadOnly(s.t.Context(), s.dir)
		if err != nil {
			s.t.Fatal(err)
		}
		st, err := db.Load(s.t.Context(), name)
		db.Close()
		if err == nil && st.Status.Over() {
			return st
		}
	}
	s.t.Fatalf("study %s did not end in ten minutes", name)
	return nil
}

// holds measures once the runner is idle, which it is when the spool is empty and the number of goroutines stands still.
func holds(t *testing.T, trials int, box string) holding {
	t.Helper()
	last, same := 0, 0
	until(t, "an idle runner", func() bool {
		if n := runtime.NumGoroutine(); n == last {
			same++
		} else {
			last, same = n, 0
		}
		return same > 50 && spooled(t, box) == "" && empty(box, "scratch")
	})
	if !empty(box, "checkpoints") {
		t.Errorf("checkpoints are left behind after %d trials", trials)
	}
	debug.FreeOSMemory()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return holding{trials: trials, goroutines: last, files: len(open), heap: int(m.HeapAlloc >> 10), memory: resident(t)}
}

// empty reports whether a folder of the work directory has nothing in it.
func empty(box, folder string) bool {
	entries, _ := os.ReadDir(filepath.Join(box, folder))
	return len(entries) == 0
}

// spooled is what the spool of a runner holds.
func spooled(t *testing.T, box string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(box, "spool", "spool.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(data), "\x00") // room for more
}

// resident is the memory of this process in KiB.
func resident(t *testing.T) (kib int) {
	t.Helper()
	return residentOf(t, "self")
}

// residentOf is that of the process with an id.
func residentOf(t *testing.T, pid string) (kib int) {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
