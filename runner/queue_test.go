package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process/processtest"
	"automl/trial"
)

var errDown = errors.New("the bus is down")

// fakeQueue is a bus and a daemon in memory.
type fakeQueue struct {
	work     chan trial.Assignment
	answers  chan trial.Outbound   // of the daemon, on their way
	heard    chan trial.Outbound   // the runner takes them here, one by one
	passed   chan struct{}         // it took the barrier, so it has dealt with all before
	sent     chan trial.Inbound    // everything, in order
	progress chan trial.Progress   // everything
	settled  chan string           // "ack" or "nak"
	left     chan trial.RunnerInfo // one a run

	mu    sync.Mutex
	grant func(trial.Announce) (trial.Grant, error)  // nil: granted
	reply func(trial.Inbound) (trial.Outbound, bool) // nil: no answer
	beat  func(trial.RunnerInfo) error               // nil: heard
	fail  error                                      // of Send
}

var _ Queue = (*fakeQueue)(nil)

func newFakeQueue() *fakeQueue {
	q := &fakeQueue{work: make(chan trial.Assignment, 10), answers: make(chan trial.Outbound, 1000),
		heard: make(chan trial.Outbound), passed: make(chan struct{}, 10), sent: make(chan trial.Inbound, 1000), progress: make(chan trial.Progress, 1000), settled: make(chan string, 100),
		left: make(chan trial.RunnerInfo, 9)}
	go func() {
		for answer := range q.answers {
			if q.heard <- answer; answer == barrier {
				q.passed <- struct{}{}
			}
		}
	}()
	return q
}

// barrier is an answer about nothing.
var barrier = trial.Outbound{Key: trial.Key{Study: "barrier"}}

// tell has the daemon say something, and waits until the runner has dealt with it.
func (b *bench) tell(answer trial.Outbound) {
	b.Helper()
	b.queue.answers <- answer
	b.queue.answers <- barrier
	b.await(b.queue.passed)
}

func (q *fakeQueue) Pull(ctx context.Context) (trial.Delivery, error) {
	select {
	case <-ctx.Done():
		return trial.Delivery{}, ctx.Err()
	case a := <-q.work:
		return q.delivery(a), nil
	}
}

func (q *fakeQueue) PullNow(_ context.Context, n int) (all []trial.Delivery) {
	for len(all) < n {
		select {
		case a := <-q.work:
			all = append(all, q.delivery(a))
		default:
			return all
		}
	}
	return all
}

func (q *fakeQueue) delivery(a trial.Assignment) trial.Delivery {
	note := func(how string) func() error { return func() error { q.settled <- how; return nil } }
	return trial.Delivery{Assignment: a, Ack: note("ack"), Nak: func(after time.Duration) error {
		if after > 0 {
			return note("nak later")()
		}
		return note("nak")()
	}}
}

func (q *fakeQueue) Announce(_ context.Context, a trial.Announce) (trial.Grant, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.grant == nil {
		return trial.Grant{Granted: true}, nil
	}
	return q.grant(a)
}

func (q *fakeQueue) Send(_ context.Context, messages ...trial.Inbound) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fail != nil {
		return q.fail
	}
	for _, m := range messages {
		q.sent <- m
		if q.reply == nil {
			continue
		}
		if answer, there := q.reply(m); there {
			q.answers <- answer
		}
	}
	return nil
}

func (q *fakeQueue) Heartbeat(info trial.RunnerInfo) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.beat == nil {
		return nil
	}
	return q.beat(info)
}

func (q *fakeQueue) Leave(info trial.RunnerInfo) error { q.left <- info; return nil }
func (q *fakeQueue) Progress(p trial.Progress) error   { q.progress <- p; return nil }
func (q *fakeQueue) Answers() <-chan trial.Outbound    { return q.heard }

