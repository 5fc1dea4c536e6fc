package process

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory is how many bytes a trainer that starts now may take: its limit (0: it has none), at most what is free of this machine and of
// the control groups around this process. 0: nothing is known.
func Memory(limit int64) int64 {
	free := min(freeOfMachine("/proc/meminfo"), freeOfGroups("/sys/fs/cgroup", ownGroups()))
	if limit > 0 {
		free = min(free, limit)
	}
	if free == math.MaxInt64 {
		return 0
	}
	return free
}

// freeOfMachine is what the kernel believes a program can have without swapping.
func freeOfMachine(meminfo string) int64 {
	if kib, ok := field(meminfo, "MemAvailable:"); ok {
		return kib << 10
	}
	return math.MaxInt64
}

// freeOfGroups is the least that is left in the group of this process and in those around it. Files that the kernel keeps in memory
// and may drop count as free.
func freeOfGroups(root, listing string) int64 {
	free := int64(math.MaxInt64)
	g := findMemoryGroup(root, listing)
	limit, used, cached := "memory.max", "memory.current", "inactive_file"
	if !g.v2 {
		limit, used, cached = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
	}
	for dir := g.own; dir != "" && strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		most, ok := number(filepath.Join(dir, limit))
		if !ok {
			continue // "max", or no limit at this level
		}
		taken, _ := number(filepath.Join(dir, used))
		files, _ := field(filepath.Join(dir, "memory.stat"), cached)
		free = min(free, max(0, most-max(0, taken-files)))
	}
	return free
}

// number is the number a file holds.
func number(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// field is the number behind a name in a file of lines.
func field(file, name string) (int64, bool) {
	text, _ := os.ReadFile(file)
	for line := range strings.SplitSeq(string(text), "\n") {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
