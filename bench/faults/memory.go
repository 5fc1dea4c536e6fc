package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
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

// slowness is how much longer than on a machine of its own things may take, from 1 to 5: by how many threads want each processor just now.
// Leases, heartbeats and patience are longer by that, so that a process which gets no time is not taken for one that is gone.
func slowness() float64 {
	const samples = 20
	var want float64
	for range samples {
		text, _ := os.ReadFile("/proc/loadavg") // "0.20 0.18 0.12 3/80 11206": three of 80 threads want a processor
		var ignored, running float64
		_, _ = fmt.Sscanf(string(text), "%f %f %f %f/", &ignored, &ignored, &ignored, &running) // 0 where that is not known
		want += running / samples
		time.Sleep(25 * time.Millisecond)
	}
	return min(5, max(1, want/float64(2*runtime.NumCPU())))
}
