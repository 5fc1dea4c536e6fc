package process

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
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
	folder(young, time.Now().Add(time.Hour)) // however long this test takes
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

// TestHandedOverGroup: with version 2 a group that was handed to the runner gets its controllers switched on for the trainers' groups, beside
// the one that the runner itself is in. A pipe stands for the file that the kernel would read.
func TestHandedOverGroup(t *testing.T) {
	root := t.TempDir()
	unit := filepath.Join(root, "automl-runner.service")
	own, switches := filepath.Join(unit, "runner"), filepath.Join(unit, "cgroup.subtree_control")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, "memory.events"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(switches, 0o600); err != nil {
		t.Fatal(err)
	}
	kernel, err := os.OpenFile(switches, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer kernel.Close()
	g := findMemoryGroup(root, "0::/automl-runner.service/runner")
	if err := g.make(1<<20, "trainer"); err == nil { // no kernel makes memory.max here
		t.Fatal("a folder took a limit")
	}
	const want = "+memory+pids"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(kernel, got); err != nil || string(got) != want {
		t.Errorf("switched on: %q, %v", got, err)
	}
}
