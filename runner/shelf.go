package runner

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"automl/runner/disk"
	"automl/trial"
)

// shelf knows what the checkpoints of each trial take of the disk and, as far as the daemon has said so, what they are worth. When all
// together take more than they may, those go first that save the least training for their bytes; the trial starts its fold again, should
// it ever go on. Those of trials at work are never touched.
type shelf struct {
	store store
	limit Limit
	free  func(dir string) (int64, error) // bytes on its disk

	mu      sync.Mutex
	kept    map[trial.Key]kept // by trial: Attempt is 0
	dropped int64              // trials whose checkpoints were given up
}

// kept is the checkpoints of a trial.
type kept struct {
	bytes int64
	made  time.Time
	worth float64 // seconds of training that are likely to be done again without them
	known bool    // worth is
}

func newShelf(s store, l Limit) *shelf {
	return &shelf{store: s, limit: l, free: disk.Free, kept: map[trial.Key]kept{}}
}

// look measures everything that lies there.
func (s *shelf) look() {
	for _, k := range s.store.trials() {
		s.measure(k)
	}
}

// measure looks at the checkpoints of a trial again: they have changed, so that what they were worth is known no more.
func (s *shelf) measure(k trial.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.Attempt = 0
	bytes, made := s.store.size(k.Study, k.Trial)
	if made.IsZero() {
		delete(s.kept, k)
		return
	}
	s.kept[k] = kept{bytes: bytes, made: made}
}

// weigh notes what the checkpoints of a trial are worth.
func (s *shelf) weigh(k trial.Key, worth float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.Attempt = 0
	if q, there := s.kept[k]; there {
		q.worth, q.known = worth, true
		s.kept[k] = q
	}
}

// use is what the checkpoints take now. It asks what they are worth when three quarters of what there may be are taken.
func (s *shelf) use() trial.DiskUse {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := s.total()
	limit := s.most(total)
	return trial.DiskUse{Bytes: total, Limit: limit, Dropped: s.dropped, Weigh: limit > 0 && total > limit/4*3}
}

func (s *shelf) total() (n int64) {
	for _, q := range s.kept {
		n += q.bytes
	}
	return n
}

// most is how much the checkpoints may take, given what they take; 0: anything.
func (s *shelf) most(total int64) int64 {
	return s.limit.most(total, func() (int64, error) { return s.free(string(s.store)) })
}

// most is the limit in bytes of what takes so many now; 0: there is none.
func (l Limit) most(taken int64, free func() (int64, error)) int64 {
	if l.Bytes > 0 || l.Share == 0 {
		return l.Bytes
	}
	left, err := free()
	if err != nil {
		return 0 // a file system that does not say what is free has no share of it
	}
	return max(1, int64(l.Share*float64(taken+left)))
}

// surplus is the trials whose checkpoints have to go so that the rest may stay, and over, how many bytes are too many even then. busy tells
// which trials are at work.
func (s *shelf) surplus(busy func(trial.Key) bool) (gone []trial.Key, over int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := s.total()
	limit := s.most(total)
	if limit == 0 || total <= limit {
		return nil, 0
	}
	var idle []trial.Key
	for k := range s.kept {
		if !busy(k) {
			idle = append(idle, k)
		}
	}
	slices.SortFunc(idle, func(a, b trial.Key) int { return cmp.Or(before(s.kept[a], s.kept[b]), compareKeys(a, b)) })
	for _, k := range idle {
		if total <= limit {
			break
		}
		total -= s.kept[k].bytes
		gone = append(gone, k)
	}
	return gone, max(0, total-limit)
}

// before orders checkpoints: those go first that are worth least for their bytes, then, oldest first, those of which nothing is known.
func before(a, b kept) int {
	switch {
	case a.known != b.known && a.known:
		return -1
	case a.known != b.known:
		return 1
	case a.known:
		return cmp.Compare(a.worth*float64(b.bytes), b.worth*float64(a.bytes))
	}
	return a.made.Compare(b.made)
}

// drop notes that the checkpoints of a trial were given up.
func (s *shelf) drop(k trial.Key) (was kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was = s.kept[k]
	delete(s.kept, k)
	s.dropped++
	return was
}

func compareKeys(a, b trial.Key) int {
	return cmp.Or(cmp.Compare(a.Study, b.Study), cmp.Compare(a.Trial, b.Trial), cmp.Compare(a.Attempt, b.Attempt))
}
