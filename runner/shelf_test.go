package runner

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"automl/trial"
)

func key(study string, number int) trial.Key { return trial.Key{Study: study, Trial: number} }

// fill makes a checkpoint of so many bytes.
func fill(t *testing.T, s store, k trial.Key, bytes int) {
	t.Helper()
	dir := filepath.Join(s.trial(k.Study, k.Trial), "fold0-epoch1")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "w"), make([]byte, bytes), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestShelfGivesUpWhatIsWorthLeast(t *testing.T) {
	nobody := func(trial.Key) bool { return false }
	for name, c := range map[string]struct {
		limit Limit
		free  int64
		bytes map[int]int     // by trial
		worth map[int]float64 // of those that the daemon has spoken of
		busy  int             // the trial at work; 0: none
		gone  []int           // in this order
		over  int64
	}{
		"no limit":                        {bytes: map[int]int{1: 1000}},
		"enough room":                     {limit: Limit{Bytes: 300}, bytes: map[int]int{1: 100, 2: 200}},
		"least worth":                     {limit: Limit{Bytes: 200}, bytes: map[int]int{1: 100, 2: 100, 3: 100}, worth: map[int]float64{1: 3, 2: 1, 3: 2}, gone: []int{2}},
		"least worth of equals, in order": {limit: Limit{Bytes: 100}, bytes: map[int]int{1: 100, 2: 100, 3: 100}, worth: map[int]float64{1: 1, 2: 1, 3: 1}, gone: []int{1, 2}},
		"large ones save more room":       {limit: Limit{Bytes: 1000}, bytes: map[int]int{1: 100, 2: 1000}, worth: map[int]float64{1: 2, 2: 3}, gone: []int{2}},
		"nothing known of one":            {limit: Limit{Bytes: 200}, bytes: map[int]int{1: 100, 2: 100, 3: 100}, worth: map[int]float64{3: 5}, gone: []int{3}},
		"of nobody":                       {limit: Limit{Bytes: 200}, bytes: map[int]int{1: 100, 2: 100, 3: 100}, worth: map[int]float64{1: 5, 2: 0, 3: 7}, gone: []int{2}},
		"at work":                         {limit: Limit{Bytes: 200}, bytes: map[int]int{1: 100, 2: 100, 3: 100}, worth: map[int]float64{1: 1, 2: 2, 3: 3}, busy: 1, gone: []int{2}},
		"at work alone is too much":       {limit: Limit{Bytes: 50}, bytes: map[int]int{1: 100, 2: 100}, busy: 1, gone: []int{2}, over: 50},
		"a share, of which enough":        {limit: Limit{Share: .5}, free: 300, bytes: map[int]int{1: 100, 2: 200}},
		"a share that others have taken":  {limit: Limit{Share: .5}, free: 100, bytes: map[int]int{1: 100, 2: 200}, worth: map[int]float64{1: 1, 2: 3}, gone: []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(store(t.TempDir()), c.limit)
			s.free = func(string) (int64, error) { return c.free, nil }
			for n, bytes := range c.bytes {
				fill(t, s.store, key("s", n), bytes)
			}
			s.look()
			for n, w := range c.worth {
				s.weigh(trial.Key{Study: "s", Trial: n, Attempt: 3}, w)
			}
			busy := nobody
			if c.busy > 0 {
				busy = func(k trial.Key) bool { return k.Trial == c.busy }
			}
			gone, over := s.surplus(busy)
			var numbers []int
			for _, k := range gone {
				numbers = append(numbers, k.Trial)
			}
			if !slices.Equal(numbers, c.gone) || over != c.over {
				t.Errorf("%v go, and %d bytes are too many; want %v and %d", numbers, over, c.gone, c.over)
			}
		})
	}
}

