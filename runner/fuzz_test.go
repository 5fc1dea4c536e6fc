package runner

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"automl/trial"
)

// FuzzSpool: whatever a crash left in a spool, what is read of it is a whole number of messages, numbered from 0; it is read again as the
// same, and goes on with the next one.
func FuzzSpool(f *testing.F) {
	dir := f.TempDir()
	k := trial.Key{Study: "s", Trial: 1, Attempt: 2}
	s, err := createSpool(dir, k, "run")
	if err != nil {
		f.Fatal(err)
	}
	for n := int64(1); n <= 3; n++ {
		if err := s.append(trial.Inbound{Key: k, Run: "run", N: n, Report: &trial.Report{Epoch: int(n), Metrics: trial.Metrics{{Name: "a", Value: 1}}}}); err != nil {
			f.Fatal(err)
		}
	}
	s.close()
	whole, err := os.ReadFile(filepath.Join(dir, spoolName(k)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add(bytes.Replace(whole, []byte(`"n":2`), []byte(`"n":7`), 1))
	f.Add(append(bytes.Clone(whole), 0, 0, 0, '\n'))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "fuzzed.jsonl")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, messages, err := openSpool(path)
		if err != nil {
			return
		}
		if len(messages) == 0 || s.size > int64(len(data)) {
			t.Fatalf("%d messages of %d bytes from %d", len(messages), s.size, len(data))
		}
		next := trial.Inbound{Key: k, Run: "run", N: int64(len(messages)), Exit: &trial.Exit{}}
		if err := s.append(next); err != nil {
			t.Fatal(err)
		}
		s.close()
		s, more, err := openSpool(path)
		if err != nil {
			t.Fatal(err)
		}
		s.close()
		if len(more) != len(messages)+1 || more[len(messages)].N != next.N {
			t.Errorf("%d messages, then one more, are %d", len(messages), len(more))
		}
	})
}
