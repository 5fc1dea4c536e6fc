// Package dispatchtest is the contract of a bus as tests: whatever carries messages between the daemon and its runners must pass
// Run.
package dispatchtest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"automl/trial"
)

// Dispatcher is the daemon's end of a bus.
type Dispatcher interface {
	Publish(ctx context.Context, work ...trial.Assignment) error
	Send(run string, answers ...trial.Outbound) error
	Inbox() <-chan trial.Mail
}

// Queue is a runner's end of a bus.
type Queue interface {
	Pull(ctx context.Context) (trial.Delivery, error)
	PullNow(ctx context.Context, n int) []trial.Delivery
	Announce(ctx context.Context, a trial.Announce) (trial.Grant, error)
	Send(ctx context.Context, messages ...trial.Inbound) error
	Heartbeat(info trial.RunnerInfo) error
	Leave(info trial.RunnerInfo) error
	Progress(p trial.Progress) error
	Answers() <-chan trial.Outbound
}

// Bus is a fresh bus: its daemon's end, and how to get a runner's. Both are closed by the test's cleanup.
type Bus struct {
	Daemon Dispatcher
	Runner func(run string) Queue
}

// Patience is how long a message may take. It is for what never comes: a machine that does other things too is slow.
const Patience = 3 * time.Minute

// Run runs the contract on buses made by open.
func Run(t *testing.T, open func(t *testing.T) Bus) {
	for name, test := range map[string]func(*testing.T, Bus){
		"heartbeat, progress and leave arrive": core,
		"inbound messages of every kind":       inbound,
		"inbound order and resending":          order,
		"announce is answered":                 announce,
		"answers reach their run only":         answers,
		"work goes to one runner":              work,
		"work that waits is taken at once":     several,
		"work given back comes again":          nak,
		"a cancelled pull takes nothing":       cancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func wait(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}

var key = trial.Key{Study: "s1", Trial: 7, Attempt: 2}

func core(t *testing.T, b Bus) {
	r := b.Runner("run1")
	info := trial.RunnerInfo{Name: "box", Run: "run1", Slots: 2, GPUs: []string{"A", "B"}, Threads: 8, Version: "1",
		Started: time.Date(2026, 11, 24, 1, 2, 3, 4, time.UTC), Attempts: []trial.Key{key}, Draining: true}
	OK(t, r.Heartbeat(info))
	if got := Next(t, b.Daemon.Inbox()).Heartbeat; got == nil || !reflect.DeepEqual(*got, info) {
		t.Fatalf("heartbeat %+v", got)
	}
	p := trial.Progress{Key: key, Fold: 1, Epoch: 2, Step: 3, Steps: 4}
	OK(t, r.Progress(p))
	p.Run = "run1"
	if got := Next(t, b.Daemon.Inbox()).Progress; got == nil || *got != p {
		t.Fatalf("progress %+v", got)
	}
	OK(t, r.Leave(info))
	if got := Next(t, b.Daemon.Inbox()).Gone; got == nil || !reflect.DeepEqual(*got, info) {
		t.Fatalf("leave %+v", got)
	}
}

func inbound(t *testing.T, b Bus) {
	r := b.Runner("run1")
	sent := []trial.Inbound{
		Report("run1", key, 1),
		{Key: key, Run: "run1", N: 2, Folds: &trial.FoldsSeen{Hash: "abc", Rows: 5}},
		{Key: key, Run: "run1", N: 3, Exit: &trial.Exit{Failure: trial.OOM, Message: "no\nmemory \x00 é", Artifact: "/a"}},
	}
	for _, m := range sent {
		OK(t, r.Send(wait(t), m))
		mail := Next(t, b.Daemon.Inbox())
		got := mail.Inbound
		mail.Ack()
		if got.Report != nil {
			sameMetrics(t, got.Report.Metrics, m.Report.Metrics)
			got.Report.Metrics = m.Report.Metrics
		}
		if !reflect.DeepEqual(clearNaN(*got), clearNaN(m)) {
			t.Fatalf("got %+v, sent %+v", got, m)
		}
	}
}

// clearNaN drops the metrics, which sameMetrics compares: NaN equals nothing.
func clearNaN(m trial.Inbound) trial.Inbound {
	if m.Report != nil {
		r := *m.Report
		r.Metrics = nil
		m.Report = &r
	}
	return m
}

func sameMetrics(t *testing.T, got, want trial.Metrics) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("metrics %v, sent %v", got, want)
	}
	for i, w := range want {
		g := got[i]
		if g.Name != w.Name || (g.Value != w.Value && !(math.IsNaN(g.Value) && math.IsNaN(w.Value))) {
			t.Fatalf("metrics %v, sent %v", got, want)
		}
	}
}

func order(t *testing.T, b Bus) {
	r := b.Runner("run1")
	const n = 500
	for i := range int64(n) {
		OK(t, r.Send(wait(t), Report("run1", key, i+1)))
	}
	for i := range int64(n) {
		mail := Next(t, b.Daemon.Inbox())
		if mail.Inbound.N != i+1 {
			t.Fatalf("message %d came, %d was due", mail.Inbound.N, i+1)
		}
		mail.Ack()
	}
	OK(t, r.Send(wait(t), Report("run1", key, n+1)))
	if got := Next(t, b.Daemon.Inbox()).Inbound.N; got != n+1 {
		t.Fatalf("message %d came", got)
	}
}

