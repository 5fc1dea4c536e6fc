package prefix

import (
	"fmt"
	"sync"
	"time"
)

// DefaultMemory is a gigabyte.
const DefaultMemory = 1 << 30

// segmentBytes is about how large a segment becomes: what is computed and not yet on disk lies in memory.
const segmentBytes = 64 << 20

// Options say where a store keeps entries. Without a folder, or where it takes no more, they are kept in memory.
type Options struct {
	Dir    string           // shared by any number of processes; empty: none
	Disk   int64            // most bytes in Dir; 0: none
	Memory int64            // most bytes in memory; 0: DefaultMemory; below 0: none
	Warn   func(error)      // hears why the folder is not used any more, or what in it was damaged; nil: nobody does
	Now    func() time.Time // default: time.Now
}

// Store keeps the entries of any number of prefixes.
type Store struct {
	options Options
	disk    *folder
	segment int64 // bytes, see segmentBytes

	mu     sync.Mutex
	broken bool           // the disk: the owner was told
	held   int64          // bytes in memory
	clock  int            // of the last use of a shelf
	shelf  map[Key]*shelf // by prefix
}

// shelf is the entries of a prefix in memory.
type shelf struct {
	entries map[Key]*Entry
	bytes   int64
	open    int // sets that use them
	used    int // when it was last opened or closed
}

// New makes a store. The folder need not exist.
func New(o Options) *Store {
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Warn == nil {
		o.Warn = func(error) {}
	}
	s := &Store{options: o, segment: segmentBytes, shelf: map[Key]*shelf{}}
	if o.Dir != "" && o.Disk > 0 {
		s.disk = newFolder(o.Dir, o.Disk, o.Now)
	}
	return s
}

// Now is the store's clock, for measuring what entries cost.
func (s *Store) Now() time.Time { return s.options.Now() }

// Held is how many bytes of entries lie in memory for good.
func (s *Store) Held() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// Set opens what there is of a prefix.
func (s *Store) Set(prefix Key) *Set {
	set := &Set{store: s, prefix: prefix, entries: map[Key]*Entry{}}
	s.mu.Lock()
	s.clock++
	h := s.shelf[prefix]
	if h == nil {
		h = &shelf{entries: map[Key]*Entry{}}
		s.shelf[prefix] = h
	}
	h.open++
	h.used = s.clock
	for k, e := range h.entries {
		set.entries[k] = e
	}
	s.mu.Unlock()
	if s.disk != nil {
		for _, path := range s.disk.segments(prefix) {
			set.load(path)
		}
	}
	return set
}

// close ends the use of a shelf; its entries stay until others need their room.
func (s *Store) close(prefix Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock++
	h := s.shelf[prefix]
	h.open--
	h.used = s.clock
	if h.open == 0 && len(h.entries) == 0 {
		delete(s.shelf, prefix)
	}
}

// keep puts entries into memory for good, or reports that they do not fit. What no set uses makes room, least recently used first.
func (s *Store) keep(prefix Key, entries []*Entry) bool {
	size := int64(0)
	for _, e := range entries {
		size += e.bytes()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.room(size) {
		return false
	}
	h := s.shelf[prefix]
	for _, e := range entries {
		if h.entries[e.key] == nil {
			h.entries[e.key] = e
			h.bytes += e.bytes()
			s.held += e.bytes()
		}
	}
	return true
}

// room makes room in memory, or reports that there is none.
func (s *Store) room(size int64) bool {
	for s.held+size > s.options.Memory {
		var oldest *shelf
		var at Key
		for k, h := range s.shelf {
			if h.open == 0 && (oldest == nil || h.used < oldest.used) {
				oldest, at = h, k
			}
		}
		if oldest == nil {
			return false
		}
		s.held -= oldest.bytes
		delete(s.shelf, at)
	}
	return true
}

// fits reports whether so many bytes more of a prefix can be kept, as far as can be told beforehand.
func (s *Store) fits(prefix Key, size int64) bool {
	if s.writable() {
		_, _, own := s.disk.list(prefix)
		if own+size <= s.disk.cap {
			return true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room(size)
}

// writable reports whether the folder takes more.
func (s *Store) writable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disk != nil && !s.broken
}

// fail notes that the folder takes no more.
func (s *Store) fail(err error) {
	s.mu.Lock()
	first := !s.broken
	s.broken = true
	s.mu.Unlock()
	if first {
		s.options.Warn(fmt.Errorf("the cache of frozen activations in %s takes no more, memory has to do: %w", s.options.Dir, err))
	}
}
