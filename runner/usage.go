package runner

import (
	"context"
	"maps"
	"math"
	"slices"

	"automl/runner/gpu"
	"automl/runner/process"
	"automl/trial"
)

// Gauge measures GPUs.
type Gauge interface {
	Use(id string) (gpu.Use, error)
}

// usage is what was seen of a trainer since its last report.
type usage struct {
	looks, gpuLooks int
	sum             trial.Usage // GPUBusy and GPUTrials are sums over gpuLooks
}

// take is the usage so far, which begins anew; nil: nobody has looked.
func (u *usage) take() *trial.Usage {
	if u.looks == 0 {
		return nil
	}
	out := u.sum
	if n := float64(u.gpuLooks); n > 0 {
		out.GPUBusy, out.GPUTrials = min(1, out.GPUBusy/n), out.GPUTrials/n
	}
	*u = usage{}
	return &out
}

// measure looks at what the trainers take, again and again.
func (r *Runner) measure(ctx context.Context) {
	for wait(ctx, r.cfg.Clock, r.cfg.Timings.Measure) {
		r.look()
	}
}

// look measures every GPU at work once, and every trainer.
func (r *Runner) look() {
	r.mu.Lock()
	all := slices.Collect(maps.Values(r.attempts))
	r.mu.Unlock()
	uses, trials := map[string]gpu.Use{}, map[string]int{}
	for _, t := range all {
		for _, g := range t.slot.gpus {
			trials[g.ID]++
			if _, known := uses[g.ID]; known || r.cfg.Gauge == nil {
				continue
			}
			u, err := r.cfg.Gauge.Use(g.ID)
			if err != nil {
				r.cfg.Log.Debug().Err(err).Str("gpu", g.ID).Msg("a GPU could not be measured")
				continue
			}
			uses[g.ID] = u
		}
	}
	for _, t := range all {
		t.look(uses, trials)
	}
}

// look notes what the child at work takes, given what the GPUs are used for and how many trials each has.
func (t *attempt) look(uses map[string]gpu.Use, trials map[string]int) {
	t.mu.Lock()
	child, _ := t.child.(*process.Process) // another kind of child is no process to look at
	t.mu.Unlock()
	if child == nil {
		return
	}
	load := child.Load()
	if load.Memory == 0 {
		return // it has ended, or this system does not tell
	}
	var now trial.Usage
	measured := 0
	for _, g := range t.slot.gpus {
		use, ok := uses[g.ID]
		if !ok {
			continue
		}
		measured++
		memory, busy := ours(use, load.Pids, trials[g.ID])
		now.GPUMemory += memory
		now.GPUBusy += busy
		now.GPUTrials += float64(trials[g.ID])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	u := &t.usage
	u.looks++
	u.sum.Memory = max(u.sum.Memory, load.Memory)
	if measured > 0 {
		u.gpuLooks++
		u.sum.GPUMemory = max(u.sum.GPUMemory, now.GPUMemory)
		u.sum.GPUBusy += now.GPUBusy / float64(measured)
		u.sum.GPUTrials += now.GPUTrials / float64(measured)
	}
}

// ours is what processes take of a GPU: by their ids, or, where the driver knows them by others (in a container) or does not tell, all of
// the memory of a GPU that no other trial has. How busy it is without them is how busy it is for all.
func ours(use gpu.Use, pids []int, trials int) (memory int64, busy float64) {
	known, timed := false, false
	for _, pid := range pids {
		p, there := use.Processes[pid]
		if !there {
			continue
		}
		if p.Memory >= 0 {
			memory, known = memory+p.Memory, true
		}
		if !math.IsNaN(p.Busy) {
			busy, timed = busy+p.Busy, true
		}
	}
	if !known && trials == 1 {
		memory = use.Memory
	}
	if !timed && !math.IsNaN(use.Busy) {
		busy = use.Busy
	}
	return memory, min(1, busy)
}
