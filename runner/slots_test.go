package runner

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"automl/runner/gpu"
	"automl/trial"
)

// gpus are so many, of 1000 bytes each.
func gpus(n int) []gpu.Device {
	var out []gpu.Device
	for i := range n {
		out = append(out, gpu.Device{ID: fmt.Sprint(i), Memory: 1000})
	}
	return out
}

// TestSlotsAlike is what slots get whose trials do not say what they need.
func TestSlotsAlike(t *testing.T) {
	for _, tt := range []struct {
		slots, threads, gpus int
		want                 string
	}{
		{2, 8, 0, "[] 0 4, [] 0 4"},
		{3, 2, 0, "[] 0 1, [] 0 1, [] 0 1"},
		{2, 8, 2, "[0] 1 4, [1] 1 4"},
		{2, 8, 5, "[0 1] 1 4, [2 3 4] 1 4"},
		{4, 8, 2, "[0] 0.5 2, [1] 0.5 2, [0] 0.5 2, [1] 0.5 2"},
	} {
		p := newPool(tt.slots, gpus(tt.gpus))
		var got []string
		for _, s := range makeSlots(tt.slots, tt.threads, nil) {
			s, later, err := p.seat(s, trial.Resources{})
			if later || err != nil {
				t.Errorf("%+v: slot %d waits: %v, %v", tt, s.number, later, err)
			}
			got = append(got, fmt.Sprint(s.ids(), s.share, s.threads))
		}
		if all := strings.Join(got, ", "); all != tt.want {
			t.Errorf("%+v: %s", tt, all)
		}
		if full, _ := p.full(); full != (tt.gpus > 0) {
			t.Errorf("%+v: full is %v", tt, full)
		}
	}
}

func TestPinnedSlots(t *testing.T) {
	for _, tt := range []struct {
		slots int
		want  string
	}{{1, "[1 3 5 7 9] 5"}, {2, "[1 3] 2, [5 7 9] 3"}, {6, "[] 1, [] 1, [] 1, [] 1, [] 1, [] 1"}} {
		var got []string
		for _, s := range makeSlots(tt.slots, 5, []int{1, 3, 5, 7, 9}) {
			got = append(got, fmt.Sprint(s.cores, s.threads))
		}
		if all := strings.Join(got, ", "); all != tt.want {
			t.Errorf("%d slots: %s", tt.slots, all)
		}
	}
}

func TestSeats(t *testing.T) {
	p := newPool(4, gpus(2))
	taken := map[string]slot{}
	step := func(name string, number, want int, fraction float64, expect string) {
		t.Helper()
		s, later, err := p.seat(slot{number: number}, trial.Resources{GPUs: want, Fraction: fraction})
		got := fmt.Sprint(s.ids(), s.share, s.memory())
		switch {
		case err != nil:
			got = err.Error()
		case later:
			got = "later"
		default:
			taken[name] = s
		}
		if got != expect {
			t.Errorf("%s: %s, want %s", name, got, expect)
		}
	}
	step("too many", 0, 3, 0, "it wants 3 GPUs a trial and this runner has 2")
	step("a third", 0, 1, 1./3, "[0] 0.3333333333333333 333")
	step("a whole one leaves the broken one alone", 2, 1, 0, "[1] 1 1000")
	step("another third", 1, 1, 1./3, "[0] 0.3333333333333333 333")
	step("two", 3, 2, 0, "later")
	step("two fifths", 3, 1, 0.4, "later")
	step("the last third", 3, 1, 1./3, "[0] 0.3333333333333333 333")
	full, changed := p.full()
	if !full {
		t.Error("something is free")
	}
	for name, s := range taken {
		if s = p.leave(s); s.gpus != nil || s.share != 0 {
			t.Errorf("%s keeps %+v", name, s)
		}
	}
	receive(t, changed)
	step("two", 0, 2, 0, "[0 1] 1 1000")
}

func TestTrialsShareAGPU(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config, q *fakeQueue) {
		c.Slots, c.GPUs = 3, []gpu.Device{{ID: "0", Memory: 8 << 30}}
		q.reply = nil // so that they wait for the answer to their report
	})
	half := func(number int) trial.Assignment {
		a := order(1, at(0, 0), at(0, 1), "env=CUDA_VISIBLE_DEVICES", "env=AUTOML_GPU_SHARE", "env=AUTOML_GPU_MEMORY", "report=1")
		a.Trial, a.Resources = number, trial.Resources{GPUs: 1, Fraction: 0.5}
		return a
	}
	big := half(3)
	big.Resources.Fraction = 0.75
	b.queue.work <- half(1)
	for receive(t, b.queue.sent).Key.Trial != 1 {
	}
	if got := receive(t, b.queue.settled); got != "ack" {
		t.Errorf("the first half: %s", got)
	}
	b.queue.work <- big
	if got := receive(t, b.queue.settled); got != "nak later" {
		t.Errorf("three quarters beside a half: %s", got)
	}
	b.queue.work <- half(2)
	if got := receive(t, b.queue.settled); got != "ack" {
		t.Errorf("the other half: %s", got)
	}
	b.queue.work <- half(4)                       // there is a slot, but nothing left of the GPU: it is not taken
	for receive(t, b.queue.sent).Key.Trial != 2 { // what nobody has answered is sent again
	}
	if len(b.queue.work) != 1 {
		t.Error("work was taken that has no room")
	}
	b.queue.set(func() { b.queue.reply = receipt })
	b.queue.answers <- trial.Outbound{Key: half(1).Key(), N: 1}
	b.finish(half(4).Key())
	b.queue.answers <- trial.Outbound{Key: half(2).Key(), N: 1}
	b.drained()
	data, err := os.ReadFile(LogPath(b.cfg.Dir, half(4).Key()))
	if want := "CUDA_VISIBLE_DEVICES=0;\nAUTOML_GPU_SHARE=0.5;\nAUTOML_GPU_MEMORY=4294967296;\n"; string(data) != want || err != nil {
		t.Errorf("printed %q, %v", data, err)
	}
}

// Work that another runner shall do comes back after pauses that differ, or two runners would each be given the other's for ever.
func TestApart(t *testing.T) {
	if low, high := apart(0), apart(0.999); low < elsewhereDelay/4 || high-low < elsewhereDelay/2 || high > 2*elsewhereDelay {
		t.Errorf("from %v to %v", low, high)
	}
}
