package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"automl/trial"
)

// killRunner kills a runner in the middle of an epoch, twice: with it the trainers die.
func killRunner(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=80"})
	for range 2 {
		r := w.runner("box", "", 2)
		w.after(w.reports() + 2 + w.rand.IntN(6))
		time.Sleep(time.Duration(w.rand.IntN(80)) * time.Millisecond)
		r.kill()
	}
	w.runner("box", "", 2)
	w.end()
}

// killDaemon kills the daemon at random moments; with it goes the bus. After the first time its runner is late: it comes back when most
// of the grace is over.
func killDaemon(times int) func(*world) {
	return func(w *world) {
		d := w.daemon()
		w.submit(sweep{trainer: "pace=40", trials: 6 + times})
		i, _ := w.info()
		p := w.newProxy(i.NATS)
		w.runner("box", p.url(), 2)
		for n := range times {
			w.after(w.reports() + 1 + w.rand.IntN(3))
			time.Sleep(time.Duration(w.rand.IntN(200)) * time.Millisecond)
			if w.over() {
				w.fail("the study ended too early to be killed %d times", times)
			}
			d.kill()
			p.cut(n == 0)
			d = w.daemon()
			if n == 0 {
				w.sleep(50 * time.Second)
				p.cut(false)
			}
		}
		w.end()
		if n := w.count("SELECT count(*) FROM decisions WHERE failure = 'lost'"); n > 0 {
			w.wrong("%d attempts were taken from their runner for the daemon's absence", n)
		}
	}
}

// killAtSync kills the daemon when SQLite makes something durable for the N-th time, for N = 1, 2, ...: while it starts, migrates and
// counts its epoch up, and in the middle of a study that a program drives over HTTP. What was answered is on record. A process that dies
// before a flush leaves the whole transaction with the kernel, so every third time it dies in the middle of writing one.
func killAtSync(most int) func(*world) {
	return func(w *world) {
		d := w.daemon()
		o := w.outsider(2 * most)
		d.kill()
		at := 0
		for n := 1; n <= most; n++ {
			if at++; most < 200 {
				at += w.rand.IntN(5) // a few of them, spread
			}
			plan := fmt.Sprintf("before:%d", at)
			if n%3 == 0 {
				plan = fmt.Sprintf("unwritten:%d", 3*at+w.rand.IntN(6)) // a transaction has several pieces
			}
			d := w.daemon(w.syncs(plan)...)
			for d.alive() && !o.over {
				if !o.step() {
					time.Sleep(10 * time.Millisecond)
				}
			}
			if d.kill(); n%10 == 0 || most < 200 {
				w.checkNow()
			}
		}
		w.daemon()
		w.until("the last trial", func() bool { o.step(); return o.over })
		w.end()
	}
}

// killAround kills the daemon at a commit of a study that a runner trains: before it, when the bus has a report that is not on record;
// or after it, when a report is on record that the bus does not know to be.
func killAround(when string) func(*world) {
	return func(w *world) {
		d := w.daemon()
		w.submit(sweep{trainer: "pace=30", trials: 8})
		w.runner("box", "", 2)
		w.after(2)
		for range 4 {
			d.kill()
			n := 12 + w.rand.IntN(12)
			if when == "unwritten" {
				n = 60 + w.rand.IntN(90) // a transaction has several pieces
			}
			d = w.daemon(w.syncs(fmt.Sprintf("%s:%d", when, n))...)
			w.until("the daemon's death", func() bool { return !d.alive() || w.over() })
		}
		if !w.over() {
			w.daemon()
		}
		w.end()
	}
}

// poison is a trial that takes its runner with it. It is given up after three attempts, the last of them on another runner.
func poison(w *world) {
	w.mayFail = map[int]bool{2: true}
	w.daemon()
	w.submit(sweep{trainer: "pace=40,poison=2", scheduler: "fifo", trials: 3, workers: 1})
	g := w.guest("visitor") // it could take work, and never does: so the other one asks first whenever there is some
	defer g.Close()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	go w.beat(ctx, g, trial.RunnerInfo{Name: "visitor", Run: "visitor", Slots: 1, Started: time.Now()}, func() []trial.Key { return nil })
	w.keep(func() *proc { return w.runner("box", "", 1) })
	w.until("two failures", func() bool { return w.decisions("retried") >= 2 })
	time.Sleep(500 * time.Millisecond) // the box has come back
	w.keep(func() *proc { return w.runner("tower", "", 1) })
	w.end()
	w.want("FAIL", 2, "lost")
	if n := w.count("SELECT count(*) FROM decisions WHERE trial = 2 AND what = 'assigned'"); n != 3 {
		w.wrong("the poisonous trial was handed out %d times", n)
	}
	if n := w.count("SELECT count(DISTINCT runner) FROM decisions WHERE trial = 2 AND what = 'started'"); n != 2 {
		w.wrong("the poisonous trial was tried on %d runners", n)
	}
}

// sigstop freezes a runner for longer than its lease. It goes on when another runner has begun to train what it was at.
func sigstop(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=300", trials: 6, workers: 3})
	r := w.runner("sleeper", "", 2)
	w.after(2)
	r.signal(syscall.SIGSTOP)
	w.runner("box", "", 1)
	w.until("another runner's start on what was lost", func() bool {
		return w.over() || w.count(`SELECT count(*) FROM decisions a JOIN decisions b ON b.trial = a.trial AND b.attempt > a.attempt
			WHERE a.failure = 'lost' AND b.what = 'started' AND b.runner = 'box'`) > 0
	})
	r.signal(syscall.SIGCONT)
	w.end()
}

// want checks how a trial has ended.
func (w *world) want(state string, n int, failure string) {
	if w.count("SELECT count(*) FROM trials WHERE number = ? AND state = ? AND failure = ?", n, state, failure) != 1 {
		w.wrong("trial %d is not %s (%s)", n, state, failure)
	}
}
