package process

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
)

// taskGroup is a control group that holds one child to a number of processes and threads, so that a fork bomb takes down nothing but
// itself.
type taskGroup struct {
	dir  string // empty: none could be made
	made bool   // by us, for this alone
}

// newTaskGroup makes the group: with version 2 it is the one for memory, with version 1 one of its own.
func newTaskGroup(limit int, memory *memoryGroup, log zerolog.Logger) *taskGroup {
	if limit <= 0 {
		return &taskGroup{}
	}
	if memory.v2 && memory.dir != "" {
		if write(filepath.Join(memory.dir, "pids.max"), strconv.Itoa(limit)) == nil {
			return &taskGroup{dir: memory.dir}
		}
	}
	g, err := makeTaskGroup(groupRoot, ownGroups(), limit)
	if err != nil {
		log.Debug().Err(err).Msg("no control group counts the trainer's processes: they are looked at now and then")
		return &taskGroup{}
	}
	return g
}

func makeTaskGroup(root, listing string, limit int) (*taskGroup, error) {
	for line := range strings.SplitSeq(listing, "\n") {
		part := strings.SplitN(line, ":", 3)
		if len(part) < 3 || !strings.Contains(","+part[1]+",", ",pids,") {
			continue
		}
		dir, err := makeGroup(filepath.Join(root, "pids", part[2]), groupName())
		if err != nil {
			return nil, err
		}
		if err := write(filepath.Join(dir, "pids.max"), strconv.Itoa(limit)); err != nil {
			os.Remove(dir)
			return nil, err
		}
		return &taskGroup{dir: dir, made: true}, nil
	}
	return nil, errors.New("this system counts no processes by control group")
}

// refused reports whether the group has been kept from starting something.
func (g *taskGroup) refused() bool {
	n, _ := field(filepath.Join(g.dir, "pids.events"), "max")
	return n > 0
}

// kill ends everything in the group: nothing in it can start anything meanwhile.
func (g *taskGroup) kill() {
	if g.dir == "" || write(filepath.Join(g.dir, "cgroup.kill"), "1") == nil {
		return
	}
	if write(filepath.Join(g.dir, "pids.max"), "0") != nil {
		return
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	for pid := range strings.FieldsSeq(string(text)) {
		if n, err := strconv.Atoi(pid); err == nil && n > 1 && n != os.Getpid() {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
}

func (g *taskGroup) remove() {
	if g.made {
		_ = os.Remove(g.dir) // it stays where something is left in it
	}
	g.dir, g.made = "", false
}
