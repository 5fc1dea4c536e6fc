package main

import "time"

// undisturbed is a study to which nothing is done.
func undisturbed(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=20"})
	w.runner("box", "", 2)
	w.end()
}

// outOfMemory is a trial that takes more than it may.
func outOfMemory(w *world) {
	w.mayFail = map[int]bool{1: true}
	w.daemon()
	w.submit(sweep{trainer: "pace=20,eat=1", scheduler: "fifo", more: "resources: {memory: 96MiB}\n"})
	w.runner("box", "", 2)
	w.end()
	w.want("FAIL", 1, "oom")
}

// badMetrics are trials that report what is no number.
func badMetrics(w *world) {
	w.mayFail = map[int]bool{1: true, 2: true, 3: true, 4: true}
	w.daemon()
	w.submit(sweep{trainer: "pace=20,nan=1,inf=2,huge=3,missing=4", scheduler: "fifo", trials: 7})
	w.runner("box", "", 2)
	w.end()
	for n := 1; n <= 3; n++ {
		w.want("FAIL", n, "nan")
	}
	w.want("FAIL", 4, "protocol")
	if w.count("SELECT count(*) FROM trials WHERE state = 'FAIL' AND best_epoch >= 2") > 0 {
		w.wrong("a trial is worth what was no number")
	}
}

// hung is a trial whose trainer does nothing any more and does not hear SIGTERM, on a runner that is well.
func hung(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=20,hang=1", scheduler: "fifo"})
	w.runner("box", "", 2, "patience=0.02")
	w.end()
	if w.count("SELECT count(*) FROM decisions WHERE trial = 1 AND what = 'retried' AND failure = 'timeout'") != 1 {
		w.wrong("the hung trainer was not killed as stuck")
	}
	if w.count("SELECT count(*) FROM decisions WHERE failure <> '' AND trial <> 1") > 0 {
		w.wrong("a trainer that was not stuck was killed")
	}
}

// slow is a trial that takes far longer for an epoch than its others took, and says that it is at it.
func slow(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=20,slow=1,slowness=8000", scheduler: "fifo"})
	w.runner("box", "", 2, "patience=0.02")
	w.end()
	if w.count("SELECT count(*) FROM decisions WHERE failure <> ''") > 0 {
		w.wrong("a slow trainer that showed life was killed")
	}
}

// clocks is a study whose daemon and runner disagree about the day, each time they start.
func clocks(w *world) {
	w.mayFail = map[int]bool{1: true}
	d := w.daemon()
	w.submit(sweep{trainer: "pace=60,crash=1", trials: 8, scheduler: "fifo"})
	r := w.runner("box", "", 2)
	w.until("a failure", func() bool { return w.decisions("retried") > 0 })
	for i, off := range []string{"-24h", "24h", "-24h"} {
		d.kill()
		d = w.startDaemon(nil, "clock="+off)
		w.until("the daemon", func() bool { i, ok := w.info(); return ok && i.PID == d.cmd.Process.Pid })
		if i == 1 {
			r.kill()
			r = w.runner("box", "", 2, "clock=-24h")
		}
		w.after(w.reports() + 3)
		time.Sleep(time.Duration(w.rand.IntN(200)) * time.Millisecond)
	}
	w.end()
	w.want("FAIL", 1, "crash")
}
