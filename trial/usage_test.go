package trial

import (
	"math"
	"testing"
)

func TestUsageSum(t *testing.T) {
	var s UsageSum
	s.add(Usage{Memory: 5}, 9) // no GPU, or not looked at
	if s.Slowdown() != 0 || s.Alone.Epochs != 0 || s.Memory != 5 {
		t.Errorf("without a GPU: %+v", s)
	}
	s.add(Usage{Memory: 3, GPUMemory: 7, GPUBusy: 0.5, GPUTrials: 1}, 2)
	s.add(Usage{Memory: 9, GPUMemory: 6, GPUBusy: 0.9, GPUTrials: 2}, 3)
	s.add(Usage{GPUBusy: 0.9, GPUTrials: 2}, 3)
	if s.Memory != 9 || s.GPUMemory != 7 || math.Abs(s.GPUBusy-0.8) > 1e-12 || math.Abs(s.GPUTrials-1.75) > 1e-12 {
		t.Errorf("together %+v", s)
	}
	if s.Alone != (Pace{1, 2}) || s.Shared != (Pace{2, 6}) || s.Slowdown() != 1.5 {
		t.Errorf("paces %+v, slowed down %v", s, s.Slowdown())
	}
	for _, bad := range []Usage{{Memory: -1}, {GPUBusy: 1.1}, {GPUBusy: math.NaN()}, {GPUTrials: math.Inf(1)}} {
		if bad.Valid() {
			t.Errorf("%+v is valid", bad)
		}
	}
}
