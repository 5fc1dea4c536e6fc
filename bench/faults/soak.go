package main

import (
	"path/filepath"
	"syscall"
	"time"
)

// soakFor is how long the soak goes on.
var soakFor = time.Minute

// soak has everything happen to one study, in any order.
func soak(w *world) {
	w.lenient = true // a trial may lose three runners in a row
	d := w.daemon()
	w.submit(sweep{trainer: "pace=40", trials: int(soakFor.Seconds()) * 4, folds: 2, workers: 3})
	i, _ := w.info()
	p := w.newProxy(i.NATS)
	near := w.runner("near", "", 1)
	far := w.runner("far", p.url(), 2)
	restart := func(env ...string) { d = w.daemon(env...) }
	acts := []struct {
		name string
		do   func()
	}{
		{"runner killed", func() { near.kill(); near = w.runner("near", i.NATS, 1) }},
		{"far runner killed", func() { far.kill(); far = w.runner("far", p.url(), 2) }},
		{"far runner drained", func() { far.stop(); far = w.runner("far", p.url(), 2) }},
		{"daemon killed", func() { d.kill(); restart() }},
		{"daemon stopped", func() { d.stop(); restart() }},
		{"bus deleted", func() { d.kill(); deleteStore(w, filepath.Join(w.data, "nats")); restart() }},
		{"bits flipped", func() { d.kill(); flipBits(w, filepath.Join(w.data, "nats")); restart() }},
		{"store truncated", func() { d.kill(); truncateStore(w, filepath.Join(w.data, "nats")); restart() }},
		{"short partition", func() { p.cut(true); w.sleep(20 * time.Second); p.cut(false) }},
		{"long partition", func() { p.cut(true); w.sleep(100 * time.Second); p.cut(false) }},
		{"runner frozen", func() { near.signal(syscall.SIGSTOP); w.sleep(80 * time.Second); near.signal(syscall.SIGCONT) }},
		{"disk failing", func() { d.kill(); restart(w.syncs("eio:20:2")...) }},
		{"killed at a commit", func() { d.kill(); restart(w.syncs("before:15")...); <-d.ended; restart() }},
		{"all replayed", func() {
			for _, m := range w.witness.seen("automl.v1.in.") {
				if !w.witness.mine(m) {
					w.witness.replay(m)
				}
			}
		}},
	}
	done := map[string]int{}
	for end := time.Now().Add(soakFor); time.Now().Before(end) && !w.over(); {
		a := acts[w.rand.IntN(len(acts))]
		a.do()
		done[a.name]++
		w.after(w.reports() + w.rand.IntN(6))
	}
	w.note("%v", done)
	w.end()
}
