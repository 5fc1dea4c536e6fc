package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestGroupsOfTheDead: what killed runners have left goes, and what others may still use stays. Empty folders behave as groups do.
func TestGroupsOfTheDead(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dead := ended.Process.Pid
	parent, old := t.TempDir(), time.Now().Add(-time.Hour)
	folder := func(name string, at time.Time) {
		dir := filepath.Join(parent, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, at, at); err != nil {
			t.Fatal(err)
		}
	}
	mine, theirs, young := fmt.Sprintf(groupPattern, os.Getpid(), 1), fmt.Sprintf(groupPattern, dead, 1), fmt.Sprintf(groupPattern, dead, 2)
	busy := fmt.Sprintf(groupPattern, dead, 3)
	folder("other", old)
	folder(mine, old)
	folder(theirs, old)
	folder(young, time.Now())
	folder(busy, old)
	folder(filepath.Join(busy, "process"), old)
	if err := os.Chtimes(filepath.Join(parent, busy), old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := makeGroup(parent, mine); err != nil { // an earlier process with our id had it
		t.Fatal(err)
	}
	var left []string
	all, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		left = append(left, e.Name())
	}
	want := []string{"other", mine, young, busy}
	slices.Sort(want)
	slices.Sort(left)
	if !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
}
