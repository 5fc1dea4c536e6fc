package blas

import (
	"sync"
	"sync/atomic"
)

var threads atomic.Int32

// SetThreads sets how many goroutines a large call may use, 1 at start.
// Results are the same for any number. Values below 1 count as 1.
func SetThreads(n int) { threads.Store(int32(n)) }

// Threads returns the number set by SetThreads.
func Threads() int { return max(1, int(threads.Load())) }

// parallel calls f on consecutive parts of [0, n) that start at multiples of
// step, in as many goroutines as allowed, and waits for all. work is the
// total number of multiplications: small calls are not worth a goroutine.
func parallel(n, step, work int, f func(lo, hi int)) {
	parts := min(Threads(), (n+step-1)/step, 1+work>>16)
	if parts <= 1 {
		f(0, n)
		return
	}
	size := ((n+step-1)/step + parts - 1) / parts * step
	var wg sync.WaitGroup
	for lo := size; lo < n; lo += size {
		wg.Go(func() { f(lo, min(lo+size, n)) })
	}
	f(0, size)
	wg.Wait()
}
