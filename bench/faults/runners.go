package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"automl/runner/protocol"
	"automl/trial"
	"automl/trial/dispatch"
)

// guest is a runner of our own, on the bus like any other.
func (w *world) guest(run string) *dispatch.Runner {
	r, err := w.tryGuest(run)
	w.must(err)
	return r
}

func (w *world) tryGuest(run string) (*dispatch.Runner, error) {
	i, _ := w.info()
	return dispatch.NewRunner(w.ctx, run, dispatch.Options{URL: i.NATS, Credentials: w.runnerSecret(), Log: zerolog.Nop()})
}

// pullWithin takes work, if there is any in time.
func pullWithin(ctx context.Context, r *dispatch.Runner, patience time.Duration) (trial.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.Pull(ctx)
}

func (w *world) runnerSecret() dispatch.Credentials {
	c, err := dispatch.LoadCredentials(filepath.Join(w.data, dispatch.AuthFile), dispatch.RoleRunner)
	w.must(err)
	return c
}

// staleAck has a guest take work and hold it until the bus has given it to somebody else, acknowledge it then; take some and throw it
// away; and take the lease of some and not be heard of again, before the first heartbeat of it.
func staleAck(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=40"})
	g := w.guest("stale")
	defer g.Close()
	type pulled struct {
		d   trial.Delivery
		err error
	}
	work := make(chan pulled)
	pull := func() {
		d, err := g.Pull(w.ctx)
		work <- pulled{d, err}
	}
	go pull()
	time.Sleep(200 * time.Millisecond) // its request is the first in the queue
	w.runner("box", "", 2)
	held := <-work
	w.must(held.err)
	go pull()
	thrown := <-work
	w.must(thrown.err)
	w.must(thrown.d.Ack())
	go pull()
	leased := <-work
	w.must(leased.err)
	key := leased.d.Assignment.Key()
	grant, err := g.Announce(w.ctx, trial.Announce{Key: key, Runner: "stale", Run: "stale"})
	w.must(err)
	if !grant.Granted {
		w.fail("the lease was refused: %s", grant.Reason)
	}
	w.must(leased.d.Ack())
	w.sleep(60 * time.Second) // twice the bus's patience
	w.must(held.d.Ack())
	w.end()
	if w.count("SELECT count(*) FROM decisions WHERE trial = ? AND attempt = ? AND what = 'retried' AND failure = 'lost'", key.Trial, key.Attempt) != 1 {
		w.wrong("the lease of who was never heard of has not ended")
	}
}

// hostileRunner is a runner that was let in and plays foul.
func hostileRunner(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=60", trials: 8})
	w.runner("box", "", 2)
	w.after(2)
	i, _ := w.info()
	var denied atomic.Int64
	secret := w.runnerSecret()
	connect := func() *nats.Conn {
		nc, err := nats.Connect(i.NATS, nats.UserInfo(secret.User, secret.Password), nats.Name("evil"), nats.CustomInboxPrefix("_INBOX._.evil"),
			nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) { denied.Add(1) }))
		w.must(err)
		return nc
	}
	nc := connect()
	study := w.textOf("SELECT id FROM studies")
	forged := 0
	publish := func(subject, data string) {
		w.must(nc.Publish(subject, []byte(data)))
	}
	victim := w.textOf("SELECT run FROM decisions WHERE what = 'started' ORDER BY seq DESC LIMIT 1")
	for _, subject := range []string{"automl.v1.out._." + victim, "automl.v1.in._." + victim + "." + study + ".0.1.1", "automl.v1.announce._." + victim,
		"automl.v1.leave._." + victim, "automl.v1.heartbeat._." + victim, "automl.v1.work." + study + ".0.9", "$JS.API.STREAM.DELETE.AUTOML_IN",
		"$JS.API.STREAM.PURGE.AUTOML_WORK", "$JS.API.CONSUMER.DELETE.AUTOML_IN.daemon", "_INBOX.daemon.x"} {
		publish(subject, `{"v":1,"kind":"out","body":{}}`)
		forged++
	}
	for n, data := range []string{"", "{", strings.Repeat("[", 100000), `{"v":2,"kind":"inbound","body":{}}`, "\x00\xff\xfe", `{"v":1,"kind":"inbound"}`,
		`{"v":1,"kind":"inbound","body":{"n":9223372036854775808}}`} {
		publish(fmt.Sprintf("automl.v1.in._.evil.%s.0.1.%d", study, n+1), data)
	}
	// Reports and exits of attempts that it does not hold, and of none that can be.
	for n, body := range []string{
		`"report":{"fold":0,"epoch":1,"metrics":{"acc":1e308}}`,
		`"report":{"fold":-1,"epoch":-9223372036854775808,"metrics":{"acc":1}}`,
		`"exit":{"artifact":"../../../../etc/passwd"}`,
		`"exit":{"failure":"no such failure","message":"` + strings.Repeat("x", 100000) + `"}`,
	} {
		for _, t := range []int{0, 1, -1, 1 << 40} {
			publish(fmt.Sprintf("automl.v1.in._.evil.%s.%d.1.%d", study, t, n+100),
				fmt.Sprintf(`{"v":1,"kind":"inbound","body":{"run":"evil","n":%d,"key":{"study":%q,"trial":%d,"attempt":1},%s}}`, n+100, study, t, body))
		}
	}
	publish("automl.v1.heartbeat._.evil", `{"v":1,"kind":"heartbeat","body":{"run":"evil","name":"box","slots":-5,"started":"9999-01-01T00:00:00Z"}}`)
	publish("automl.v1.announce._.evil", fmt.Sprintf(`{"v":1,"kind":"announce","body":{"run":"evil","runner":"../box","key":{"study":%q,"trial":0,"attempt":1}}}`, study))
	w.must(nc.FlushTimeout(10 * time.Second))
	w.until("the denials", func() bool { return denied.Load() >= int64(forged) })
	if err := nc.Publish("automl.v1.in._.evil."+study+".0.1.99", make([]byte, 1<<20)); err == nil {
		w.wrong("a message of 1 MiB is taken")
	}
	nc.Close()
	w.bomb(i)
	w.until("the quarantine", func() bool { return w.count("SELECT count(*) FROM quarantine") >= 7 })
	w.end()
	if n := w.count("SELECT count(*) FROM decisions WHERE run = 'evil' OR artifact LIKE '%..%'"); n > 0 {
		w.wrong("the hostile runner is %d times on record", n)
	}
}

