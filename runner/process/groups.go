package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const groupPattern = "automl-%d-%d" // the runner's process id, and a number

var groupNumber atomic.Int64

// groupName is a name that no other group of this process has.
func groupName() string { return fmt.Sprintf(groupPattern, os.Getpid(), groupNumber.Add(1)) }

// abandonedAfter is for how long a group is left alone whose runner cannot be seen: it may be one of another container.
const abandonedAfter = time.Minute

// ownGroups is the control groups of this process, as the system lists them. It is read once, before any trainer is started: while one is,
// a thread of ours is in its group, and when that is the first thread the system says so of the whole process. A group that was then made
// below the other trainer's would die with it.
var ownGroups = sync.OnceValue(func() string {
	text, _ := os.ReadFile("/proc/self/cgroup") // there is none: nothing is held
	return string(text)
})

// makeGroup makes a control group, and removes those that runners which were killed have left beside it: nobody else does, and process
// ids come again.
func makeGroup(parent, name string) (string, error) {
	dir := filepath.Join(parent, name)
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, os.ErrExist) && os.Remove(dir) == nil { // of an earlier process with our id
		err = os.Mkdir(dir, 0o755)
	}
	if err != nil {
		return "", err
	}
	sweepGroups(parent, time.Now())
	return dir, nil
}

// sweepGroups removes empty groups of runners that are gone; the system removes none that has processes.
func sweepGroups(parent string, now time.Time) {
	all, _ := os.ReadDir(parent)
	for _, e := range all {
		var pid, n int
		if _, err := fmt.Sscanf(e.Name(), groupPattern, &pid, &n); err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > abandonedAfter {
			_ = os.Remove(filepath.Join(parent, e.Name()))
		}
	}
}
