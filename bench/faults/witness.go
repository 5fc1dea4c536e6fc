package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"automl/bench/faults/record"
	"automl/trial"
	"automl/trial/dispatch"
)

// witness takes down what runners report and what the daemon receipts, from the bus: whoever says that a report is on record is held
// to it.
type witness struct {
	nc *nats.Conn

	mu       sync.Mutex
	reported map[message]trial.Report
	receipt  map[message]trial.Outbound
	raw      []*nats.Msg // everything that runners sent, as it was
	own      map[*nats.Msg]bool
	expect   map[string]int // subjects of what was replayed and has not come by yet
}

// foul is the run of whoever claims to work at what others do: a receipt of theirs is none of its reports'.
const foul = "evil"

// message names a message of an attempt. One that is sent again, by the same run or the next, has the same name.
type message struct {
	key trial.Key
	n   int64
}

func newWitness(url string, c dispatch.Credentials) (*witness, error) {
	w := &witness{reported: map[message]trial.Report{}, receipt: map[message]trial.Outbound{},
		own: map[*nats.Msg]bool{}, expect: map[string]int{}}
	var err error
	w.nc, err = nats.Connect(url, nats.UserInfo(c.User, c.Password), nats.Name("witness"), nats.MaxReconnects(-1),
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0), nats.CustomInboxPrefix("_INBOX.daemon"))
	if err != nil {
		return nil, err
	}
	if _, err = w.nc.Subscribe("automl.v1.in.>", w.in); err == nil {
		_, err = w.nc.Subscribe("automl.v1.out.>", w.out)
	}
	if err == nil {
		err = w.nc.Flush()
	}
	return w, err
}

func (w *witness) close() { w.nc.Close() }

// bodies are what a message carries: one, or a bundle.
func bodies[T any](data []byte) []T {
	var e struct {
		Body *T  `json:"body"`
		More []T `json:"more"`
	}
	if json.Unmarshal(data, &e) != nil || e.Body == nil {
		return nil
	}
	return append([]T{*e.Body}, e.More...)
}

func (w *witness) in(m *nats.Msg) {
	sent := bodies[trial.Inbound](m.Data)
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := &nats.Msg{Subject: m.Subject, Data: m.Data}
	w.raw = append(w.raw, kept)
	if w.expect[m.Subject] > 0 {
		w.expect[m.Subject]--
		w.own[kept] = true
	}
	for _, b := range sent {
		if b.Report != nil && b.Run != foul {
			w.reported[message{b.Key, b.N}] = *b.Report
		}
	}
}

func (w *witness) out(m *nats.Msg) {
	answers := bodies[trial.Outbound](m.Data)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range answers {
		at := message{b.Key, b.N}
		if _, known := w.receipt[at]; b.N > 0 && !known {
			w.receipt[at] = b
		}
	}
}

// receipts are the reports that the daemon has said to have on record. A message of an attempt that is over is answered "stop" and has
// no effect, so that stops say nothing here.
func (w *witness) receipts() []record.Receipt {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []record.Receipt
	for at, answer := range w.receipt {
		r, ok := w.reported[at]
		if ok && answer.Verb != trial.Stop {
			out = append(out, record.Receipt{Study: at.key.Study, Trial: at.key.Trial, Attempt: at.key.Attempt, Fold: r.Fold, Epoch: r.Epoch, Metrics: r.Metrics})
		}
	}
	return out
}

// waiting is how many requests for work the bus holds; 0 where it does not say.
func (w *witness) waiting(ctx context.Context) int {
	js, err := jetstream.New(w.nc)
	if err != nil {
		return 0
	}
	queue, err := js.Consumer(ctx, "AUTOML_WORK", "runners")
	if err != nil {
		return 0
	}
	return queue.CachedInfo().NumWaiting
}

// replay sends a message again.
func (w *witness) replay(m *nats.Msg) {
	w.mu.Lock()
	w.expect[m.Subject]++
	w.mu.Unlock()
	if w.nc.Publish(m.Subject, m.Data) != nil {
		w.mu.Lock()
		w.expect[m.Subject]--
		w.mu.Unlock()
	}
}

// mine reports whether a message is one that was replayed.
func (w *witness) mine(m *nats.Msg) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.own[m]
}

// seen is everything that runners sent so far whose subject has the part.
func (w *witness) seen(part string) []*nats.Msg {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*nats.Msg
	for _, m := range w.raw {
		if strings.Contains(m.Subject, part) {
			out = append(out, m)
		}
	}
	return out
}
