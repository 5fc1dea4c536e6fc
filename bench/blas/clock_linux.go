package main

import (
	"time"

	"golang.org/x/sys/unix"
)

var begin = time.Now()

// clock returns seconds: of this thread's processor time, or of the wall clock if there are others.
func clock(threads int) float64 {
	var t unix.Timespec
	if threads == 1 && unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) == nil {
		return float64(t.Nano()) / 1e9
	}
	return time.Since(begin).Seconds()
}
