package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"automl/runner/protocol"
)

// Reap kills the processes that trainers of an earlier runner left behind: those whose work file lies below dir. No runner
// may be at work in dir. It returns how many there were.
func Reap(dir string) int {
	prefix := filepath.Clean(dir) + string(filepath.Separator)
	return killMarked(func(assignment string) bool { return strings.HasPrefix(assignment, prefix) })
}

// killMarked kills the processes whose AUTOML_ASSIGNMENT is wanted. It looks again until none is left, since a process may
// start another while we look, but not for ever. Where there is no /proc it finds nothing.
func killMarked(wanted func(assignment string) bool) int {
	killed := 0
	for range 5 {
		found := 0
		for _, pid := range marked(wanted) {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				found++
			}
		}
		if found == 0 {
			break
		}
		killed += found
	}
	return killed
}

func marked(wanted func(string) bool) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var pids []int
	for _, file := range files {
		env, err := os.ReadFile(file) // fails for other users' processes, is empty for zombies
		if err != nil {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if value, there := variable(env, protocol.EnvAssignment); there && wanted(value) && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func variable(env []byte, name string) (string, bool) {
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if value, there := strings.CutPrefix(string(entry), name+"="); there {
			return value, true
		}
	}
	return "", false
}
