package finetune

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"automl/runner/finetune/train"
	"automl/runner/protocol"
)

// programBytes is about what the program takes by itself: code, runtime, stacks.
const programBytes = 48 << 20

// usedStep is what the memory in use is rounded up to, so that what is split does not hang on a few kilobytes.
const usedStep = 16 << 20

// memory is what a job may take, once model and data are there.
func memory(w protocol.Work) train.Memory {
	if w.Memory <= 0 {
		return train.Memory{}
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	used := programBytes + int64(m.HeapAlloc)
	return train.Memory{Limit: w.Memory, Used: (used + usedStep - 1) / usedStep * usedStep}
}

// limitMemory has the garbage collector work harder before the limit is reached. Nothing is known: no limit.
func limitMemory(bytes int64) {
	if bytes <= 0 {
		bytes = math.MaxInt64
	}
	debug.SetMemoryLimit(bytes - bytes/16)
}

// tellParts says on standard error, which goes into the attempt's log, when steps are computed in parts.
func (s *session) tellParts(r *train.Result, batch int) {
	if r.Rows > 0 && r.Rows < batch && r.Rows != s.told {
		fmt.Fprintf(os.Stderr, "automl trainer: a step of %d rows is computed %d rows at a time, to stay within %d MiB\n", batch, r.Rows, s.work.Memory>>20)
	}
	s.told = r.Rows
}
