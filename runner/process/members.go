package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// member is a process of a trainer.
type member struct {
	pid, parent, group, threads int
	resident                    int64 // bytes; what processes share counts for each of them
}

// members are a process, its process group, and all that descend from them. Where there is no /proc there are none.
func members(leader int) []member {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	all := make([]member, 0, len(files))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // else it has just ended
			if m, ok := parseStat(text); ok {
				all = append(all, m)
			}
		}
	}
	ours := map[int]bool{leader: true}
	for grown := true; grown; { // parents need not come before their children
		grown = false
		for _, m := range all {
			if !ours[m.pid] && (ours[m.parent] || m.group == leader) {
				ours[m.pid], grown = true, true
			}
		}
	}
	out := all[:0]
	for _, m := range all {
		if ours[m.pid] {
			out = append(out, m)
		}
	}
	return out
}

// parseStat reads a line of /proc/PID/stat, whose second field, the name in brackets, may hold anything.
func parseStat(text []byte) (member, bool) {
	head, _, ok := bytes.Cut(text, []byte{' '})
	end := bytes.LastIndexByte(text, ')')
	if !ok || end < 0 {
		return member{}, false
	}
	f := strings.Fields(string(text[end+1:]))
	if len(f) < 22 || f[0] == "Z" {
		return member{}, false
	}
	var n [5]int64
	for i, field := range []string{string(head), f[1], f[2], f[17], f[21]} {
		var err error
		if n[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return member{}, false
		}
	}
	return member{int(n[0]), int(n[1]), int(n[2]), int(n[3]), n[4] * int64(os.Getpagesize())}, true
}

// footprint is the memory of processes in bytes, in which what several of them share counts once where the kernel tells.
func footprint(all []member) int64 {
	sum := int64(0)
	for _, m := range all {
		if kib, ok := field(filepath.Join("/proc", strconv.Itoa(m.pid), "smaps_rollup"), "Pss:"); ok {
			sum += kib << 10
		} else {
			sum += m.resident
		}
	}
	return sum
}

func resident(all []member) (bytes int64) {
	for _, m := range all {
		bytes += m.resident
	}
	return bytes
}

func tasks(all []member) (n int) {
	for _, m := range all {
		n += m.threads
	}
	return n
}

// Load is what a child and all its processes take now.
type Load struct {
	Memory int64 // bytes, resident
	Pids   []int
}

// Load measures the child. After its end there is nothing.
func (p *Process) Load() Load {
	select {
	case <-p.exited:
		return Load{}
	default:
	}
	all := members(p.pid)
	l := Load{Memory: resident(all)}
	if len(all) > 1 { // what a fork shares counts once
		l.Memory = footprint(all)
	}
	for _, m := range all {
		l.Pids = append(l.Pids, m.pid)
	}
	return l
}
