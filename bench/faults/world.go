package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"automl/bench/faults/record"
	"automl/trial/dispatch"
)

// world is a data directory, the processes on it, and what watches them.
type world struct {
	ctx     context.Context
	program string // the built one
	root    string // of this run: logs, data, work directories
	data    string
	bus     []string // flags of a daemon whose bus is not its own
	scale   float64  // of the waiting times
	rand    *rand.Rand
	patient time.Duration // how long anything may take

	mu       sync.Mutex // guards logs and procs
	logs     int
	procs    []*proc
	keepers  []*keeper
	closers  []func()
	witness  *witness
	receipts []record.Receipt // of what was told over HTTP
	seed     uint64
	problems []string
	notes    []string
	mayFail  map[int]bool // trials whose failure is right
	lenient  bool         // the failure of any trial is
	env      []string     // of every process, besides our own
}

// failure ends the script of a fault: something did not go as it must.
type failure struct{ error }

func (w *world) must(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func (w *world) fail(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// wrong notes something that must not be, and goes on.
func (w *world) wrong(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// until polls a condition.
func (w *world) until(what string, ok func() bool) {
	for deadline := time.Now().Add(w.patient); !ok(); {
		if time.Now().After(deadline) {
			w.fail("waited %v for %s", w.patient, what)
		}
		w.must(w.ctx.Err())
		time.Sleep(20 * time.Millisecond)
	}
}

// sleep waits for so long as the rules, bent by the scale, mean by d.
func (w *world) sleep(d time.Duration) { time.Sleep(w.bent(d)) }

func (w *world) bent(d time.Duration) time.Duration { return time.Duration(float64(d) * w.scale) }

// lab is the flag that bends the waiting times of a process.
func (w *world) lab(more ...string) []string {
	return []string{"--lab", strings.Join(append([]string{fmt.Sprintf("scale=%g", w.scale)}, more...), ",")}
}

// sweep is the study of a fault.
type sweep struct {
	name      string // default faults
	trainer   string // how it behaves, see trainer.go
	trials    int    // default 6
	workers   int    // default 2
	folds     int    // default 2
	epochs    int    // default 4
	scheduler string
	more      string
}

func (w *world) write(s sweep) string {
	self, err := os.Executable()
	w.must(err)
	or := func(n, standard int) int {
		if n == 0 {
			return standard
		}
		return n
	}
	if s.scheduler == "" {
		s.scheduler = "{type: hyperband, eta: 3}"
	}
	if s.name == "" {
		s.name = "faults"
	}
	text := fmt.Sprintf(`name: %s
objective: {metric: acc, goal: maximize}
parameters:
  lr: {type: float, low: 1e-5, high: 1, log: true}
  opt: {type: categorical, choices: [adamw, sgd]}
sampler: random
scheduler: %s
folds: {k: %d, race: false}
epochs: {max: %d, grace: 1}
budget: {trials: %d}
workers: %d
trainer: {type: command, command: [%q, trainer], env: {FAULT_TRAINER: %q, FAULT_LOG: %q}}
seed: %d
%s`, s.name, s.scheduler, or(s.folds, 2), or(s.epochs, 4), or(s.trials, 6), or(s.workers, 2), self, s.trainer, w.trained(), 1+w.rand.IntN(1000), s.more)
	path := filepath.Join(w.root, "sweep.yaml")
	w.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// trained is the file in which trainers note the epochs they train.
func (w *world) trained() string { return filepath.Join(w.root, "trained") }

// info is what a daemon says of itself.
type info struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	NATS  string `json:"nats"`
	PID   int    `json:"pid"`
}

func (w *world) info() (i info, ok bool) {
	data, err := os.ReadFile(filepath.Join(w.data, "daemon.json"))
	return i, err == nil && json.Unmarshal(data, &i) == nil
}

// daemon starts a daemon and waits until it is ready or, where a fault is planned for it, has ended. One that gives up because this
// machine has no time for it is started again, as an init system would.
func (w *world) daemon(env ...string) *proc {
	for tries := 1; ; tries++ {
		p := w.startDaemon(env)
		w.until("the daemon", func() bool { i, ok := w.info(); return ok && i.PID == p.cmd.Process.Pid || !p.alive() })
		switch {
		case p.alive() || len(env) > 0:
			return p
		case tries == 3:
			w.fail("the daemon does not start: %s", p.tail())
		}
		w.note("a start of the daemon came to nothing: %s", p.lastLine())
	}
}

func (w *world) startDaemon(env []string, lab ...string) *proc {
	if err := os.Remove(filepath.Join(w.data, "daemon.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.must(err)
	}
	return w.launch("daemon", env, slices.Concat([]string{"daemon", "--data-dir", w.data, "--log-level", "debug"}, w.bus, w.lab(lab...))...)
}

// submit gives the daemon a study, and has the bus watched from here on.
func (w *world) submit(s sweep) {
	if p := w.trySubmit(s); p.cmd.ProcessState.ExitCode() != 0 {
		w.fail("submit: %s", p.tail())
	}
	w.watch()
}

// trySubmit is a submission that may be refused.
func (w *world) trySubmit(s sweep) *proc {
	p := w.launch("submit", nil, "submit", w.write(s), "--data-dir", w.data)
	<-p.ended
	return p
}

// watch begins to take down what passes over the bus.
func (w *world) watch() {
	i, ok := w.info()
	if !ok || w.witness != nil {
		return
	}
	credentials, err := dispatch.LoadCredentials(filepath.Join(w.data, dispatch.AuthFile), dispatch.RoleDaemon)
	w.must(err)
	w.witness, err = newWitness(i.NATS, credentials)
	w.must(err)
	w.closers = append(w.closers, w.witness.close)
}

// runner starts a runner; url is the bus, by default the daemon's own.
func (w *world) runner(name, url string, slots int, lab ...string) *proc {
	if url == "" {
		i, ok := w.info()
		if !ok {
			w.fail("there is no daemon to join")
		}
		url = i.NATS
	}
	return w.launch(name, nil, append([]string{"runner", "--name", name, "--slots", fmt.Sprint(slots), "--nats", url, "--nats-auth",
		filepath.Join(w.data, dispatch.AuthFile), "--data-dir", filepath.Join(w.root, "box-"+name), "--log-level", "debug"}, w.lab(lab...)...)...)
}

// open opens the database to read, as a notebook would.
func (w *world) open() (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+filepath.Join(w.data, "automl.db")+"?mode=ro&_busy_timeout=5000")
}

// count asks the database; 0 while there is none.
func (w *world) count(query string, args ...any) int {
	db, err := w.open()
	w.must(err)
	defer db.Close()
	var n int
	if db.QueryRowContext(w.ctx, query, args...).Scan(&n) != nil {
		return 0
	}
	return n
}

func (w *world) reports() int { return w.count("SELECT count(*) FROM reports WHERE repeated = 0") }

// textOf is the answer to a query.
func (w *world) textOf(query string) (out string) {
	db, err := w.open()
	w.must(err)
	defer db.Close()
	w.must(db.QueryRowContext(w.ctx, query).Scan(&out))
	return out
}

// texts is the first column of a query.
func (w *world) texts(query string) (out []string) {
	db, err := w.open()
	w.must(err)
	defer db.Close()
	rows, err := db.QueryContext(w.ctx, query)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var line string
		var seq int64
		w.must(rows.Scan(&line, &seq))
		out = append(out, line)
	}
	w.must(rows.Err())
	return out
}

// decisions counts those of a kind.
func (w *world) decisions(what string) int {
	return w.count("SELECT count(*) FROM decisions WHERE what = ?", what)
}

// after waits for so many reports on record.
func (w *world) after(reports int) {
	w.until(fmt.Sprintf("%d reports", reports), func() bool { return w.reports() >= reports || w.over() })
}

// over tells whether there are studies, and all have ended.
func (w *world) over() bool {
	return w.count("SELECT count(*) > 0 AND sum(state NOT IN ('DONE', 'STOPPED')) = 0 FROM studies_v") > 0
}

// end waits for the end of the study, lets the last messages through, and stops everything in order.
func (w *world) end() {
	w.until("the end of the study", w.over)
	for _, k := range w.keepers {
		k.release()
	}
	for i := len(w.procs) - 1; i >= 0; i-- { // runners before the daemon, and a bus of its own not at all: both need it to the end
		if p := w.procs[i]; p.alive() && p.what != "nats" {
			p.signal(18) // SIGCONT: a stopped one hears nothing
			p.stop()
		}
	}
}

// untrained finds reports on record that no trainer of their attempt has made: somebody else's were taken for its own.
func (w *world) untrained() (out []string) {
	text, err := os.ReadFile(w.trained())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nobody trained but the fault itself
	}
	w.must(err)
	noted := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		noted[strings.TrimSpace(line)] = true
	}
	for _, r := range w.texts("SELECT DISTINCT printf('%s %d %d %d %d', s.id, r.trial, r.attempt, r.fold, r.epoch), 0 FROM reports r JOIN studies s ON s.key = r.study") {
		if !noted[r] {
			out = append(out, "study, trial, attempt, fold, epoch "+r+" is on record and was never trained")
		}
	}
	return out
}

