package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"automl/bench/search/score"
	"automl/bench/search/sim"
	"automl/bench/search/suite"
)

// job is one run to come.
type job struct {
	task      *suite.Task
	optimizer string
	maker     sim.Maker
	seed      int
	workers   int
}

// measure plays every search on every task with every seed. The order of the results does not depend on how many runs there are
// at the same time.
func measure(o options, tasks []*suite.Task, progress io.Writer) ([]score.Run, error) {
	var jobs []job
	for _, w := range o.workers {
		for i, name := range o.optimizers {
			for _, t := range tasks {
				for seed := o.first; seed < o.first+o.seeds; seed++ {
					jobs = append(jobs, job{t, name, o.makers[i], seed, w})
				}
			}
		}
	}
	runs, errs := make([]score.Run, len(jobs)), make([]error, len(jobs))
	next := make(chan int)
	bar := newBar(progress, len(jobs))
	var group sync.WaitGroup
	for range min(o.parallel, len(jobs)) {
		group.Go(func() {
			for i := range next {
				runs[i], errs[i] = jobs[i].run(o.budget)
				bar.step(jobs[i])
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	group.Wait()
	bar.end()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", jobs[i].optimizer, err)
		}
	}
	return runs, nil
}

// run plays one search up to the largest budget, or up to limit times the epochs of a full run if that is less.
func (j job) run(limit float64) (score.Run, error) {
	budgets := j.task.Budgets()
	unit := float64(j.task.Epochs)
	for limit > 0 && len(budgets) > 1 && float64(budgets[len(budgets)-1]) > limit*unit {
		budgets = budgets[:len(budgets)-1]
	}
	r, err := sim.Run(sim.Problem{Task: j.task, Seed: int64(j.seed), Workers: j.workers}, j.maker, budgets[len(budgets)-1])
	if err != nil {
		return score.Run{}, err
	}
	out := score.Run{Suite: j.task.Suite, Task: j.task.Name, Optimizer: j.optimizer, Seed: j.seed, Workers: j.workers,
		Regret: r.Regrets(j.task)[:len(budgets)], Epochs: r.Epochs, Trials: r.Trials, Ended: r.Ended,
		Ask: score.Time(r.Ask), Tell: score.Time(r.Tell)}
	for _, b := range budgets {
		out.Budgets = append(out.Budgets, float64(b)/unit)
	}
	return out, nil
}

// bar shows how far the runs are: on a terminal in one line, elsewhere in a line every ten seconds.
type bar struct {
	mu          sync.Mutex
	out         io.Writer
	terminal    bool
	done, total int
	start, last time.Time
}

func newBar(out io.Writer, total int) *bar {
	b := &bar{out: out, total: total, start: time.Now(), last: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return b
}

func (b *bar) step(j job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	pause := 10 * time.Second
	if b.terminal {
		pause = 200 * time.Millisecond
	}
	if time.Since(b.last) < pause {
		return
	}
	b.last = time.Now()
	left := time.Since(b.start) / time.Duration(b.done) * time.Duration(b.total-b.done)
	line := fmt.Sprintf("%s: %d of %d runs, %s left; %s on %s", j.task.Suite, b.done, b.total, left.Round(time.Second), j.optimizer,
		j.task.Name)
	if b.terminal {
		fmt.Fprintf(b.out, "\r\033[K%s", line)
	} else {
		fmt.Fprintln(b.out, line)
	}
}

func (b *bar) end() {
	if b.terminal {
		fmt.Fprint(b.out, "\r\033[K")
	}
}
