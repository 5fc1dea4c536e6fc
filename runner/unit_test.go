package runner

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/gpu"
	"automl/runner/process/processtest"
	"automl/runner/protocol"
	"automl/trial"
)

func TestConfig(t *testing.T) {
	good := Config{Name: "box", Dir: t.TempDir(), GPUs: []gpu.Device{{ID: "0"}, {ID: "1"}}, PerGPU: 3}
	c, err := good.complete()
	if err != nil || c.Slots != 6 || c.Threads < 1 || len(c.Run) < 20 || c.Timings.Heartbeat != 10*time.Second {
		t.Errorf("completed to %+v, %v", c, err)
	}
	if want := (protocol.Cache{Dir: filepath.Join(c.Dir, "cache")}); c.Cache != want {
		t.Errorf("the cache is %+v", c.Cache)
	}
	for _, bad := range []Config{{Name: "box", Dir: "x", Cache: protocol.Cache{Bytes: -1}}, {Dir: "x"}, {Name: "a/b", Dir: "x"}, {Name: "box"}, {Name: "box", Dir: "x", Slots: -1}, {Name: "box", Dir: "x", PerGPU: -1}} {
		if _, err := New(bad, newFakeQueue()); trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestBackoff(t *testing.T) {
	low := backoff{min: time.Second, max: 30 * time.Second, jitter: func() float64 { return 0 }}
	high := backoff{min: time.Second, max: 30 * time.Second, jitter: func() float64 { return 1 }}
	for _, want := range []int{1, 2, 4, 8, 16, 30, 30} {
		d := time.Duration(want) * time.Second
		if l, h := low.next(), high.next(); l != d/2 || h != d {
			t.Errorf("waits %v to %v, want up to %v", l, h, d)
		}
	}
	if low.reset(); low.next() != time.Second/2 {
		t.Error("a success does not reset it")
	}
}

func TestOutboxResends(t *testing.T) {
	clock := processtest.NewClock()
	sent := make(chan int64, 100)
	c := newCourier(t.Context(), func(_ context.Context, messages ...trial.Inbound) error {
		for _, m := range messages {
			sent <- m.N
		}
		return nil
	})
	o := newOutbox(trial.Key{Study: "s"}, "r", nil, c, clock, backoff{min: time.Second, max: 4 * time.Second, jitter: func() float64 { return 1 }}, zerolog.Nop())
	done := make(chan struct{})
	go func() { defer close(done); o.deliver(t.Context()) }()
	expect := func(want ...int64) {
		t.Helper()
		for _, n := range want {
			if got := receive(t, sent); got != n {
				t.Errorf("sent %d, want %d", got, n)
			}
		}
		c.letters.Wait() // until the outbox has heard that the bus has them
	}
	o.add(trial.Inbound{Report: &trial.Report{}})
	o.add(trial.Inbound{Report: &trial.Report{}})
	expect(1, 2)
	for _, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second} {
		clock.Await(t, pause, pause)
		clock.Advance(pause)
		expect(1, 2)
	}
	o.ack(1) // contact: the pauses begin anew
	clock.Await(t, time.Second, time.Second)
	clock.Advance(time.Second)
	expect(2)
	o.add(trial.Inbound{Exit: &trial.Exit{}})
	o.ack(2) // now the exit may go
	expect(3)
	o.ack(3)
	receive(t, done)
	if len(sent) != 0 {
		t.Errorf("sent %d messages too many", len(sent))
	}
}

func TestCheckpoints(t *testing.T) {
	s := store(t.TempDir())
	from := filepath.Join(string(s), "out")
	recorded := 0
	keep := func(epoch int, text string) {
		t.Helper()
		if err := os.MkdirAll(from, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, "w"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.keep(from, "s", 1, 0, epoch, recorded); err != nil {
			t.Fatal(err)
		}
		if entries, err := os.ReadDir(from); err != nil || len(entries) != 0 {
			t.Fatalf("the folder was not emptied: %v, %v", entries, err)
		}
	}
	for epoch := 1; epoch <= 10; epoch++ {
		keep(epoch, "first")
	}
	keep(9, "second")
	var kept []int
	for _, c := range s.checkpoints("s", 1) {
		kept = append(kept, c.epoch)
	}
	if !slices.Equal(kept, []int{10, 9}) {
		t.Errorf("kept %v", kept)
	}
	if data, err := os.ReadFile(filepath.Join(s.newest("s", 1, 0, 9).path, "w")); string(data) != "second" {
		t.Errorf("a checkpoint was not replaced: %q, %v", data, err)
	}
	if c := s.newest("s", 1, 0, 8); c.path != "" || c.epoch != 0 {
		t.Errorf("found %+v", c)
	}
	if c := s.newest("s", 1, 1, 10); c.path != "" {
		t.Errorf("found %+v in another fold", c)
	}
	// The daemon has not answered since epoch 11: what the record says of the trial has a checkpoint to go on from.
	recorded = 11
	for epoch := 11; epoch <= 20; epoch++ {
		keep(epoch, "first")
	}
	kept = nil
	for _, c := range s.checkpoints("s", 1) {
		kept = append(kept, c.epoch)
	}
	if !slices.Equal(kept, []int{20, 19, 11}) {
		t.Errorf("kept %v", kept)
	}
}

func TestShorten(t *testing.T) {
	long := "cause" + strings.Repeat("x", 100000) + "end"
	if got := shorten(long); len(got) > maxMessage+10 || !strings.HasPrefix(got, "cause") || !strings.HasSuffix(got, "end") {
		t.Errorf("%d bytes are left", len(got))
	}
	if got := shorten("short"); got != "short" {
		t.Errorf("became %q", got)
	}
}

func TestLogIsBounded(t *testing.T) {
	dir, key := t.TempDir(), trial.Key{Study: "s", Trial: 1, Attempt: 2}
	all := newLogs(store(dir), Limit{})
	l := newLog(func() (io.WriteCloser, error) { return all.open(key) }, func(err error) { t.Error(err) })
	l.left = 10
	for range 5 {
		if n, err := l.Write([]byte("12345678")); n != 8 || err != nil {
			t.Error(n, err)
		}
	}
	l.Close()
	data, _ := os.ReadFile(LogPath(dir, key))
	if !strings.HasPrefix(string(data), "1234567812\n[only") || strings.Count(string(data), "[only") != 1 {
		t.Errorf("kept %q", data)
	}
}

// A runner names every trial that it has checkpoints of, a few with each heartbeat, and drops those that it is told to.
func TestKeptTrials(t *testing.T) {
	dir := store(t.TempDir())
	r := &Runner{store: dir, shelf: newShelf(dir, Limit{}), attempts: map[trial.Key]*attempt{{Study: "s", Trial: 7, Attempt: 1}: {}}}
	const trials = keptAtOnce + 20
	for n := range trials {
		if err := os.MkdirAll(filepath.Join(r.store.trial("s", n), "fold0-epoch1"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	named := map[int]bool{}
	for range 2 {
		for _, k := range r.kept() {
			if k.Study != "s" || k.Trial == 7 {
				t.Errorf("named: %v", k)
			}
			named[k.Trial] = true
		}
	}
	if len(named) != trials-1 {
		t.Errorf("%d of %d trials were named", len(named), trials-1)
	}
	for n := range trials {
		r.answer(trial.Outbound{Key: trial.Key{Study: "s", Trial: n}, Verb: trial.Stop})
		if n == 7 {
			r.attempts = nil // not while it is at work
		}
	}
	if left := r.kept(); len(left) != 1 || left[0].Trial != 7 {
		t.Errorf("left: %v", left)
	}
}
