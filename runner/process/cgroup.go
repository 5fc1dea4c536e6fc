package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
)

// memoryGroup is a control group that holds one child to its memory limit, or only our own group, where out-of-memory kills
// can be counted, when none could be made.
type memoryGroup struct {
	own    string // the folder of our own group; empty: unknown
	dir    string // of the child's group; empty: there is none
	v2     bool
	log    zerolog.Logger
	events string // the file that counts the kills
}

// groupRoot is where the system shows its control groups; tests have none.
var groupRoot = "/sys/fs/cgroup"

// newMemoryGroup makes the group. It never fails: without the right to make one, the limit is watched (guard).
func newMemoryGroup(limit int64, log zerolog.Logger) *memoryGroup {
	g := findMemoryGroup(groupRoot, ownGroups())
	g.log = log
	if limit <= 0 {
		return g
	}
	err := g.make(limit, groupName())
	if err != nil {
		log.Debug().Err(err).Int64("bytes", limit).Msg("no control group holds the trainer to its memory: it is looked at now and then")
	}
	return g
}

// findMemoryGroup finds the group of this process that knows of memory.
func findMemoryGroup(root, listing string) *memoryGroup {
	g := &memoryGroup{}
	for line := range strings.SplitSeq(listing, "\n") {
		part := strings.SplitN(line, ":", 3)
		if len(part) < 3 {
			continue
		}
		v1 := strings.Contains(","+part[1]+",", ",memory,")
		dir := filepath.Join(root, part[2])
		if v1 {
			dir = filepath.Join(root, "memory", part[2])
		}
		if candidate := (&memoryGroup{own: dir, v2: !v1}); (v1 || part[0] == "0") && exists(candidate.count(dir)) {
			candidate.events = candidate.count(dir)
			g = candidate
		}
	}
	return g
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// count is the file of a group that counts its out-of-memory kills.
func (g *memoryGroup) count(dir string) string {
	if g.v2 {
		return filepath.Join(dir, "memory.events")
	}
	return filepath.Join(dir, "memory.oom_control")
}

// make makes the child's group below our own, or beside it: with v2 a group that holds processes may have no children that
// limit memory.
func (g *memoryGroup) make(limit int64, name string) error {
	if g.own == "" {
		return fmt.Errorf("this system counts no memory by control group")
	}
	err := g.makeIn(g.own, limit, name)
	if err != nil && g.v2 {
		err = g.makeIn(filepath.Dir(g.own), limit, name)
	}
	return err
}

func (g *memoryGroup) makeIn(parent string, limit int64, name string) error {
	if g.v2 { // a group that was handed to us has them off for its children; one with processes in it keeps them off
		_ = write(filepath.Join(parent, "cgroup.subtree_control"), "+memory")
		_ = write(filepath.Join(parent, "cgroup.subtree_control"), "+pids")
	}
	dir, err := makeGroup(parent, name)
	if err != nil {
		return err
	}
	file, swap, bound := "memory.max", "memory.swap.max", "0"
	if !g.v2 {
		file, swap, bound = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", strconv.FormatInt(limit, 10)
	}
	if err := write(filepath.Join(dir, file), strconv.FormatInt(limit, 10)); err != nil {
		os.Remove(dir)
		return err
	}
	_ = write(filepath.Join(dir, swap), bound) // not everywhere; then swap is not limited
	if g.v2 {
		_ = write(filepath.Join(dir, "memory.oom.group"), "1") // the trainer and its workers die as one
	}
	g.dir, g.events = dir, g.count(dir)
	return nil
}

// write writes to a file that must exist: control files are never made by us.
func write(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// kills counts the processes of the group that were killed for memory.
func (g *memoryGroup) kills() int64 {
	data, _ := os.ReadFile(g.events)
	for line := range strings.SplitSeq(string(data), "\n") {
		if text, there := strings.CutPrefix(line, "oom_kill "); there {
			n, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return n
		}
	}
	return 0
}

func (g *memoryGroup) remove() {
	if g.dir != "" {
		if err := os.Remove(g.dir); err != nil {
			g.log.Debug().Err(err).Msg("a control group stays behind")
		}
	}
}