// bomb sends what grows when it is read.
func (w *world) bomb(i info) {
	yaml := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		yaml += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	o := outsider{w: w}
	for _, document := range []any{yaml, map[string]any{"name": "../up"}, strings.Repeat("x", 4<<20)} {
		if code := o.submit(i, document); code < 400 {
			w.wrong("a document that is none is answered with HTTP %d", code)
		}
	}
}

// thousandRunners has 1000 guests wait for a study at once and work at it, kills the daemon in the middle, and has all come back at once.
func thousandRunners(w *world) {
	const guests = 1000
	d := w.daemon()
	w.watch()
	ctx, cancel := context.WithCancel(w.ctx)
	var wait sync.WaitGroup
	defer func() { cancel(); wait.Wait() }()
	started := time.Now()
	for n := range guests {
		r := w.guest(fmt.Sprintf("guest%d", n))
		wait.Go(func() {
			defer r.Close()
			w.serve(ctx, r, n)
		})
	}
	w.note("%d runners connected in %.1f s", guests, time.Since(started).Seconds())
	w.until("all of them to wait for work", func() bool { return w.witness.waiting(w.ctx) >= guests })
	w.submit(sweep{trainer: "none", scheduler: "fifo", trials: 3 * guests, workers: guests, folds: 1, epochs: 2})
	w.after(guests)
	w.note("the daemon takes %d MiB", resident(d.cmd.Process.Pid)>>20)
	d.kill()
	killed, had := time.Now(), w.reports()
	w.daemon()
	w.after(had + guests)
	w.note("%.1f s after its death %d reports had come in again", time.Since(killed).Seconds(), guests)
	w.until("the end of the study", w.over)
	cancel()
	wait.Wait()
	w.end()
}

// serve is a runner without processes: it takes work, reports what its trainer would, and keeps saying so until that is receipted.
func (w *world) serve(ctx context.Context, r *dispatch.Runner, n int) {
	run := fmt.Sprintf("guest%d", n)
	info := trial.RunnerInfo{Name: run, Run: run, Slots: 1, Started: time.Now()}
	var mu sync.Mutex
	acked := map[trial.Key]int64{}
	go func() {
		for o := range r.Answers() {
			mu.Lock()
			acked[o.Key] = max(acked[o.Key], o.N)
			mu.Unlock()
		}
	}()
	var working atomic.Pointer[trial.Key]
	go w.beat(ctx, r, info, func() []trial.Key {
		if k := working.Load(); k != nil {
			return []trial.Key{*k}
		}
		return nil
	})
	for ctx.Err() == nil {
		d, err := r.Pull(ctx)
		if err != nil {
			continue
		}
		a := d.Assignment
		g, err := r.Announce(ctx, trial.Announce{Key: a.Key(), Runner: run, Run: run})
		if err != nil || !g.Granted {
			_ = d.Nak(time.Second)
			continue
		}
		_ = d.Ack()
		key := a.Key()
		working.Store(&key)
		messages := messagesOf(a, run)
		for ctx.Err() == nil {
			for _, m := range messages {
				_ = r.Send(ctx, m)
			}
			done := false
			for end := time.Now().Add(3 * time.Second); !done && time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
				mu.Lock()
				done = acked[key] >= int64(len(messages))
				mu.Unlock()
			}
			if done {
				break
			}
		}
		working.Store(nil)
	}
}

// beat says that a guest is there, and what it works on.
func (w *world) beat(ctx context.Context, r *dispatch.Runner, info trial.RunnerInfo, on func() []trial.Key) {
	for ctx.Err() == nil {
		info.Attempts = on()
		_ = r.Heartbeat(info)
		w.sleep(10 * time.Second)
	}
}

// messagesOf is all that an attempt of one fold says.
func messagesOf(a trial.Assignment, run string) []trial.Inbound {
	var out []trial.Inbound
	say := func(m trial.Inbound) {
		m.Key, m.Run, m.N = a.Key(), run, int64(len(out)+1)
		out = append(out, m)
	}
	for e := a.From.Epoch + 1; e <= a.To.Epoch; e++ {
		work := protocol.Work{Params: a.Params, Fold: a.From.Fold}
		say(trial.Inbound{Report: &trial.Report{Trial: a.Trial, Attempt: a.Attempt, Fold: a.From.Fold, Epoch: e, Cost: 1,
			Metrics: trial.Metrics{{Name: "acc", Value: accuracy(work, e)}}}})
	}
	say(trial.Inbound{Exit: &trial.Exit{}})
	return out
}
