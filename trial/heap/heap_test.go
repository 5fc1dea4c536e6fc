package heap

import (
	"runtime"
	"testing"
)

var sink []byte

// TestFloor makes 32 MiB of garbage: at most one collection, where a small heap would see many.
func TestFloor(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	Floor()
	if len(ballast) != floor {
		t.Fatalf("the floor is %d bytes", len(ballast))
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 32 << 10 {
		sink = make([]byte, 1<<10)
	}
	runtime.ReadMemStats(&after)
	if n := after.NumGC - before.NumGC; n > 1 {
		t.Errorf("the collector ran %d times", n)
	}
}
