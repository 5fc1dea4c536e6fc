// Package memtest measures memory for tests of what files from strangers may take.
package memtest

import "runtime"

// Allocated is how many bytes f allocates in all, which is never less than what it holds at any time.
func Allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}
