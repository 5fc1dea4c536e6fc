package train

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"automl/runner/finetune/prefix"
	"automl/trial"
)

// ticking is a clock that goes on by a second whenever somebody looks.
func ticking() func() time.Time {
	now := time.Unix(1e9, 0)
	return func() time.Time { now = now.Add(time.Second); return now }
}

// folder is a store on disk; its warnings are errors of the test.
func folder(t *testing.T, dir string) *prefix.Store {
	return prefix.New(prefix.Options{Dir: dir, Disk: 1 << 30, Memory: -1, Now: ticking(), Warn: func(err error) { t.Error(err) }})
}

// jobs are what the tests of the cache train: images and texts, from activations of many sizes.
func jobs(t *testing.T) map[string]func() Job {
	return map[string]func() Job{
		"images, head": func() Job { return digits(t, 40, p("freeze.strategy", "head_only")) },
		"images, half": func() Job { return digits(t, 40, p("freeze.strategy", "partial"), p("freeze.depth", 0.5)) },
		"texts, head":  func() Job { return sentences(t, 40, p("freeze.strategy", "head_only")) },
		"texts, layer": func() Job { return sentences(t, 40, p("freeze.strategy", "partial"), p("freeze.depth", 0.25)) },
		"texts, solve": func() Job { return sentences(t, 40, p("head", "solved")) },
	}
}

// What another trial and another fold have computed, in batches of their own, gives the same metrics to the bit as what is computed
// for the trial itself.
func TestSharingTheCacheChangesNothing(t *testing.T) {
	for name, job := range jobs(t) {
		t.Run(name, func(t *testing.T) {
			n := 2
			if job().Options.Head == SolvedHead {
				n = 1
			}
			want := epochs(t, start(t, job()), n)
			dir := t.TempDir()
			other := job()
			other.Cache, other.Trial, other.Fold, other.Options.BatchSize = folder(t, dir), 9, 2, 5
			other.Train, other.Valid = slices.Concat(other.Valid, other.Train[:11]), other.Train[11:20]
			slices.Reverse(other.Train)
			epochs(t, start(t, other), 1)
			for range 2 { // on what the other fold lacked, and on everything
				shared := job()
				shared.Cache = folder(t, dir)
				if got := epochs(t, start(t, shared), n); !reflect.DeepEqual(got, want) {
					t.Errorf("metrics\n%v, want\n%v", got, want)
				}
			}
		})
	}
}

func TestUseOfTheCacheIsCounted(t *testing.T) {
	dir := t.TempDir()
	use := func(fold, epochs int) (out []trial.CacheUse) {
		job := sentences(t, 40, p("freeze.strategy", "partial"), p("freeze.depth", 0.25))
		job.Cache, job.Fold = folder(t, dir), fold
		if fold > 0 {
			job.Train, job.Valid = job.Train[:20], append(job.Valid, job.Train[20:]...)
		}
		l := start(t, job)
		for range epochs {
			r, err := l.Epoch(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, *r.Cache)
		}
		return out
	}
	// 40 sentences in two batches, each of which takes a second of the clock.
	first := use(0, 2)
	if u := first[0]; u.Hits != 0 || u.Misses != 40 || u.Saved != 0 {
		t.Errorf("first epoch: %+v", u)
	}
	if u := first[1]; u.Hits != 40 || u.Misses != 0 || u.Saved < 1.99 || u.Saved > 2.01 {
		t.Errorf("second epoch: %+v", u)
	}
	if u := use(1, 1)[0]; u.Hits != 40 || u.Misses != 0 || u.Saved < 1.99 || u.Saved > 2.01 {
		t.Errorf("another fold: %+v", u)
	}
	l := start(t, sentences(t, 40))
	if r, err := l.Epoch(t.Context(), nil); err != nil || r.Cache != nil {
		t.Errorf("nothing is frozen: %+v, %v", r.Cache, err)
	}
}

// Other weights, other blocks and other texts are other entries.
func TestCacheTellsApart(t *testing.T) {
	store := prefix.New(prefix.Options{})
	misses := func(change func(*Job)) int {
		job := sentences(t, 40, p("freeze.strategy", "partial"), p("freeze.depth", 0.25))
		job.Cache = store
		change(&job)
		l := start(t, job)
		r, err := l.Epoch(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Cache.Misses
	}
	if n := misses(func(*Job) {}); n != 40 {
		t.Fatalf("%d misses at first", n)
	}
	if n := misses(func(j *Job) { j.Net.ReplaceHead(j.Net.Classes(), 77) }); n != 0 {
		t.Errorf("another head: %d misses", n)
	}
	if n := misses(func(j *Job) { j.Net.Params()[0].Data[3] += 1e-3 }); n != 40 {
		t.Errorf("another weight: %d misses", n)
	}
	if n := misses(func(j *Job) { j.Options.Freeze.Strategy = trial.HeadOnly }); n != 40 {
		t.Errorf("other blocks: %d misses", n)
	}
}

func TestDamagedCacheIsComputedAgain(t *testing.T) {
	dir := t.TempDir()
	job := func() Job {
		j := digits(t, 40, p("freeze.strategy", "head_only"))
		j.Cache = prefix.New(prefix.Options{Dir: dir, Disk: 1 << 30, Memory: -1})
		return j
	}
	want := epochs(t, start(t, job()), 2)
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.seg"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-2] ^= 0x40
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := epochs(t, start(t, job()), 2); !reflect.DeepEqual(got, want) {
		t.Errorf("metrics\n%v, want\n%v", got, want)
	}
}

// Where neither disk nor memory has room, the frozen blocks run in every epoch.
func TestNoRoomForTheCache(t *testing.T) {
	job := func(store *prefix.Store) Job {
		j := sentences(t, 40, p("freeze.strategy", "partial"), p("freeze.depth", 0.25))
		j.Cache = store
		return j
	}
	l := start(t, job(prefix.New(prefix.Options{Memory: 100})))
	r, err := l.Epoch(t.Context(), nil)
	if err != nil || r.Cache != nil {
		t.Errorf("%+v, %v", r.Cache, err)
	}
	solved := sentences(t, 40, p("head", "solved"))
	solved.Cache = nil
	if r, err := start(t, solved).Epoch(t.Context(), nil); err != nil {
		t.Error(fmt.Sprint(r), err)
	}
}
