// Package heap keeps the garbage collector from running all the time in a process that needs little and makes much garbage. Go collects
// when the heap has doubled: one of 10 MiB does so a hundred times while a hundred thousand small messages come and go, and each time the
// stacks of all goroutines are searched.
package heap

import (
	"os"
	"sync"
)

// floor is what the collector takes for part of the heap.
const floor = 64 << 20

var ballast []byte

// Floor has the collector wait for as much garbage as if the heap held 64 MiB more. Nothing is ever written there, so that it takes address
// space and no memory; the garbage does, at most as much. Where somebody has set a limit (GOMEMLIMIT), nothing is done: it would count.
var Floor = sync.OnceFunc(func() {
	if os.Getenv("GOMEMLIMIT") == "" {
		ballast = make([]byte, floor)
	}
})
