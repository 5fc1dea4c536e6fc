package prefix

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// ErrFull means that an entry could be kept neither on disk nor in memory.
var ErrFull = errors.New("no room for more activations of frozen blocks")

// Set is the entries of one prefix.
type Set struct {
	store    *Store
	prefix   Key
	entries  map[Key]*Entry
	mappings []*mapping
	pending  []*Entry // not yet on disk
	size     int64    // bytes of pending
}

// Entry is what a prefix makes of an example.
type Entry struct {
	key    Key
	values []float32
	cost   time.Duration
	source *mapping // of values; nil: memory
	sum    uint32
	sure   bool // the sum was checked
}

// Len is how many floats it has.
func (e *Entry) Len() int { return len(e.values) }

// Cost is how long it took to compute.
func (e *Entry) Cost() time.Duration { return e.cost }

func (e *Entry) bytes() int64 { return 4 * int64(len(e.values)) }

// check reports whether the floats are those that were written.
func (e *Entry) check() bool {
	if e.source == nil || e.sure {
		return true
	}
	sum := ^e.sum
	err := guarded(func() { sum = sumOf(e.values) })
	e.sure = err == nil && sum == e.sum
	return e.sure
}

// Read copies the floats into dst, which has room for them. It fails where the file they lie in was damaged since Find.
func (e *Entry) Read(dst []float32) error {
	if e.source == nil {
		copy(dst, e.values)
		return nil
	}
	if err := guarded(func() { copy(dst, e.values) }); err != nil {
		return fmt.Errorf("read %s: %w", e.source.path, err)
	}
	return nil
}

// Find is the entry of a key; nil: there is none. Its floats are those that were written, to the bit.
func (s *Set) Find(key Key) *Entry {
	e := s.entries[key]
	if e != nil && !e.check() {
		s.drop(e.source, fmt.Errorf("%w: the sum of an entry is another", errDamaged))
		return nil
	}
	return e
}

// Fits reports whether entries of so many floats in all can be added, as far as can be told beforehand.
func (s *Set) Fits(floats int64) bool { return s.store.fits(s.prefix, 4*floats) }

// Add keeps a copy of an entry that is not there, and what computing it took. It fails with ErrFull.
func (s *Set) Add(key Key, values []float32, cost time.Duration) (*Entry, error) {
	if e := s.entries[key]; e != nil {
		return e, nil
	}
	e := &Entry{key: key, values: slices.Clone(values), cost: max(0, cost)}
	if !s.store.writable() {
		if !s.store.keep(s.prefix, []*Entry{e}) {
			return nil, ErrFull
		}
		s.entries[key] = e
		return e, nil
	}
	s.entries[key] = e
	s.pending = append(s.pending, e)
	if s.size += e.bytes(); s.size >= s.store.segment {
		if err := s.Flush(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Flush puts what was added where others can find it: on disk, or where that takes no more into memory. It fails with ErrFull.
func (s *Set) Flush() error {
	if len(s.pending) == 0 {
		return nil
	}
	entries := s.pending
	s.pending, s.size = nil, 0
	slots, values, at := make([]slot, len(entries)), make([][]float32, len(entries)), 0
	for i, e := range entries {
		slots[i] = slot{key: e.key, start: at, length: len(e.values), cost: e.cost, sum: sumOf(e.values)}
		values[i] = e.values
		at += len(e.values)
	}
	err := s.put(entries, slots, values)
	if errors.Is(err, errDamaged) { // a segment of that name was, and is removed
		err = s.put(entries, slots, values)
	}
	if err == nil {
		return nil
	}
	s.store.fail(err)
	if !s.store.keep(s.prefix, entries) {
		return ErrFull
	}
	return nil
}

// put writes a segment and lets the entries be those in it.
func (s *Set) put(entries []*Entry, slots []slot, values [][]float32) error {
	path, err := s.store.disk.write(s.prefix, slots, values)
	if err != nil {
		return err
	}
	m, err := open(path, s.prefix)
	if err == nil {
		s.mappings = append(s.mappings, m)
		err = move(entries, m)
	}
	if errors.Is(err, errDamaged) {
		s.discard(path, err)
	}
	return err
}

// move lets entries be those of a segment, written with them or by somebody else with the same keys.
func move(entries []*Entry, m *mapping) error {
	same := slices.EqualFunc(entries, m.slots, func(e *Entry, l slot) bool { return l.key == e.key && l.length == len(e.values) })
	if !same {
		return fmt.Errorf("%w: it has other entries than its name says", errDamaged)
	}
	moved := make([]Entry, len(entries))
	for i, l := range m.slots {
		moved[i] = m.entry(l)
		if !moved[i].check() {
			return fmt.Errorf("%w: the sum of an entry is another", errDamaged)
		}
	}
	for i, e := range entries {
		*e = moved[i]
	}
	return nil
}

// load takes in a segment. One that is damaged is removed.
func (s *Set) load(path string) {
	m, err := open(path, s.prefix)
	switch {
	case errors.Is(err, errDamaged):
		s.discard(path, err)
		return
	case err != nil:
		return // removed in between, or not ours to read: its entries are computed again
	}
	s.mappings = append(s.mappings, m)
	s.store.disk.touch(path)
	for _, l := range m.slots {
		if s.entries[l.key] == nil {
			e := m.entry(l)
			s.entries[l.key] = &e
		}
	}
}

// drop forgets the entries of a damaged segment that nobody has seen yet. Those that were found before were right then.
func (s *Set) drop(m *mapping, err error) {
	for k, e := range s.entries {
		if e.source == m && !e.sure {
			delete(s.entries, k)
		}
	}
	s.discard(m.path, err)
}

// discard removes a damaged segment.
func (s *Set) discard(path string, err error) {
	s.store.options.Warn(fmt.Errorf("%s is not used: %w", path, err))
	_ = os.Remove(path) // somebody else may have
}

// Bytes is how much of the prefix is held, on disk and in memory.
func (s *Set) Bytes() int64 {
	n := int64(0)
	for _, e := range s.entries {
		n += e.bytes()
	}
	return n
}

// Close ends the use of the set and of its entries. What was not flushed is lost.
func (s *Set) Close() error {
	var errs []error
	for _, m := range s.mappings {
		errs = append(errs, m.close())
	}
	s.entries, s.mappings, s.pending = nil, nil, nil
	s.store.close(s.prefix)
	return errors.Join(errs...)
}
