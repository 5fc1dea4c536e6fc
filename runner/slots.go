package runner

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"automl/runner/gpu"
	"automl/runner/process"
	"automl/trial"
)

// slot is a place where one attempt can run, with what it gets of the machine. The GPUs come with the attempt.
type slot struct {
	number  int
	threads int
	cores   []int // of its own; nil: it shares all of them
	gpus    []gpu.Device
	share   float64 // of each of its GPUs, in (0, 1]; 0: it has none
}

// ids are the GPUs as CUDA_VISIBLE_DEVICES takes them.
func (s slot) ids() []string {
	out := make([]string, len(s.gpus))
	for i, g := range s.gpus {
		out[i] = g.ID
	}
	return out
}

// memory is how many bytes of each of its GPUs the attempt may take; 0: not known, or no GPU.
func (s slot) memory() int64 {
	least := int64(math.MaxInt64)
	for _, g := range s.gpus {
		least = min(least, g.Memory)
	}
	if least == math.MaxInt64 {
		return 0
	}
	return int64(float64(least) * s.share)
}

// makeSlots shares the cores out; those to pin to are given where there are enough of them.
func makeSlots(n, threads int, cores []int) []slot {
	out := make([]slot, n)
	for i := range out {
		out[i] = slot{number: i, threads: max(1, threads/n)}
		if len(cores) >= n {
			out[i].cores = cores[i*len(cores)/n : (i+1)*len(cores)/n]
			out[i].threads = len(out[i].cores)
		}
	}
	return out
}

// cores are those to pin slots to; nil: none are pinned.
func (c Config) cores() []int {
	if !c.Pin {
		return nil
	}
	all := process.Cores()
	all = all[:min(len(all), c.Threads)]
	if len(all) < c.Slots {
		c.Log.Warn().Int("cores", len(all)).Int("slots", c.Slots).Msg("the slots are not pinned: there are fewer cores than slots")
	}
	return all
}

// pool is what is free of the GPUs.
type pool struct {
	slots   int // of the runner, which share the GPUs
	mu      sync.Mutex
	gpus    []gpu.Device
	free    []float64     // share of each that nobody has
	changed chan struct{} // closed and replaced when something is given back
}

// crumb is a share too small to count: three thirds are a whole.
const crumb = 1e-9

func newPool(slots int, gpus []gpu.Device) *pool {
	p := &pool{slots: slots, gpus: gpus, free: make([]float64, len(gpus)), changed: make(chan struct{})}
	for i := range p.free {
		p.free[i] = 1
	}
	return p
}

// full reports whether nothing is free of any GPU; changed is closed when something is given back.
func (p *pool) full() (full bool, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.gpus) > 0 && !slices.ContainsFunc(p.free, func(f float64) bool { return f > crumb }), p.changed
}

// seat gives a slot its GPUs, as many and as much of them as the trial wants. later: what it wants is not free now. An error says that
// this runner never has it.
func (p *pool) seat(s slot, want trial.Resources) (_ slot, later bool, err error) {
	if want.GPUs > len(p.gpus) {
		return s, false, fmt.Errorf("it wants %d GPUs a trial and this runner has %d", want.GPUs, len(p.gpus))
	}
	if len(p.gpus) == 0 {
		return s, false, nil
	}
	usual := p.usual(s.number)
	n, share := want.GPUs, 1.0
	switch {
	case n == 0: // it does not say
		n, share = len(usual), min(1, float64(len(p.gpus))/float64(p.slots))
	case want.Fraction > 0 && n == 1:
		share = want.Fraction
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	chosen := p.choose(usual, n, share)
	if chosen == nil {
		return s, true, nil
	}
	s.share = share
	for _, i := range chosen {
		p.free[i] -= share
		s.gpus = append(s.gpus, p.gpus[i])
	}
	return s, false, nil
}

// usual are the GPUs of a slot when all slots are alike: several where there are more GPUs than slots, else one that it shares.
func (p *pool) usual(slot int) []int {
	n := len(p.gpus)
	if n < p.slots {
		return []int{slot % n}
	}
	var out []int
	for i := slot * n / p.slots; i < (slot+1)*n/p.slots; i++ {
		out = append(out, i)
	}
	return out
}

// choose finds n GPUs of which the share is free, in their order: the usual ones if possible, else those with the least to spare, so
// that whole ones stay whole. Nil: there are not so many.
func (p *pool) choose(usual []int, n int, share float64) []int {
	var fit []int
	for i, f := range p.free {
		if f >= share-crumb {
			fit = append(fit, i)
		}
	}
	if len(fit) < n {
		return nil
	}
	slices.SortStableFunc(fit, func(a, b int) int {
		if x, y := slices.Contains(usual, a), slices.Contains(usual, b); x != y {
			if x {
				return -1
			}
			return 1
		}
		if d := p.free[a] - p.free[b]; math.Abs(d) > crumb {
			return int(math.Copysign(1, d))
		}
		return a - b
	})
	return slices.Sorted(slices.Values(fit[:n]))
}

// leave takes the GPUs of a slot back.
func (p *pool) leave(s slot) slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, g := range p.gpus {
		if slices.ContainsFunc(s.gpus, func(had gpu.Device) bool { return had.ID == g.ID }) {
			p.free[i] = min(1, p.free[i]+s.share)
		}
	}
	if s.gpus != nil {
		close(p.changed)
		p.changed = make(chan struct{})
	}
	s.gpus, s.share = nil, 0
	return s
}
