package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"automl/trial/store/storetest"
)

// A full disk is a failure like any other (1), and not a daemon that cannot be reached (4): whether it is full before the data
// directory is locked, or before the database is made.
func TestFullDisk(t *testing.T) {
	for _, room := range []int{0, 64 << 10} {
		s := newSite(t, "pace=1", "")
		s.dir = storetest.SmallDisk(t, "1m")
		fillUp(t, filepath.Join(s.dir, "ballast"), room)
		if r := s.run("run", s.sweep); r.code != 1 || !strings.Contains(r.err, "the disk is full: free some space") {
			t.Errorf("with room for %d bytes: exit code %d, %q", room, r.code, r.err)
		}
	}
}

// fillUp makes a file that leaves so many bytes of the disk.
func fillUp(t *testing.T, path string, room int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for ; err == nil; size += 4096 {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(size - 4096 - int64(room)); err != nil {
		t.Fatal(err)
	}
}
