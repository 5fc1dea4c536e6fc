package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	plain     bool  // seeds
	budgets   []int // epochs
}

func (j job) key() key { return key{j.task.Suite, j.task.Name, j.optimizer, j.seed, j.workers} }

// largest is the last budget, as a multiple of the epochs of a full run.
func (j job) largest() float64 { return float64(j.budgets[len(j.budgets)-1]) / float64(j.task.Epochs) }

// jobs is what there is to run and is not in the archive, seed by seed: when the program is stopped early, all tasks have about
// as many seeds.
func (o options) jobs(tasks []*suite.Task, a *archive) []job {
	var out []job
	for seed := o.first; seed < o.first+o.seeds; seed++ {
		for _, w := range o.workers {
			for i, name := range o.optimizers {
				for _, t := range tasks {
					j := job{t, name, o.makers[i], seed, w, o.plain, o.upTo(t)}
					if o.again || !a.has(j.key(), j.largest()) {
						out = append(out, j)
					}
				}
			}
		}
	}
	return out
}

// upTo is the budgets of a task, in epochs, up to the largest one asked for; at least the first.
func (o options) upTo(t *suite.Task) []int {
	budgets := t.Budgets()
	for o.budget > 0 && len(budgets) > 1 && float64(budgets[len(budgets)-1]) > o.budget*float64(t.Epochs) {
		budgets = budgets[:len(budgets)-1]
	}
	return budgets
}

// pause is how long runs gather before they are saved.
const pause = 2 * time.Second

// measure plays the jobs, several at the same time, and saves what it has every few seconds. What comes out of a job does not
// depend on the others. When the context ends, the jobs under way are finished and saved.
func measure(ctx context.Context, jobs []job, parallel int, a *archive, progress io.Writer) error {
	next, results := make(chan job), make(chan result)
	var group sync.WaitGroup
	for range min(parallel, len(jobs)) {
		group.Go(func() {
			for j := range next {
				start := time.Now()
				r, err := j.run()
				results <- result{j, r, time.Since(start), err}
			}
		})
	}
	go func() {
		defer func() { close(next); group.Wait(); close(results) }()
		for _, j := range jobs {
			select {
			case next <- j:
			case <-ctx.Done():
				return
			}
		}
	}()
	bar, saved := newBar(progress, jobs, parallel, a), time.Now()
	var errs []error
	for r := range results {
		if r.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.job.optimizer, r.err))
			continue
		}
		a.add(r.run)
		bar.step(r.job, r.took)
		if time.Since(saved) > pause {
			errs = append(errs, a.save())
			saved = time.Now()
		}
	}
	bar.end()
	if ctx.Err() != nil {
		errs = append(errs, fmt.Errorf("stopped after %d of %d runs", bar.done, len(jobs)))
	}
	return errors.Join(append(errs, a.save())...)
}

// result is a job that was run.
type result struct {
	job  job
	run  score.Run
	took time.Duration
	err  error
}

// run plays one search up to its largest budget.
func (j job) run() (score.Run, error) {
	p := sim.Problem{Task: j.task, Seed: int64(j.seed), Workers: j.workers, Plain: j.plain}
	r, err := sim.Run(p, j.maker, j.budgets[len(j.budgets)-1])
	if err != nil {
		return score.Run{}, err
	}
	out := score.Run{Suite: j.task.Suite, Task: j.task.Name, Optimizer: j.optimizer, Seed: j.seed, Workers: j.workers,
		Regret: r.Regrets(j.task)[:len(j.budgets)], Epochs: r.Epochs, Trials: r.Trials, Ended: r.Ended,
		Ask: score.Time(r.Ask), Tell: score.Time(r.Tell)}
	for _, b := range j.budgets {
		out.Budgets = append(out.Budgets, float64(b)/float64(j.task.Epochs))
	}
	return out, nil
}
