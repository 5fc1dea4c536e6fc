package runner

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"automl/trial"
)

// FuzzSpool: whatever a crash left in a spool, what is read of it is read again as the same, and goes on with the next message.
func FuzzSpool(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, spoolName)
	k := trial.Key{Study: "s", Trial: 1, Attempt: 2}
	s, _, err := openSpool(dir)
	if err == nil {
		err = write(s, trial.Inbound{Key: k, Run: "run"})
	}
	if err != nil {
		f.Fatal(err)
	}
	for n := int64(1); n <= 3; n++ {
		if err := write(s, trial.Inbound{Key: k, Run: "run", N: n, Report: &trial.Report{Epoch: int(n), Metrics: trial.Metrics{{Name: "a", Value: 1}}}}); err != nil {
			f.Fatal(err)
		}
	}
	s.close()
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	whole = bytes.TrimRight(whole, "\x00")
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add(bytes.Replace(whole, []byte(`"n":2`), []byte(`"n":7`), 1))
	f.Add(append(bytes.Clone(whole), 0, 0, 0, '\n'))
	f.Add(append(bytes.Clone(whole), []byte(`{"key":{"study":"s","trial":1,"attempt":2},"n":0,"over":true}`+"\n")...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, left := openIn(t, dir)
		mine := slices.IndexFunc(left, func(l leftover) bool { return l.key == k })
		next := trial.Inbound{Key: k, Run: "run", N: 1, Exit: &trial.Exit{}}
		if mine >= 0 {
			if left[mine].last == math.MaxInt64 {
				return
			}
			next.N = left[mine].last + 1
		}
		writeAll(t, s, next)
		s.close()
		s, more := openIn(t, dir)
		defer s.close()
		if mine < 0 {
			mine, left = len(left), append(left, leftover{key: k})
		}
		left[mine].last = next.N
		left[mine].messages = append(left[mine].messages, next)
		if numbers(left) != numbers(more) {
			t.Errorf("with one more, %s is %s", numbers(left), numbers(more))
		}
	})
}
