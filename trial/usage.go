package trial

import "math"

// Usage is what the processes of a trainer took of their machine in an epoch, as far as it was looked at: a short epoch may have none.
type Usage struct {
	Memory    int64   `json:"memory_bytes,omitempty"`     // resident, of all its processes together: the most that was seen
	GPUMemory int64   `json:"gpu_memory_bytes,omitempty"` // of all its GPUs together: the most that was seen; 0: not known, or no GPU
	GPUBusy   float64 `json:"gpu_busy,omitempty"`         // mean share of the time in which its GPUs computed, 0 to 1
	GPUTrials float64 `json:"gpu_trials,omitempty"`       // mean number of trials on its GPUs, itself included; 0: it has no GPU
}

// Valid reports whether the numbers can be.
func (u Usage) Valid() bool {
	return u.Memory >= 0 && u.GPUMemory >= 0 && u.GPUBusy >= 0 && u.GPUBusy <= 1 && u.GPUTrials >= 0 && u.GPUTrials <= math.MaxInt32
}

// Pace is how long epochs took.
type Pace struct {
	Epochs  int     `json:"epochs"`
	Seconds float64 `json:"seconds"` // of all of them
}

// PerEpoch is the mean time of one; 0 without any.
func (p Pace) PerEpoch() float64 {
	if p.Epochs == 0 {
		return 0
	}
	return p.Seconds / float64(p.Epochs)
}

// UsageSum is what all epochs of a trial took: the most of memory, and means over the time for the rest.
type UsageSum struct {
	Usage
	Alone  Pace // epochs that had their GPUs to themselves
	Shared Pace // epochs beside other trials
}

// alone is how many trials may have been on a GPU on average for an epoch to count as undisturbed.
const alone = 1.05

// add takes an epoch of so many seconds.
func (s *UsageSum) add(u Usage, seconds float64) {
	s.Memory, s.GPUMemory = max(s.Memory, u.Memory), max(s.GPUMemory, u.GPUMemory)
	if u.GPUTrials == 0 {
		return
	}
	before := s.Alone.Seconds + s.Shared.Seconds
	pace := &s.Alone
	if u.GPUTrials > alone {
		pace = &s.Shared
	}
	pace.Epochs++
	pace.Seconds += seconds
	if all := before + seconds; all > 0 {
		s.GPUBusy += (u.GPUBusy - s.GPUBusy) * seconds / all
		s.GPUTrials += (u.GPUTrials - s.GPUTrials) * seconds / all
	}
}

// Slowdown is how much longer an epoch took beside other trials than alone; 0 where the trial has not had both.
func (s UsageSum) Slowdown() float64 {
	if s.Alone.PerEpoch() == 0 {
		return 0
	}
	return s.Shared.PerEpoch() / s.Alone.PerEpoch()
}
