package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// bar shows how far the runs are and what is left: on a terminal in one line, elsewhere in a line every ten seconds.
type bar struct {
	out         io.Writer
	terminal    bool
	parallel    int
	done, total int
	last        time.Time
	left        map[kind]int   // runs to come
	cost        map[kind]spent // runs done
	whole       spent
}

// kind is runs that take about as long as each other.
type kind struct {
	optimizer, suite string
	workers          int
}

// spent is the time that some runs took.
type spent struct {
	runs    int
	seconds float64
}

func (s *spent) add(seconds float64) { s.runs, s.seconds = s.runs+1, s.seconds+seconds }

func newBar(out io.Writer, jobs []job, parallel int, a *archive) *bar {
	b := &bar{out: out, parallel: min(parallel, max(1, len(jobs))), total: len(jobs), last: time.Now(), left: map[kind]int{}, cost: map[kind]spent{}}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	for _, j := range jobs {
		b.left[j.kind()]++
	}
	for _, r := range a.runs { // what earlier calls say about kinds that this one has not run yet
		b.count(kind{r.Optimizer, r.Suite, r.Workers}, (r.Ask.Total+r.Tell.Total)/1000)
	}
	return b
}

func (j job) kind() kind { return kind{j.optimizer, j.task.Suite, j.workers} }

func (b *bar) count(k kind, seconds float64) {
	s := b.cost[k]
	s.add(seconds)
	b.cost[k] = s
	b.whole.add(seconds)
}

// step counts a run that is done, and shows it when the last line is old enough.
func (b *bar) step(j job, took time.Duration) {
	b.done++
	b.left[j.kind()]--
	b.count(j.kind(), took.Seconds())
	wait := 10 * time.Second
	if b.terminal {
		wait = 200 * time.Millisecond
	}
	if time.Since(b.last) < wait && b.done < b.total {
		return
	}
	b.last = time.Now()
	line := fmt.Sprintf("%d of %d runs, about %s left; %s on %s/%s, seed %d", b.done, b.total, b.remaining().Round(time.Second), j.optimizer,
		j.task.Suite, j.task.Name, j.seed)
	if b.terminal {
		fmt.Fprintf(b.out, "\r\033[K%s", line)
	} else {
		fmt.Fprintln(b.out, line)
	}
}

// remaining is the time the runs to come will take, if each takes as long as those like it did.
func (b *bar) remaining() time.Duration {
	seconds := 0.0
	for k, n := range b.left {
		s, known := b.cost[k]
		if !known {
			s = b.whole
		}
		seconds += float64(n) * s.seconds / float64(max(1, s.runs))
	}
	return time.Duration(seconds / float64(b.parallel) * float64(time.Second))
}

func (b *bar) end() {
	if b.terminal {
		fmt.Fprint(b.out, "\r\033[K")
	}
}
