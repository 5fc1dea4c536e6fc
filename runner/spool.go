package runner

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"automl/trial"
	"automl/trial/group"
)

// spool is the file of the messages that are not committed yet, of all attempts of a runner. A line is a message; one with number 0
// only says that an attempt has begun, and one with Over that nothing of it is wanted any more. What several attempts write at the
// same time is made durable together: a hundred of them cost as much as one. Behind the lines there are zeros, in whose place the next
// ones come: a file that does not become longer is durable sooner.
type spool struct {
	dir   string
	lines group.Group[line]

	// Only the group's serving touches these.
	file *os.File // nil: nothing was ever written
	size int64    // of the lines in it
	room int64    // of the file

	mu     sync.Mutex
	kept   map[trial.Key][]span // the lines that are still needed
	needed int64                // their bytes
}

// line is a line of the file.
type line struct {
	trial.Inbound
	Over bool `json:"over,omitempty"`

	text []byte
	then func(error) // told whether it is on the disk; nil: nobody is
}

// span is where a message stands in the file.
type span struct {
	n, at, length int64
}

const (
	spoolName = "spool.jsonl"
	nextSpool = "spool.next" // while it is written
	// spoolSize is how long the file gets before what is still needed is written anew, unless that is more than half of it.
	spoolSize = 4 << 20
	// spoolRoom is how much room is made at once.
	spoolRoom = 256 << 10
	// spoolPace is how long a message may wait for others to be made durable with.
	spoolPace = time.Millisecond
)

// leftover is what an earlier run left of an attempt.
type leftover struct {
	key      trial.Key
	last     int64 // the highest number
	messages []trial.Inbound
}

// openSpool opens the spool of a work directory, and returns what is left in it, in the order it began.
func openSpool(dir string) (*spool, []leftover, error) {
	s := &spool{dir: dir, kept: map[trial.Key][]span{}}
	s.lines.Serve, s.lines.Pace = s.write, spoolPace
	paths, _ := filepath.Glob(filepath.Join(dir, "*.jsonl")) // the pattern is right
	var left []leftover
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		left = readSpool(data, left)
	}
	// The lines are written anew, so that the file begins with whole ones.
	var all []line
	for _, l := range left {
		all = append(all, newLine(trial.Inbound{Key: l.key}, false))
		for _, m := range l.messages {
			all = append(all, newLine(m, false))
		}
	}
	if len(all) > 0 {
		if err := s.replace(all); err != nil {
			return nil, nil, err
		}
	}
	for _, path := range paths { // an older version had a file for each attempt
		if filepath.Base(path) != spoolName || len(all) == 0 {
			os.Remove(path)
		}
	}
	return s, left, nil
}

// readSpool adds what a file holds, up to a line that is not whole.
func readSpool(data []byte, left []leftover) []leftover {
	for text := range bytes.Lines(data) {
		var l line
		if !bytes.HasSuffix(text, []byte{'\n'}) || json.Unmarshal(text, &l) != nil || !valid(l.Key) || l.N < 0 {
			break
		}
		if l.N == 0 {
			left = slices.DeleteFunc(left, func(q leftover) bool { return q.key == l.Key })
			if !l.Over {
				left = append(left, leftover{key: l.Key})
			}
			continue
		}
		i := slices.IndexFunc(left, func(q leftover) bool { return q.key == l.Key })
		if i < 0 {
			i = len(left)
			left = append(left, leftover{key: l.Key})
		}
		left[i].messages = append(left[i].messages, l.Inbound)
		left[i].last = max(left[i].last, l.N)
	}
	return left
}

// newLine makes a line, without text when the message cannot be written.
func newLine(m trial.Inbound, over bool) line {
	l := line{Inbound: m, Over: over}
	text, err := m.AppendJSON(nil)
	if err != nil {
		return l
	}
	if over {
		text = append(text[:len(text)-1], `,"over":true}`...)
	}
	l.text = append(text, '\n')
	return l
}

// begin notes that an attempt has begun.
func (s *spool) begin(k trial.Key, run string, then func(error)) {
	s.add(trial.Inbound{Key: k, Run: run}, then)
}

// add writes a message, and says when it is on the disk, or why it is not. Messages are written in the order in which they are added. It
// returns the message as JSON, nil where it cannot be written.
func (s *spool) add(m trial.Inbound, then func(error)) []byte {
	l := newLine(m, false)
	l.then = then
	s.lines.Add(l)
	return bytes.TrimSuffix(l.text, []byte{'\n'})
}

// release says that a message is committed elsewhere.
func (s *spool) release(k trial.Key, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.kept[k], func(q span) bool { return q.n == n }); i >= 0 {
		s.needed -= s.kept[k][i].length
		s.kept[k] = slices.Delete(s.kept[k], i, i+1)
	}
}