func announce(t *testing.T, b Bus) {
	r := b.Runner("run1")
	for _, want := range []trial.Grant{{Granted: true}, {Reason: "somebody has it"}} {
		go func() {
			mail := <-b.Daemon.Inbox()
			if *mail.Announce != (trial.Announce{Key: key, Runner: "box", Run: "run1"}) {
				want.Reason = "the announce is not what was sent"
			}
			mail.Reply(want)
		}()
		got, err := r.Announce(wait(t), trial.Announce{Key: key, Runner: "box", Run: "run1"})
		OK(t, err)
		if got != want {
			t.Fatalf("grant %+v", got)
		}
	}
}

func answers(t *testing.T, b Bus) {
	one, two := b.Runner("run1"), b.Runner("run2")
	// An announce that was answered proves that each run listens.
	for _, r := range []struct {
		q   Queue
		run string
	}{{one, "run1"}, {two, "run2"}} {
		go func() { (<-b.Daemon.Inbox()).Reply(trial.Grant{}) }()
		_, err := r.q.Announce(wait(t), trial.Announce{Run: r.run})
		OK(t, err)
	}
	stop := trial.Outbound{Key: key, N: 3, Verb: trial.Stop, Reason: "weak"}
	last := trial.Outbound{Key: key, N: 4}
	OK(t, b.Daemon.Send("run1", stop))
	OK(t, b.Daemon.Send("run1", last))
	OK(t, b.Daemon.Send("run2", last))
	if a, z := Next(t, one.Answers()), Next(t, one.Answers()); a != stop || z != last {
		t.Fatalf("answers %+v, %+v", a, z)
	}
	if got := Next(t, two.Answers()); got != last {
		t.Fatalf("the other run got %+v", got)
	}
}

func work(t *testing.T, b Bus) {
	const runners, pieces = 5, 100
	got := make(chan trial.Assignment)
	for i := range runners {
		r := b.Runner("run" + string(rune('a'+i)))
		go func() {
			for {
				d, err := r.Pull(t.Context())
				if err != nil || d.Ack() != nil {
					return
				}
				got <- d.Assignment
			}
		}()
	}
	for i := range pieces {
		OK(t, b.Daemon.Publish(wait(t), Assignment("s1", i, 1)))
	}
	seen := map[int]bool{}
	for range pieces {
		a := Next(t, got)
		if text(a) != text(Assignment("s1", a.Trial, 1)) || seen[a.Trial] {
			t.Fatalf("trial %d came twice, or changed: %+v", a.Trial, a)
		}
		seen[a.Trial] = true
	}
}

// text is the JSON of an assignment: empty and absent parameters are the same.
func text(a trial.Assignment) string {
	b, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func several(t *testing.T, b Bus) {
	r := b.Runner("run1")
	if got := r.PullNow(wait(t), 5); len(got) != 0 {
		t.Fatalf("an empty queue gave %+v", got)
	}
	for i := range 7 {
		OK(t, b.Daemon.Publish(wait(t), Assignment("s1", i, 1)))
	}
	next := 0
	for _, want := range []int{5, 2, 0} {
		got := r.PullNow(wait(t), 5)
		for begun := time.Now(); len(got) < want && time.Since(begun) < Patience; got = r.PullNow(wait(t), 5) { // the queue is still learning of some
			for _, d := range got {
				OK(t, d.Nak(0))
			}
		}
		if len(got) != want {
			t.Fatalf("%d came, not %d", len(got), want)
		}
		for _, d := range got {
			if d.Assignment.Trial != next {
				t.Errorf("trial %d came, not %d", d.Assignment.Trial, next)
			}
			next++
			OK(t, d.Ack())
		}
	}
}

func nak(t *testing.T, b Bus) {
	one, two := b.Runner("run1"), b.Runner("run2")
	OK(t, b.Daemon.Publish(wait(t), Assignment("s1", 1, 1)))
	d, err := one.Pull(wait(t))
	OK(t, err)
	OK(t, d.Nak(0))
	d, err = two.Pull(wait(t))
	OK(t, err)
	OK(t, d.Ack())
}

func cancelled(t *testing.T, b Bus) {
	r := b.Runner("run1")
	const rounds = 50
	left := map[int]bool{}
	for i := range rounds { // cancel a pull while its message arrives, again and again
		left[i] = true
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			d, err := r.Pull(ctx)
			if err == nil {
				err = d.Nak(0)
			}
			ended <- err
		}()
		OK(t, b.Daemon.Publish(wait(t), Assignment("s1", i, 1)))
		cancel()
		if err := Next(t, ended); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for len(left) > 0 {
		d, err := r.Pull(wait(t))
		OK(t, err)
		if !left[d.Assignment.Trial] {
			t.Fatalf("trial %d came again after it was acknowledged", d.Assignment.Trial)
		}
		delete(left, d.Assignment.Trial)
		OK(t, d.Ack())
	}
}
