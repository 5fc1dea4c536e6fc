package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"automl/runner/protocol"
)

// Reap kills the processes that trainers of an earlier runner left behind: those whose work file lies below dir. No runner
// may be at work in dir. It returns how many there were.
func Reap(dir string) int {
	prefix := filepath.Clean(dir) + string(filepath.Separator)
	return killMarked(func(assignment string) bool { return strings.HasPrefix(assignment, prefix) })
}

const (
	lookFor   = time.Second          // at most, for processes that others are still starting
	lookAgain = 2 * time.Millisecond // between two looks at a process that has no environment yet
)

// killMarked kills the processes whose AUTOML_ASSIGNMENT is wanted, and returns how many there were. It looks again until it finds no
// other, since a process may start another while we look, but not for ever. Where there is no /proc it finds nothing.
func killMarked(wanted func(assignment string) bool) int {
	killed := map[int]bool{}
	for begun := time.Now(); ; {
		pids, becoming := marked(wanted)
		news := false
		for _, pid := range pids {
			if !killed[pid] && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed[pid], news = true, true
			}
		}
		if !news && !becoming || time.Since(begun) > lookFor {
			return len(killed)
		}
		if !news {
			time.Sleep(lookAgain)
		}
	}
}

// marked are the processes whose AUTOML_ASSIGNMENT is wanted. becoming: there is one that is about to run a program and will only then
// show whose it is.
func marked(wanted func(string) bool) (pids []int, becoming bool) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		env, err := os.ReadFile(file) // fails for other users' processes, is empty for zombies
		if err != nil {
			continue
		}
		dir := filepath.Dir(file)
		if len(env) == 0 {
			stat, err := os.ReadFile(filepath.Join(dir, "stat"))
			becoming = becoming || err == nil && nameless(stat)
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if value, there := variable(env, protocol.EnvAssignment); there && wanted(value) && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids, becoming
}

// nameless tells, by a line of /proc/PID/stat, whether a process has memory (no zombie and no thread of the kernel has) and yet no place
// for an environment: the kernel is loading its program.
func nameless(stat []byte) bool {
	const size, environmentEnd = 23 - 3, 51 - 3 // as proc(5) counts fields, from the third on
	f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(f) > environmentEnd && string(f[size]) != "0" && string(f[environmentEnd]) == "0"
}

func variable(env []byte, name string) (string, bool) {
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if value, there := strings.CutPrefix(string(entry), name+"="); there {
			return value, true
		}
	}
	return "", false
}