// over says that nothing of an attempt is needed any more: everything is committed elsewhere, or nobody wants it. That need not be
// durable: what is sent again has no effect.
func (s *spool) over(k trial.Key) {
	s.lines.Add(newLine(trial.Inbound{Key: k}, true))
}

// settle waits until everything is written that was added.
func (s *spool) settle() { s.lines.Wait() }

// close leaves what is in the spool to the next run. Nobody may write any more.
func (s *spool) close() {
	s.settle()
	if s.file == nil {
		return
	}
	_ = s.file.Close() // all of it is on the disk
	if len(s.kept) == 0 {
		_ = os.Remove(filepath.Join(s.dir, spoolName)) // what is left in it would be sent again, without effect
	}
}

// write writes lines and makes them durable.
func (s *spool) write(lines []line) {
	err := s.put(lines)
	if err == nil {
		s.tidy()
	}
	for _, l := range lines {
		if l.then == nil {
			continue
		}
		if l.text == nil {
			l.then(trial.Errorf(trial.Invalid, "message %d cannot be written", l.N))
			continue
		}
		l.then(err)
	}
}

func (s *spool) put(lines []line) error {
	var text []byte
	durable := false
	for _, l := range lines {
		durable = durable || !l.Over
		text = append(text, l.text...)
	}
	switch {
	case s.file != nil:
	case !durable: // nothing of it is in a file
		return nil
	default:
		if err := s.replace(nil); err != nil {
			return err
		}
	}
	err := s.grow(int64(len(text)))
	if err == nil {
		_, err = s.file.WriteAt(text, s.size)
	}
	if err == nil && durable {
		err = datasync(s.file)
	}
	if err != nil {
		s.room = s.size
		return errors.Join(err, s.file.Truncate(s.size))
	}
	s.note(lines)
	return nil
}

// grow makes room for so many bytes more.
func (s *spool) grow(bytes int64) error {
	if s.size+bytes <= s.room {
		return nil
	}
	more := max(spoolRoom, s.size+bytes-s.room)
	if _, err := s.file.WriteAt(make([]byte, more), s.room); err != nil {
		return err
	}
	s.room += more
	return s.file.Sync()
}

// note remembers where lines stand that were written at the end of the file.
func (s *spool) note(lines []line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lines {
		length := int64(len(l.text))
		if length == 0 {
			continue
		}
		if l.N == 0 {
			for _, q := range s.kept[l.Key] {
				s.needed -= q.length
			}
			delete(s.kept, l.Key)
		}
		if !l.Over {
			s.kept[l.Key] = append(s.kept[l.Key], span{l.N, s.size, length})
			s.needed += length
		}
		s.size += length
	}
}

// tidy goes back to the beginning where nothing is needed, and replaces a file that has grown.
func (s *spool) tidy() {
	s.mu.Lock()
	none, grown := len(s.kept) == 0, s.size > spoolSize && s.needed < s.size/2
	var needed []span
	if grown {
		needed = slices.Concat(slices.Collect(maps.Values(s.kept))...)
	}
	s.mu.Unlock()
	switch {
	case none && s.size > 0:
		if _, err := s.file.WriteAt(make([]byte, s.size), 0); err == nil { // no line may follow those that come now
			s.size = 0
		}
	case grown:
		slices.SortFunc(needed, func(a, b span) int { return cmp.Compare(a.at, b.at) })
		if lines, err := s.read(needed); err == nil {
			_ = s.replace(lines) // where there is no room, the old file grows
		}
	}
}

// read reads lines of the file.
func (s *spool) read(spans []span) ([]line, error) {
	lines := make([]line, len(spans))
	for i, q := range spans {
		text := make([]byte, q.length)
		if _, err := s.file.ReadAt(text, q.at); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &lines[i]); err != nil {
			return nil, err
		}
		lines[i].text = text
	}
	return lines, nil
}

// replace puts a file with these lines in the place of the one before. Where it fails, that one stays.
func (s *spool) replace(lines []line) error {
	next := filepath.Join(s.dir, nextSpool)
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	var text []byte
	for _, l := range lines {
		text = append(text, l.text...)
	}
	room := len(text) + spoolRoom
	if _, err = f.Write(append(text, make([]byte, spoolRoom)...)); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(next, filepath.Join(s.dir, spoolName))
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(next))
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	s.file, s.size, s.room = f, 0, int64(room)
	s.mu.Lock()
	clear(s.kept)
	s.needed = 0
	s.mu.Unlock()
	s.note(lines)
	return syncDir(s.dir)
}