// Where nothing is known of the checkpoints the oldest go first; one that has changed is worth something else.
func TestShelfKnowsWhatChanged(t *testing.T) {
	s := newShelf(store(t.TempDir()), Limit{Bytes: 250})
	for n := range 3 {
		fill(t, s.store, key("s", n), 100)
		day := time.Date(2026, 1, 9-n, 0, 0, 0, 0, time.UTC)
		for _, dir := range []string{s.store.trial("s", n), filepath.Join(s.store.trial("s", n), "fold0-epoch1")} {
			if err := os.Chtimes(dir, day, day); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.look()
	goes := func(want int) {
		t.Helper()
		if gone, _ := s.surplus(func(trial.Key) bool { return false }); len(gone) != 1 || gone[0].Trial != want {
			t.Errorf("%v go, want trial %d", gone, want)
		}
	}
	goes(2)
	s.weigh(key("s", 0), 1e9)
	goes(0) // it is known to be worth so much an hour of room, the others may be of a study long gone
	s.measure(trial.Key{Study: "s", Trial: 0, Attempt: 5})
	goes(2)
	if u := s.use(); u.Bytes != 300 || u.Limit != 250 || !u.Weigh {
		t.Errorf("%+v", u)
	}
	if err := os.RemoveAll(s.store.trial("s", 2)); err != nil {
		t.Fatal(err)
	}
	s.measure(key("s", 2))
	if u := s.use(); u.Bytes != 200 || !u.Weigh {
		t.Errorf("%+v", u)
	}
	s.limit = Limit{Share: 1}
	s.free = func(string) (int64, error) { return 0, errors.New("a strange file system") }
	if u := s.use(); u.Limit != 0 || u.Weigh {
		t.Errorf("%+v", u)
	}
}

// A trial whose checkpoints were given up trains from the start of its fold again; the better one, and the one at work, keep theirs.
func TestCheckpointsUnderACap(t *testing.T) {
	t.Parallel()
	beats := make(chan trial.DiskUse, 1) // the last
	b := newBench(t, func(c *Config, q *fakeQueue) {
		c.Timings.Heartbeat = 10 * time.Millisecond
		c.Shelf = Limit{Bytes: 2} // a checkpoint of processtest has a byte, the number of its epoch, and two are kept of each trial
		q.beat = func(i trial.RunnerInfo) error {
			select {
			case <-beats:
			default:
			}
			beats <- *i.Disk
			return nil
		}
	})
	b.queue.reply = verbAt(at(0, 2), trial.Pause)
	for n := range 2 {
		a := order(1, at(0, 0), at(0, 2), "train-careful")
		a.Trial = n
		if n == 1 {
			b.tell(trial.Outbound{Key: key("s1", 0), Verb: trial.Keep, Worth: 10})
		}
		if _, exit := b.attempt(a); exit.Failure != "" {
			t.Fatal(exit)
		}
	}
	// Two bytes each: the first had to go as soon as the second one's second checkpoint came, however much it was worth.
	if got := b.files("checkpoints"); !slices.Equal(got, []string{"s1/1/fold0-epoch1/epoch", "s1/1/fold0-epoch2/epoch"}) {
		t.Fatalf("kept %v", got)
	}
	want := trial.DiskUse{Bytes: 2, Limit: 2, Dropped: 1, Weigh: true}
	for n, u := 0, (trial.DiskUse{}); u != want; n++ {
		if u = receive(t, beats); n > 1000 {
			t.Fatalf("the last heartbeat has %+v, want %+v", u, want)
		}
	}
	a := order(2, at(0, 2), at(0, 3), "train-careful")
	a.Trial = 0
	reports, exit := b.attempt(a)
	if got := epochs(reports); exit.Failure != "" || !slices.Equal(got, []trial.Resource{at(0, 1), at(0, 2)}) {
		t.Errorf("went on with %+v after %v", exit, got)
	}
	b.drained()
	if got := append(b.files("scratch"), b.files("checkpoints/s1/1")...); len(got) != 0 {
		t.Errorf("left behind %v", got)
	}
}
