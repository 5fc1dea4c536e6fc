package blas

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var threads atomic.Int32

// SetThreads sets how many goroutines a large call may use, 1 at start.
// Results are the same for any number. Values below 1 count as 1.
func SetThreads(n int) { threads.Store(int32(n)) }

// Threads returns the number set by SetThreads.
func Threads() int { return max(1, int(threads.Load())) }

// Procs is what GOMAXPROCS should be for a number of threads: two more. Threads are
// in C for milliseconds. If Go's scheduler has no processor to spare then, it takes
// theirs away every 20 microseconds, in case a goroutine waits, and does so on threads
// of its own, which compete for the cores.
func Procs(threads int) int { return threads + 2 }

// smallest is the number of multiplications, about 10 microseconds, that is
// worth handing to another thread.
const smallest = 1 << 19

// parallel calls f on consecutive parts of [0, n) that start at multiples of
// step, in as many goroutines as allowed, and waits for all. work is the
// total number of multiplications.
func parallel(n, step, work int, f func(lo, hi int)) {
	steps := (n + step - 1) / step
	parts := min(Threads(), steps, work/smallest)
	if parts <= 1 {
		f(0, n)
		return
	}
	run(parts, func(i int) { f(i*steps/parts*step, min((i+1)*steps/parts*step, n)) })
}

// Each calls f(0) to f(n-1), in as many goroutines as allowed and in any order, and
// waits for all. work is about the number of multiplications of all together, or
// what takes as long.
func Each(n, work int, f func(i int)) {
	if Threads() > 1 && n > 1 && work >= 2*smallest {
		run(n, f)
		return
	}
	for i := range n {
		f(i)
	}
}

// job is a number of tasks, claimed one by one by whoever is free.
type job struct {
	task          func(i int)
	tasks         int32
	claimed, done atomic.Int32
	finished      chan struct{}
}

// work does tasks until all are claimed.
func (j *job) work() {
	for i := j.claimed.Add(1) - 1; i < j.tasks; i = j.claimed.Add(1) - 1 {
		j.task(int(i))
		if j.done.Add(1) == j.tasks {
			close(j.finished)
		}
	}
}

// helpers are goroutines that wait for jobs, started when first needed.
var helpers struct {
	sync.Mutex
	started int
	jobs    chan *job
}

// run does tasks 0 to n-1, with the help of Threads()-1 goroutines.
func run(n int, task func(i int)) {
	j := &job{task: task, tasks: int32(n), finished: make(chan struct{})}
	for range min(Threads(), n) - 1 {
		call(j)
	}
	j.work()
	// The others are about to finish, too: waking up from sleep would take longer.
	if !spin(func() bool { return j.done.Load() == j.tasks }) {
		<-j.finished
	}
}

// call offers j to one helper. If all are busy with other callers' jobs, j
// goes on without.
func call(j *job) {
	helpers.Lock()
	if helpers.jobs == nil {
		helpers.jobs = make(chan *job, 64)
	}
	if helpers.started < Threads()-1 {
		helpers.started++
		go help(helpers.jobs)
	}
	helpers.Unlock()
	select {
	case helpers.jobs <- j:
	default:
	}
}

func help(jobs chan *job) {
	for {
		spin(func() bool { return len(jobs) > 0 })
		(<-jobs).work()
	}
}

// patience is for how long a thread looks for work, or for the end of it, before
// it sleeps. Waking takes 50 microseconds, or a time slice where others want the
// core; what is not divided takes a few hundred between two products of a step.
const patience = 500 * time.Microsecond

// spin waits until f is true, but not longer than patience, and returns f.
func spin(f func() bool) bool {
	if min(runtime.GOMAXPROCS(0), runtime.NumCPU()) == 1 {
		return f()
	}
	for start := time.Now(); !f(); {
		for range 64 {
			if f() {
				return true
			}
		}
		if time.Since(start) > patience {
			return false
		}
	}
	return true
}