func (q *fakeQueue) set(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

// receipt commits a message, and decides nothing.
func receipt(m trial.Inbound) (trial.Outbound, bool) { return trial.Outbound{Key: m.Key, N: m.N}, true }

// verbAt commits everything and answers the report of one resource with a verb.
func verbAt(at trial.Resource, verb trial.Verb) func(trial.Inbound) (trial.Outbound, bool) {
	return func(m trial.Inbound) (trial.Outbound, bool) {
		out, _ := receipt(m)
		if m.Report != nil && m.Report.At() == at {
			out.Verb, out.Reason = verb, "a test says so"
		}
		return out, true
	}
}

// bench is a running runner.
type bench struct {
	*testing.T
	queue  *fakeQueue
	cfg    Config
	runner *Runner
	stop   context.CancelFunc
	ended  chan struct{}
}

// newBench starts a runner with one slot, whose daemon commits everything; change may alter both before.
func newBench(t *testing.T, change func(*Config, *fakeQueue)) *bench {
	t.Helper()
	b := &bench{T: t, queue: newFakeQueue()}
	b.queue.reply = receipt
	b.cfg = Config{Name: "box", Run: "run-1", Slots: 1, Threads: 1, Dir: t.TempDir(), Log: zerolog.Nop(),
		Jitter: func() float64 { return 0 }}
	b.cfg.Timings.RetryMin = 10 * time.Millisecond
	b.cfg.Timings.Decision, b.cfg.Timings.Flush = time.Hour, processtest.Patience // no answer of this daemon is lost, and none is given up for late
	if change != nil {
		change(&b.cfg, b.queue)
	}
	b.launch()
	return b
}

func (b *bench) launch() {
	b.Helper()
	r, err := New(b.cfg, b.queue)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.runner, b.stop, b.ended = r, stop, make(chan struct{})
	go func() {
		defer close(b.ended)
		if err := r.Run(ctx); err != nil {
			b.Error(err)
		}
	}()
	b.Cleanup(func() { stop(); b.await(b.ended) })
}

// order is an assignment of trial 7 over three folds of three epochs.
func order(attempt int, from, to trial.Resource, steps ...string) trial.Assignment {
	return trial.Assignment{Study: "s1", Name: "test", Trial: 7, Attempt: attempt, Phase: trial.Search,
		Shape: trial.Shape{Folds: 3, Epochs: 3}, From: from, To: to,
		Trainer: trial.TrainerSpec{Type: "command", Command: processtest.Command(steps...)}}
}

// at is short for a resource.
func at(fold, epoch int) trial.Resource { return trial.Resource{Fold: fold, Epoch: epoch} }

func (b *bench) await(ch <-chan struct{}) { receive(b.T, ch) }

// receive takes from a channel, and fails the test where nothing comes.
func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(processtest.Patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// attempt hands an assignment out and returns all its messages up to the exit.
func (b *bench) attempt(a trial.Assignment) ([]trial.Report, trial.Exit) {
	b.Helper()
	b.queue.work <- a
	return b.finish(a.Key())
}

// finish returns the reports of an attempt, each once, by their numbers, and its exit. A later message may travel first where the bus
// has not taken an earlier one, but the exit is always the last.
func (b *bench) finish(k trial.Key) (reports []trial.Report, exit trial.Exit) {
	b.Helper()
	seen := map[int64]*trial.Report{}
	for {
		m := receive(b.T, b.queue.sent)
		switch {
		case m.Key != k:
			continue
		case m.Run != b.cfg.Run:
			b.Fatalf("message %d is of run %s, want %s", m.N, m.Run, b.cfg.Run)
		case m.Exit == nil:
			seen[m.N] = m.Report
			continue
		}
		for n := int64(1); n < m.N; n++ {
			r, sent := seen[n]
			if !sent {
				b.Fatalf("the exit, message %d, was sent before message %d", m.N, n)
			}
			if r != nil {
				reports = append(reports, *r)
			}
		}
		return reports, *m.Exit
	}
}

// drained lets the runner finish what it does.
func (b *bench) drained() {
	b.Helper()
	b.runner.Drain()
	b.await(b.ended)
}

// files lists what lies below a folder of the work directory.
func (b *bench) files(folder string) []string {
	var out []string
	root := filepath.Join(b.cfg.Dir, folder)
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			out = append(out, name)
		}
		return nil
	})
	return out
}

// epochs is the resources that were reported.
func epochs(reports []trial.Report) []trial.Resource {
	var out []trial.Resource
	for _, r := range reports {
		out = append(out, r.At())
	}
	return out
}
