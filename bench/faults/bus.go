package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// busDamaged has a study lose its daemon, and the bus what it kept on disk, twice.
func busDamaged(damage func(w *world, store string)) func(*world) {
	return func(w *world) {
		d := w.daemon()
		w.submit(sweep{trainer: "pace=60"})
		w.runner("box", "", 2)
		for range 2 {
			w.after(w.reports() + 1 + w.rand.IntN(3))
			d.kill()
			d = w.daemon(w.syncs(fmt.Sprintf("unwritten:%d", 50+w.rand.IntN(60)))...) // dies when the bus has what the record has not
			w.until("the daemon's death", func() bool { return !d.alive() || w.over() })
			damage(w, filepath.Join(w.data, "nats"))
			w.sleep(time.Duration(w.rand.IntN(11)) * time.Second) // in the end, trainers do not wait for their answers any more
			d = w.daemon()
		}
		w.end()
	}
}

// busForgotten has a study lose its daemon, and the bus what it held and the record had not, for so long that the runner sends that again
// but seldom. Its trainers take their time: what one of them says next is mostly the first of its attempt that the new daemon hears.
func busForgotten(w *world) {
	d := w.daemon()
	w.submit(sweep{trainer: "pace=700", trials: 4, folds: 1, epochs: 9, scheduler: "fifo"})
	w.runner("box", "", 2)
	for range 2 {
		w.after(w.reports() + 2 + w.rand.IntN(3))
		d.kill()
		d = w.daemon(w.syncs(fmt.Sprintf("unwritten:%d", 40+w.rand.IntN(40)))...)
		w.until("the daemon's death", func() bool { return !d.alive() || w.over() })
		d.kill()
		deleteStore(w, filepath.Join(w.data, "nats"))
		w.sleep(time.Duration(25+w.rand.IntN(15)) * time.Second)
		d = w.daemon()
	}
	w.end()
	w.inTurn()
}

func deleteStore(w *world, store string) { w.must(os.RemoveAll(store)) }

// blocks are the files of the store whose name ends so.
func blocks(w *world, store string, suffixes ...string) []string {
	var out []string
	w.must(filepath.WalkDir(store, func(path string, e fs.DirEntry, err error) error {
		for _, s := range suffixes {
			if err == nil && !e.IsDir() && strings.HasSuffix(path, s) {
				out = append(out, path)
			}
		}
		return err
	}))
	if len(out) == 0 {
		w.fail("the store of the bus has no %v", suffixes)
	}
	return out
}

func flipBits(w *world, store string) {
	for _, path := range blocks(w, store, ".blk") {
		data, err := os.ReadFile(path)
		w.must(err)
		if len(data) > 0 {
			data[w.rand.IntN(len(data))] ^= 1 << w.rand.IntN(8)
			w.must(os.WriteFile(path, data, 0o600))
		}
	}
}

func truncateStore(w *world, store string) {
	for _, path := range blocks(w, store, ".blk") {
		info, err := os.Stat(path)
		w.must(err)
		w.must(os.Truncate(path, info.Size()/2))
	}
	for _, path := range blocks(w, store, "o.dat", "index.db", ".idx", ".inf", ".blk") {
		if !strings.HasSuffix(path, ".blk") && w.rand.IntN(2) == 0 {
			w.must(os.Remove(path))
		}
	}
}

// partitionShort cuts the line of a runner for half a lease: nobody loses anything.
func partitionShort(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=60"})
	i, _ := w.info()
	p := w.newProxy(i.NATS)
	w.runner("box", p.url(), 2)
	w.after(3)
	p.cut(true)
	w.sleep(30 * time.Second)
	p.cut(false)
	w.end()
	if w.decisions("retried") > 0 {
		w.wrong("an attempt was taken from a runner that was away for half a lease")
	}
}

// partitionLong cuts it for longer than lease and grace: the runner has lost its attempts, and nothing it says of them counts.
func partitionLong(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=250", trials: 9, workers: 3})
	i, _ := w.info()
	p := w.newProxy(i.NATS)
	w.runner("far", p.url(), 2)
	w.after(2)
	p.cut(true)
	w.runner("box", "", 1)
	w.sleep(150 * time.Second)
	if w.count("SELECT count(*) FROM decisions WHERE failure = 'lost'") == 0 {
		w.wrong("no attempt of the runner beyond the partition was given up")
	}
	p.cut(false)
	w.end()
}

// digest is the database without what two runs of the same study differ in: times, and names of processes.
func (w *world) digest() []string {
	return w.texts(`SELECT printf('%d report %d %d %d %d %s %.17g %d', seq, trial, attempt, fold, epoch, metric, value, repeated) AS line, seq FROM reports
		UNION ALL SELECT printf('%d %s %d %d %d:%d %d:%d %s %s %.17g %s', seq, what, trial, attempt, at_fold, at_epoch, to_fold, to_epoch, reason, coalesce(params, ''),
			coalesce(value, -1), study_state), seq FROM decisions ORDER BY seq`)
}

// everyMessageThrice runs the same study twice, with one slot so that the results come in one order: the second time everything that
// the runner sends is sent twice more, shuffled. Both end with the same record.
func everyMessageThrice(w *world) {
	study := sweep{trainer: "pace=5", workers: 1, trials: 5}
	run := func(w *world, disturb bool) []string {
		w.daemon()
		w.submit(study)
		w.runner("box", "", 1)
		if disturb {
			w.replayUntilOver(2)
		}
		w.end()
		return w.digest()
	}
	calm := w.other("calm")
	want := run(calm, false)
	w.reseed()
	got := run(w, true)
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			w.wrong("with every message thrice the record differs from event %d on", i+1)
			break
		}
	}
}

// replayUntilOver sends what was seen so many times more, in any order, until the study is over.
func (w *world) replayUntilOver(times int) {
	sent := map[*nats.Msg]int{}
	for !w.over() {
		w.must(w.ctx.Err())
		all := w.witness.seen("automl.v1.in.")
		w.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, m := range all {
			if w.witness.mine(m) || sent[m] >= times {
				continue
			}
			sent[m]++
			w.witness.replay(m)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// lateReplay sends everything again long after it was acknowledged: during the study, after a restart, and after its end.
func lateReplay(w *world) {
	d := w.daemon()
	w.submit(sweep{trainer: "pace=40"})
	w.runner("box", "", 2)
	again := func() {
		all := w.witness.seen("automl.v1.in.")
		w.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, m := range all {
			if !w.witness.mine(m) {
				w.witness.replay(m)
			}
		}
		w.must(w.witness.nc.Flush())
	}
	for range 3 {
		w.after(w.reports() + 4)
		again()
	}
	if !w.over() {
		d.kill()
		w.daemon()
		w.until("the witness", func() bool { return w.witness.nc.IsConnected() })
		again()
	}
	w.until("the end of the study", w.over)
	before := len(w.digest())
	again()
	time.Sleep(time.Second)
	if after := len(w.digest()); after != before {
		w.wrong("%d events of a study that is over became %d", before, after)
	}
	w.end()
}

// stopLost loses messages that tell the runner to stop.
func stopLost(w *world) {
	w.daemon()
	w.submit(sweep{trainer: "pace=40", trials: 9, scheduler: "{type: asha, eta: 3}"})
	i, _ := w.info()
	p := w.newProxy(i.NATS)
	lost := p.loseStops(6)
	w.runner("box", p.url(), 2)
	w.end()
	if len(lost) == 0 {
		w.fail("nobody was told to stop")
	}
}