// checkNow checks the database of a study that is under way.
func (w *world) checkNow() {
	v, err := record.Check(w.ctx, w.data, w.receipts, false)
	w.must(err)
	for _, p := range v.Problems() {
		w.wrong("under way: %s", p)
	}
}

// other is a world beside this one, with the same seed.
func (w *world) other(name string) *world {
	o := newWorld(w.ctx, w.program, filepath.Join(w.root, name), w.seed, w.scale, w.patient)
	w.closers = append(w.closers, o.close)
	return o
}

// reseed draws the same random numbers again.
func (w *world) reseed() { w.rand = rand.New(rand.NewPCG(w.seed, 0)) }

func newWorld(ctx context.Context, program, root string, seed uint64, scale float64, patient time.Duration) *world {
	slow := slowness()
	w := &world{ctx: ctx, program: program, root: root, data: filepath.Join(root, "data"), scale: min(1, scale*slow), seed: seed,
		patient: time.Duration(slow * float64(patient))}
	w.reseed()
	w.must(os.MkdirAll(w.data, 0o700))
	return w
}

// close ends what is left.
func (w *world) close() {
	for _, k := range w.keepers {
		k.release()
	}
	for _, p := range w.procs {
		p.kill()
	}
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

// verify checks the database alone, and what the witness saw against it.
func (w *world) verify() (record.Verdict, error) {
	receipts := w.receipts
	if w.witness != nil {
		receipts = append(receipts, w.witness.receipts()...)
	}
	v, err := record.Check(w.ctx, w.data, receipts, true)
	if err != nil {
		return v, err
	}
	v.Wrong = append(v.Wrong, w.problems...)
	v.Wrong = append(v.Wrong, w.untrained()...)
	for n := range w.count("SELECT count(*) FROM trials") {
		failed := w.count("SELECT count(*) FROM trials WHERE number = ? AND state = 'FAIL'", n) > 0
		if failed && !w.mayFail[n] && !w.lenient {
			v.Wrong = append(v.Wrong, fmt.Sprintf("trial %d failed through no fault of its own", n))
		}
	}
	return v, nil
}
