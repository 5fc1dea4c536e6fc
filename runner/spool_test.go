package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"automl/trial"
)

// openIn opens a spool and has it closed.
func openIn(t *testing.T, dir string) (*spool, []leftover) {
	t.Helper()
	s, left, err := openSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, left
}

func keyOf(number int) trial.Key { return trial.Key{Study: "s-1", Trial: number, Attempt: 3} }

func folds(number int, n int64) trial.Inbound {
	return trial.Inbound{Key: keyOf(number), Run: "r", N: n, Folds: &trial.FoldsSeen{Rows: int(n), Hash: strings.Repeat("x", 1000)}}
}

// writeAll puts messages into the spool and fails where it does.
func writeAll(t *testing.T, s *spool, messages ...trial.Inbound) {
	t.Helper()
	for _, m := range messages {
		if err := write(s, m); err != nil {
			t.Fatal(err)
		}
	}
}

// write puts a message into the spool and waits until it is on the disk; one without a number begins its attempt.
func write(s *spool, m trial.Inbound) error {
	done := make(chan error, 1)
	s.add(m, func(err error) { done <- err })
	return <-done
}

func numbers(left []leftover) string {
	var out []string
	for _, l := range left {
		text := fmt.Sprint(l.key.Trial, ":")
		for _, m := range l.messages {
			text += fmt.Sprint(" ", m.N)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestSpoolSurvivesATornLine(t *testing.T) {
	dir := t.TempDir()
	s, left := openIn(t, dir)
	if len(left) != 0 {
		t.Fatalf("a new one holds %v", left)
	}
	for n := range 3 {
		if err := write(s, trial.Inbound{Key: keyOf(n), Run: "r"}); err != nil {
			t.Fatal(err)
		}
	}
	writeAll(t, s, folds(2, 1), folds(1, 1), folds(2, 2))
	s.over(keyOf(1))
	s.settle()
	if _, err := s.file.WriteAt([]byte(`{"key":{"study":"s-1`), s.size); err != nil {
		t.Fatal(err)
	}
	s.close()
	s, left = openIn(t, dir)
	if got := numbers(left); got != "0:, 2: 1 2" || left[1].last != 2 || !reflect.DeepEqual(left[1].messages[1], folds(2, 2)) {
		t.Fatalf("read %s, %+v", got, left)
	}
	writeAll(t, s, folds(2, 3))
	if err := write(s, trial.Inbound{Key: keyOf(0), Run: "r2"}); err != nil { // the same attempt anew: what was there is of no use
		t.Fatal(err)
	}
	writeAll(t, s, folds(0, 1))
	s.close()
	if _, left = openIn(t, dir); numbers(left) != "2: 1 2 3, 0: 1" {
		t.Errorf("read %s", numbers(left))
	}
}

func TestSpoolReadsTheFilesOfAnEarlierVersion(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "s-1-2-3.jsonl")
	text := `{"key":{"study":"s-1","trial":2,"attempt":3},"run":"r","n":0}
{"key":{"study":"s-1","trial":2,"attempt":3},"run":"r","n":1,"exit":{}}
`
	if err := os.WriteFile(old, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, left := openIn(t, dir)
		if numbers(left) != "2: 1" || left[0].messages[0].Exit == nil {
			t.Errorf("read %s", numbers(left))
		}
		if _, err := os.Stat(old); err == nil {
			t.Error("the old file is still there")
		}
		s.close()
	}
}

// TestSpoolIsAsLongAsWhatItHolds writes much and has most of it released.
func TestSpoolIsAsLongAsWhatItHolds(t *testing.T) {
	dir := t.TempDir()
	s, _ := openIn(t, dir)
	const attempts, messages = 8, 1500
	var all sync.WaitGroup
	for a := range attempts {
		all.Go(func() {
			if err := write(s, trial.Inbound{Key: keyOf(a), Run: "r"}); err != nil {
				t.Error(err)
			}
			for n := int64(1); n <= messages; n++ {
				if err := write(s, folds(a, n)); err != nil {
					t.Error(err)
				}
				if n > 1 { // the first is never receipted
					s.release(keyOf(a), n)
				}
			}
		})
	}
	all.Wait()
	info, err := os.Stat(filepath.Join(dir, spoolName))
	if err != nil || info.Size() > spoolSize+spoolSize/2 {
		t.Errorf("it is %d bytes long: %v", info.Size(), err)
	}
	s.close()
	s, left := openIn(t, dir)
	if len(left) != attempts {
		t.Errorf("read %s", numbers(left))
	}
	for _, l := range left {
		if l.messages[0].N != 1 || !reflect.DeepEqual(l.messages[0], folds(l.key.Trial, 1)) {
			t.Errorf("trial %d begins with %+v", l.key.Trial, l.messages[0])
		}
		s.over(l.key)
	}
	s.settle()
	if data, err := os.ReadFile(filepath.Join(dir, spoolName)); err != nil || strings.Trim(string(data), "\x00") != "" {
		t.Errorf("where nothing is needed, %.100q is left: %v", data, err)
	}
	s.close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("after the end, %v is left: %v", entries, err)
	}
}

func TestSpoolOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	s, _ := openIn(t, dir)
	if err := write(s, trial.Inbound{Key: keyOf(1), Run: "r"}); err != nil {
		t.Fatal(err)
	}
	file := s.file
	closed, err := os.Open(os.DevNull) // cannot be written
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	s.file = closed
	if err := write(s, folds(1, 1)); err == nil {
		t.Error("what could not be written was said to be durable")
	}
	s.file = file
	writeAll(t, s, folds(1, 2))
	s.close()
	if _, left := openIn(t, dir); numbers(left) != "1: 2" {
		t.Errorf("read %s", numbers(left))
	}
}
