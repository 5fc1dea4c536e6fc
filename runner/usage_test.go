package runner

import (
	"errors"
	"math"
	"os"
	"testing"
	"time"

	"automl/runner/gpu"
	"automl/trial"
)

// gauge is a GPU that is half busy, of which the process that is asked about takes 300 bytes; nobody here has another.
type gauge struct{ asked chan string }

func (g *gauge) Use(id string) (gpu.Use, error) {
	if id == "lost" {
		return gpu.Use{}, errors.New("the GPU is lost")
	}
	select {
	case g.asked <- id:
	default:
	}
	return gpu.Use{Busy: 0.5, Memory: 900}, nil
}

func TestUsageIsReported(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("processes are not measured here")
	}
	t.Parallel()
	g := &gauge{asked: make(chan string, 1)}
	b := newBench(t, func(c *Config, q *fakeQueue) {
		c.Slots, c.GPUs, c.Gauge = 1, []gpu.Device{{ID: "0"}, {ID: "lost"}}, g
		c.Timings.Measure = time.Millisecond
		q.reply = nil // so that it waits for the answer to its first report
	})
	a := order(1, at(0, 0), at(0, 2), "report=1", "report=2")
	b.queue.work <- a
	for receive(t, b.queue.sent).Report == nil {
	}
	for range 3 { // the trainer waits, and is looked at: one that began before it is over after two
		receive(t, g.asked)
	}
	b.queue.set(func() { b.queue.reply = receipt })
	b.queue.answers <- trial.Outbound{Key: a.Key(), N: 1}
	for {
		m := receive(t, b.queue.sent)
		if m.Report == nil || m.Report.Epoch != 2 {
			continue
		}
		u := m.Report.Usage
		if u == nil || u.Memory < 1<<20 || u.GPUMemory != 900 || u.GPUBusy != 0.5 || u.GPUTrials != 1 || !u.Valid() {
			t.Errorf("the usage is %+v", u)
		}
		break
	}
	b.drained()
}

func TestOurs(t *testing.T) {
	unknown := math.NaN()
	use := gpu.Use{Busy: 0.8, Memory: 1000, Processes: map[int]gpu.Share{1: {Memory: 100, Busy: 0.2}, 2: {Memory: 200, Busy: 0.1},
		3: {Memory: -1, Busy: unknown}, 4: {Memory: 500, Busy: 0.5}}}
	for _, tt := range []struct {
		pids   []int
		trials int
		memory int64
		busy   float64
	}{
		{[]int{1, 2, 9}, 2, 300, 0.3},
		{[]int{3}, 2, 0, 0.8}, // others share it: nobody knows which part is whose
		{[]int{9}, 1, 1000, 0.8},
		{nil, 2, 0, 0.8},
	} {
		if memory, busy := ours(use, tt.pids, tt.trials); memory != tt.memory || math.Abs(busy-tt.busy) > 1e-12 {
			t.Errorf("%+v: %d bytes, busy %v", tt, memory, busy)
		}
	}
	if _, busy := ours(gpu.Use{Busy: unknown}, nil, 1); busy != 0 {
		t.Errorf("nobody knows, but busy %v", busy)
	}
}
