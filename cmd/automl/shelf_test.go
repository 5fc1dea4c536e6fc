package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"automl/runner"
)

func TestCheckpointSize(t *testing.T) {
	for size, want := range map[string]runner.Limit{"0": {}, "20GiB": {Bytes: 20 << 30}, "50%": {Share: .5}, "100%": {Share: 1}, "0.5%": {Share: .005}} {
		if got, err := (&shelfFlags{size}).parse(); err != nil || got != want {
			t.Errorf("%s: %+v, %v", size, got, err)
		}
	}
	for size, text := range map[string]string{"": "no amount", "8G": "no unit", "0%": "no share", "101%": "no share", "x%": "no share", "NaN%": "no share", "1kB": "out of range"} {
		if _, err := (&shelfFlags{size}).parse(); err == nil || !strings.Contains(err.Error(), "--checkpoint-size") || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", size, err)
		}
	}
}

// Under a cap that holds two trials' checkpoints the study comes out as without one: what is given up is trained again, never one at work,
// and the disk keeps to the cap.
func TestRunUnderACheckpointCap(t *testing.T) {
	const more = "budget: {trials: 14}\nepochs: {max: 9, grace: 1}\nworkers: 1\nsampler: random\nconfirm: {top: 1, seeds: 1}\n"
	free, capped := newSite(t, "x", more), newSite(t, "ballast=250", more)
	free.ok("run", free.sweep, "--checkpoint-size", "0")
	most, stop := int64(0), make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, bytesIn(filepath.Join(capped.dir, "checkpoints")))
			}
		}
	})
	capped.ok("run", capped.sweep, "--checkpoint-size", "1MiB")
	close(stop)
	looking.Wait()
	log, err := os.ReadFile(filepath.Join(capped.dir, "runner.log"))
	if err != nil || !bytes.Contains(log, []byte("are given up")) || !bytes.Contains(log, []byte("epochs are trained again")) {
		t.Errorf("nothing was given up, or nobody missed it: %v\n%s", err, log)
	}
	if most == 0 || most > 1<<20+300<<10 { // one that comes in pushes others out
		t.Errorf("checkpoints took %d bytes", most)
	}
	want, _ := free.state()
	got, _ := capped.state()
	for i, tr := range want.Trials {
		q := got.Trial(i)
		a, _ := tr.Score(want.Study.Objective, want.Study.Shape)
		b, _ := q.Score(got.Study.Objective, got.Study.Shape)
		if q.Status != tr.Status || q.Done != tr.Done || q.Epochs != tr.Epochs || a.Value != b.Value || !q.Params.Equal(tr.Params) {
			t.Errorf("trial %d is %s at %s with %v, without a cap %s at %s with %v", i, q.Status, q.Done, b.Value, tr.Status, tr.Done, a.Value)
		}
	}
}

// bytesIn is the size of all files below a folder.
func bytesIn(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
