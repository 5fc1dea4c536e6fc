package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// resident is how many bytes of memory a process holds; 0 where that is not known.
func resident(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// slowness is how much longer than on a machine of its own things may take, from 1 to 5: by how many processes want each processor. Leases,
// heartbeats and patience are longer by that, so that a process which gets no time is not taken for one that is gone.
func slowness() float64 {
	text, _ := os.ReadFile("/proc/loadavg")
	var load float64
	_, _ = fmt.Sscan(string(text), &load) // 0 where that is not known
	return min(5, max(1, load/float64(2*runtime.NumCPU())))
}
