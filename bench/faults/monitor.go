package main

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sample is what a process held, or what lay on a disk.
type sample struct {
	what  string
	bytes int64
}

// monitor watches the memory of processes, and the disk, until stop.
type monitor struct {
	halt, ended chan struct{}
	samples     []sample
}

const (
	between = time.Second
	settled = 3 * time.Second // a process that has just started has not read everything yet
)

// monitor begins to watch the processes of some kinds.
func (w *world) monitor(kinds ...string) *monitor {
	m := &monitor{halt: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		for {
			select {
			case <-m.halt:
				return
			case <-time.After(between):
			}
			now := time.Now()
			for _, p := range w.living() {
				if slices.Contains(kinds, p.what) && now.Sub(p.started) > settled {
					m.samples = append(m.samples, sample{p.what, resident(p.cmd.Process.Pid)})
				}
			}
			m.samples = append(m.samples, sample{"data", diskUse(w.data)})
			boxes, _ := filepath.Glob(filepath.Join(w.root, "box-*"))
			for _, box := range boxes {
				m.samples = append(m.samples, sample{"disk of " + strings.TrimPrefix(filepath.Base(box), "box-"), diskUse(box)})
			}
		}
	}()
	return m
}

func (m *monitor) stop() {
	close(m.halt)
	<-m.ended
}

// diskUse is the size of all files below a folder.
func diskUse(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error { // files come and go meanwhile
		if err == nil && !e.IsDir() && e.Name() != "ballast" {
			if i, err := e.Info(); err == nil {
				total += i.Size()
			}
		}
		return nil
	})
	return total
}

// What may grow from the first third to the last one, by the medians of both: garbage that is not collected yet, and a little a study
// that is over.
const (
	growth = 1.25
	slack  = 16 << 20
)

// judge finds memory that grows, and a disk beyond its cap.
func (m *monitor) judge(w *world) {
	by := map[string][]sample{}
	for _, s := range m.samples {
		by[s.what] = append(by[s.what], s)
	}
	for _, what := range slices.Sorted(maps.Keys(by)) {
		all := by[what]
		third := len(all) / 3
		if third < 10 {
			continue // too short to say
		}
		first, last, most := median(all[:third]), median(all[2*third:]), int64(0)
		for _, s := range all {
			most = max(most, s.bytes)
		}
		w.note("%s: %s, later %s, at most %s", what, mib(first), mib(last), mib(most))
		switch {
		case what == "data" && most > soakDisk*3/4:
			w.wrong("the data directory takes %s", mib(most))
		case what == "data": // the record grows with every study, and is capped
		case last > int64(growth*float64(first))+slack:
			w.wrong("%s grew from %s to %s", what, mib(first), mib(last))
		}
	}
}

func mib(bytes int64) string { return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20)) }

func median(of []sample) int64 {
	sorted := slices.SortedFunc(slices.Values(of), func(a, b sample) int { return int(a.bytes - b.bytes) })
	return sorted[len(sorted)/2].bytes
}
